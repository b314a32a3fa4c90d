"""Who was erased, and how far the sweeps of retention have come."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("hub", "0011_logins_for_groups"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Erasure",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("person_id", models.BigIntegerField(verbose_name="Telegram id")),
                ("until", models.DateTimeField(verbose_name="what was said until")),
                (
                    "request",
                    models.CharField(
                        help_text="How and when it came, for example “letter of 12 May”. Without names.",
                        max_length=500,
                        verbose_name="the request",
                    ),
                ),
                ("actor_name", models.CharField(max_length=150, verbose_name="who")),
                (
                    "state",
                    models.CharField(
                        choices=[("running", "running"), ("finished", "finished")],
                        default="running",
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                (
                    "names",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), default=list, editable=False, size=None
                    ),
                ),
                (
                    "chats",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, editable=False, size=None
                    ),
                ),
                (
                    "steps_done",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32), default=list, editable=False, size=None
                    ),
                ),
                ("counts", models.JSONField(default=dict, verbose_name="how much")),
                (
                    "error",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="last error"),
                ),
                ("began_at", models.DateTimeField(auto_now_add=True, verbose_name="began")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                (
                    "actor_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
            ],
            options={
                "verbose_name": "erasure",
                "verbose_name_plural": "erasures",
                "db_table": "erasures",
                "ordering": ["-id"],
                "permissions": [
                    ("export_person", "Can download everything about a person"),
                    ("erase_person", "Can erase a person"),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="erasure",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "running")), fields=("person_id",), name="erasures_one_at_a_time"
            ),
        ),
        migrations.CreateModel(
            name="RetentionState",
            fields=[
                ("name", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("place", models.DateTimeField(null=True)),
                ("newest_import", models.BigIntegerField(default=0)),
            ],
            options={"db_table": "retention_states"},
        ),
    ]
