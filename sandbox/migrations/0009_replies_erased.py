"""When the words of a reply were erased, and why: its page says it where nothing stands any more."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("sandbox", "0008_log_erased")]

    operations = [
        migrations.AddField(
            model_name="pendingresponse",
            name="erased_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="words erased"),
        ),
        migrations.AddField(
            model_name="pendingresponse",
            name="erased_for",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "The words of this reply were erased"),
                    ("request", "The words of this reply were erased at the client's request"),
                    ("age", "The words of this reply were erased because of their age"),
                ],
                db_default="",
                default="",
                editable=False,
                max_length=8,
                verbose_name="words erased because",
            ),
        ),
    ]
