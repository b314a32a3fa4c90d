"""An erasure goes on within a step: one that takes longer than a worker's turn would begin it again for ever."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("hub", "0013_erasures_for_groups")]

    operations = [
        migrations.AddField(
            model_name="erasure",
            name="place",
            field=models.BigIntegerField(editable=False, null=True),
        ),
    ]
