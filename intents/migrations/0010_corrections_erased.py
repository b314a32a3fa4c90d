"""The log of corrections refuses every change but one: the words of a person who asked to be erased go.

Whoever does that says so for its transaction (intents/erasing.py); nothing can be put in their place.
"""

from django.db import migrations

ERASABLE = """
CREATE OR REPLACE FUNCTION refuse_to_change_corrections() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.actor_user_id IS NULL
        AND to_jsonb(NEW) - 'actor_user_id' = to_jsonb(OLD) - 'actor_user_id'
    THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND current_setting('hub.erasing', true) = 'on'
        AND NEW.text = '' AND NEW.entities = '[]' AND NEW.entities_before = '[]'
        AND to_jsonb(NEW) - 'text' - 'entities' - 'entities_before'
            = to_jsonb(OLD) - 'text' - 'entities' - 'entities_before'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the log of corrections is never changed' USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
IMMUTABLE = """
CREATE OR REPLACE FUNCTION refuse_to_change_corrections() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.actor_user_id IS NULL
        AND to_jsonb(NEW) - 'actor_user_id' = to_jsonb(OLD) - 'actor_user_id'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the log of corrections is never changed' USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [("intents", "0009_rare_analyses_listed")]

    operations = [migrations.RunSQL(ERASABLE, IMMUTABLE)]
