"""Lists of what few messages are: voices, polls, what the hub sent or an import brought."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0011_corrections_in_the_feed'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('message_type', 'text'), _negated=True), fields=['message_type', 'timestamp', 'id'], name='messages_rare_types'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('source', 'telegram'), _negated=True), fields=['source', 'timestamp', 'id'], name='messages_rare_sources'),
        ),
    ]
