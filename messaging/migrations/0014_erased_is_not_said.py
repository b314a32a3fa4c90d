"""An erasure brings messages back in the feed, empty, and makes no draft stale: nobody said anything."""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION messages_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := pg_current_xact_id()::text::bigint;
    NEW.said_xid := NULL;
    IF TG_OP = 'UPDATE' AND current_setting('hub.erasing', true) = 'on' THEN
        NEW.said_xid := coalesce(OLD.said_xid, OLD.changed_xid);
    END IF;
    RETURN NEW;
END $$;
"""
BACKWARD = """
CREATE OR REPLACE FUNCTION messages_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := pg_current_xact_id()::text::bigint;
    NEW.said_xid := NULL;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("messaging", "0013_erased_messages")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
