"""A person's correction of what a message means brings it back in the feed, and makes no draft stale.

`changed_xid` orders the feed; what was said since then is told by `said_xid`, where the two differ.
"""

from django.db import migrations, models


FORWARD = """
CREATE OR REPLACE FUNCTION messages_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := pg_current_xact_id()::text::bigint;
    NEW.said_xid := NULL;
    RETURN NEW;
END $$;
"""
BACKWARD = """
CREATE OR REPLACE FUNCTION messages_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0010_recordings'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='said_xid',
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
