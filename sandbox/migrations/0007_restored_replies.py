"""What the log says of a reply that a restore from a backup held back."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sandbox', '0006_replies_of_the_old_hub'),
    ]

    operations = [
        migrations.AlterField(
            model_name='responseevent',
            name='kind',
            field=models.CharField(choices=[('proposed', 'proposed'), ('edited', 'edited'), ('approved', 'approved'), ('rejected', 'rejected'), ('cancelled', 'cancelled'), ('expired', 'expired'), ('claimed', 'sending began'), ('sent', 'sent'), ('deferred', 'put off'), ('failed', 'failed'), ('unknown', 'outcome not known'), ('retried', 'to be sent again'), ('withdrawn', 'withdrawn'), ('scheduled', 'put on another time'), ('marked_sent', 'marked as sent'), ('restored', 'restored from a backup')], max_length=16, verbose_name='what happened'),
        ),
    ]
