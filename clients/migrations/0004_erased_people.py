"""Who was erased at their own request, and until when."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("clients", "0003_first_seen_index")]

    operations = [
        migrations.AddField(
            model_name="telegramuser",
            name="erased_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="erased"),
        ),
        migrations.AddIndex(
            model_name="telegramuser",
            index=models.Index(
                condition=models.Q(("erased_at__isnull", False)), fields=["id"], name="users_erased"
            ),
        ),
    ]
