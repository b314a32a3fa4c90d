"""Messages of people who asked to be erased keep their place and nothing else, whoever writes them.

The hub's own writers know (messaging/ingest.py, messaging/history/storing.py); the trigger is for whatever
else puts rows here, such as a copy from another database.
"""

from django.db import migrations, models

FORWARD = """
CREATE FUNCTION messages_stay_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM users WHERE id = NEW.user_id AND erased_at >= NEW.timestamp) THEN
        NEW.text := '';
        NEW.transcript := '';
        NEW.transcript_state := '';
        NEW.media := '{}';
        NEW.forwarded_from := '';
        NEW.media_group_id := '';
        NEW.erased_at := coalesce(NEW.erased_at, now());
        NEW.erased_for := 'request';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER messages_stay_erased_new BEFORE INSERT ON messages FOR EACH ROW
    WHEN (NEW.user_id IS NOT NULL) EXECUTE FUNCTION messages_stay_erased();
CREATE TRIGGER messages_stay_erased BEFORE UPDATE ON messages FOR EACH ROW
    WHEN (NEW.user_id IS NOT NULL AND (OLD.text, OLD.transcript, OLD.media, OLD.forwarded_from, OLD.user_id)
        IS DISTINCT FROM (NEW.text, NEW.transcript, NEW.media, NEW.forwarded_from, NEW.user_id))
    EXECUTE FUNCTION messages_stay_erased();
"""
BACKWARD = """
DROP TRIGGER messages_stay_erased ON messages;
DROP TRIGGER messages_stay_erased_new ON messages;
DROP FUNCTION messages_stay_erased();
"""


class Migration(migrations.Migration):

    dependencies = [
        ("messaging", "0012_rare_messages_listed"),
        ("clients", "0004_erased_people"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="erased_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="words erased"),
        ),
        migrations.AddField(
            model_name="message",
            name="erased_for",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "not erased"),
                    ("request", "Message erased at its author's request"),
                    ("age", "Message erased because of its age"),
                ],
                db_default="",
                default="",
                editable=False,
                max_length=8,
                verbose_name="words erased because",
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
