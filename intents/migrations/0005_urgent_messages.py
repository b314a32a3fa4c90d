"""Urgent messages by chat and time; kept by the database, so that whoever writes an analysis need not know."""

from django.db import migrations, models

FORWARD = """
CREATE FUNCTION urgent_messages_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' AND NEW.is_urgent THEN
        INSERT INTO urgent_messages (message_id, chat_id, said_at)
        SELECT id, chat_id, timestamp FROM messages WHERE id = NEW.message_id
        ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM urgent_messages WHERE message_id = OLD.message_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER urgent_messages_added AFTER INSERT ON message_analysis FOR EACH ROW
    WHEN (NEW.is_urgent) EXECUTE FUNCTION urgent_messages_follow();
CREATE TRIGGER urgent_messages_changed AFTER UPDATE OF is_urgent ON message_analysis FOR EACH ROW
    WHEN (OLD.is_urgent IS DISTINCT FROM NEW.is_urgent) EXECUTE FUNCTION urgent_messages_follow();
CREATE TRIGGER urgent_messages_removed AFTER DELETE ON message_analysis FOR EACH ROW
    WHEN (OLD.is_urgent) EXECUTE FUNCTION urgent_messages_follow();

CREATE FUNCTION urgent_messages_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE urgent_messages SET chat_id = NEW.chat_id, said_at = NEW.timestamp WHERE message_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER urgent_messages_moved AFTER UPDATE OF timestamp, chat_id ON messages FOR EACH ROW
    WHEN ((OLD.timestamp, OLD.chat_id) IS DISTINCT FROM (NEW.timestamp, NEW.chat_id))
    EXECUTE FUNCTION urgent_messages_move();

INSERT INTO urgent_messages (message_id, chat_id, said_at)
SELECT messages.id, messages.chat_id, messages.timestamp
  FROM message_analysis JOIN messages ON messages.id = message_analysis.message_id
 WHERE message_analysis.is_urgent;
"""
BACKWARD = """
DROP TRIGGER urgent_messages_moved ON messages;
DROP TRIGGER urgent_messages_removed ON message_analysis;
DROP TRIGGER urgent_messages_changed ON message_analysis;
DROP TRIGGER urgent_messages_added ON message_analysis;
DROP FUNCTION urgent_messages_move, urgent_messages_follow;
"""


class Migration(migrations.Migration):
    dependencies = [("intents", "0004_analysis_counts")]
    operations = [
        migrations.CreateModel(
            name="UrgentMessage",
            fields=[
                ("message_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("chat_id", models.BigIntegerField()),
                ("said_at", models.DateTimeField()),
            ],
            options={
                "db_table": "urgent_messages",
                "indexes": [
                    models.Index(fields=["chat_id", "said_at", "message_id"], name="urgent_messages_chat"),
                    models.Index(fields=["said_at", "message_id"], name="urgent_messages_said_at"),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
