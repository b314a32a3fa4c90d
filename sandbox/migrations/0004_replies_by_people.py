"""Replies that people write; and what finds the open replies of a chat, and who approved what was sent."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('api', '0003_webhooks'),
        ('messaging', '0011_corrections_in_the_feed'),
        ('sandbox', '0003_immutable_log_and_reasons'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='pendingresponse',
            name='requested_by_user',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='account'),
        ),
        migrations.AlterField(
            model_name='sandboxsettings',
            name='four_eyes',
            field=models.BooleanField(default=False, help_text='Whoever wrote a reply, or owns the key that proposed it, cannot approve it.', verbose_name='four eyes'),
        ),
        migrations.AddIndex(
            model_name='pendingresponse',
            index=models.Index(condition=models.Q(('telegram_message_id__isnull', False)), fields=['chat', 'telegram_message_id'], name='pending_responses_sent_as'),
        ),
        migrations.AddIndex(
            model_name='pendingresponse',
            index=models.Index(condition=models.Q(('status__in', ['pending', 'approved', 'sending', 'unknown'])), fields=['chat'], name='pending_responses_open'),
        ),
    ]
