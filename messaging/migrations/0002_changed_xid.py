"""Which transaction last changed a message, kept by the database.

A reader who follows changes takes only rows of transactions older than every running one
(`pg_snapshot_xmin`), so a row that commits late is never skipped.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION messages_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
CREATE TRIGGER messages_note_insert
    BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION messages_note_change();
CREATE TRIGGER messages_note_change
    BEFORE UPDATE ON messages FOR EACH ROW
    WHEN ((OLD.text, OLD.message_type, OLD.media, OLD.transcript, OLD.chat_id, OLD.user_id)
        IS DISTINCT FROM (NEW.text, NEW.message_type, NEW.media, NEW.transcript, NEW.chat_id, NEW.user_id))
    EXECUTE FUNCTION messages_note_change();
"""
BACKWARD = """
DROP TRIGGER messages_note_change ON messages;
DROP TRIGGER messages_note_insert ON messages;
DROP FUNCTION messages_note_change();
"""


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
