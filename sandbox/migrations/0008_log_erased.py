"""The log of replies refuses every change but one: words of a reply that went to nobody, to somebody who asked
to be erased, go.

Whoever does that says so for its transaction (sandbox/erasing.py); nothing can be put in their place, and who
decided what and when stays.
"""

from django.db import migrations

_BEFORE = """
CREATE OR REPLACE FUNCTION refuse_to_change_response_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND (NEW.actor_user_id IS NULL OR NEW.actor_user_id IS NOT DISTINCT FROM OLD.actor_user_id)
        AND (NEW.actor_key_id IS NULL OR NEW.actor_key_id IS NOT DISTINCT FROM OLD.actor_key_id)
        AND to_jsonb(NEW) - 'actor_user_id' - 'actor_key_id' = to_jsonb(OLD) - 'actor_user_id' - 'actor_key_id'
    THEN
        RETURN NEW;
    END IF;
"""
_ERASING = """
    IF TG_OP = 'UPDATE' AND current_setting('hub.erasing', true) = 'on'
        AND NEW.text_before IN ('', OLD.text_before) AND NEW.text_after IN ('', OLD.text_after)
        AND NEW.detail IN ('', OLD.detail)
        AND to_jsonb(NEW) - 'text_before' - 'text_after' - 'detail'
            = to_jsonb(OLD) - 'text_before' - 'text_after' - 'detail'
    THEN
        RETURN NEW;
    END IF;
"""
_AFTER = """
    RAISE EXCEPTION 'the log of replies is never changed' USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [("sandbox", "0007_restored_replies")]

    operations = [migrations.RunSQL(_BEFORE + _ERASING + _AFTER, _BEFORE + _AFTER)]
