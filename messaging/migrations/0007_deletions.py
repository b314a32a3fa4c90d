"""Deletions of messages; when a chat and a version were last seen so.

A deletion is a change that readers follow (`changed_xid`), like an edit.
"""

from django.db import migrations, models

_TRIGGER = """
DROP TRIGGER messages_note_change ON messages;
CREATE TRIGGER messages_note_change
    BEFORE UPDATE ON messages FOR EACH ROW
    WHEN ((OLD.text, OLD.message_type, OLD.media, OLD.transcript, OLD.chat_id, OLD.user_id{old})
        IS DISTINCT FROM
        (NEW.text, NEW.message_type, NEW.media, NEW.transcript, NEW.chat_id, NEW.user_id{new}))
    EXECUTE FUNCTION messages_note_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0006_history_imports'),
    ]

    operations = [
        migrations.AddField(
            model_name='chat',
            name='seen_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='messageversion',
            name='seen_until',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='message',
            name='message_type',
            field=models.CharField(choices=[('text', 'text'), ('photo', 'photo'), ('video', 'video'), ('video_note', 'video note'), ('voice', 'voice'), ('audio', 'audio'), ('document', 'document'), ('sticker', 'sticker'), ('animation', 'animation'), ('location', 'location'), ('venue', 'venue'), ('contact', 'contact'), ('poll', 'poll'), ('dice', 'dice'), ('checklist', 'checklist'), ('story', 'story'), ('paid_media', 'paid media'), ('game', 'game'), ('invoice', 'invoice'), ('service', 'service message'), ('unknown', 'of an unknown kind')], default='text', max_length=16, verbose_name='type'),
        ),
        migrations.CreateModel(
            name='MessageDeletion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('chat_id', models.BigIntegerField(verbose_name='chat')),
                ('business_connection_id', models.CharField(max_length=128, verbose_name='business connection')),
                ('telegram_message_id', models.BigIntegerField(verbose_name='message id')),
                ('deleted_at', models.DateTimeField(verbose_name='deleted')),
            ],
            options={
                'verbose_name': 'deletion',
                'verbose_name_plural': 'deletions',
                'db_table': 'message_deletions',
                'ordering': ['-deleted_at', '-id'],
                'constraints': [models.UniqueConstraint(fields=('chat_id', 'telegram_message_id', 'business_connection_id'), name='message_deletions_once')],
            },
        ),
        migrations.RunSQL("UPDATE chats SET seen_at = last_message_at", migrations.RunSQL.noop),
        migrations.RunSQL(
            _TRIGGER.format(old=", OLD.deleted_at", new=", NEW.deleted_at"), _TRIGGER.format(old="", new="")
        ),
    ]
