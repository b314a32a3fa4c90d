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
CREATE TRIGGER messages_note_change
    BEFORE INSERT OR UPDATE OF text, message_type, media, edited_at, transcript, chat_id, user_id
    ON messages FOR EACH ROW EXECUTE FUNCTION messages_note_change();
"""
BACKWARD = """
DROP TRIGGER messages_note_change ON messages;
DROP FUNCTION messages_note_change();
"""


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
