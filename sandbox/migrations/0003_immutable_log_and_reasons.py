"""The log is written once, by the database's own word; and the reasons that people begin with."""

from django.db import migrations

# A deleted account or key leaves the log (SET NULL); nothing else ever changes in it.
IMMUTABLE_LOG = """
CREATE FUNCTION refuse_to_change_response_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND (NEW.actor_user_id IS NULL OR NEW.actor_user_id IS NOT DISTINCT FROM OLD.actor_user_id)
        AND (NEW.actor_key_id IS NULL OR NEW.actor_key_id IS NOT DISTINCT FROM OLD.actor_key_id)
        AND to_jsonb(NEW) - 'actor_user_id' - 'actor_key_id' = to_jsonb(OLD) - 'actor_user_id' - 'actor_key_id'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the log of replies is never changed' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER pending_response_events_immutable BEFORE UPDATE OR DELETE ON pending_response_events
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_response_log();
"""
MUTABLE_LOG = """
DROP TRIGGER pending_response_events_immutable ON pending_response_events;
DROP FUNCTION refuse_to_change_response_log();
"""
REASONS = [
    "Цена или остаток указаны неверно",
    "Менеджер уже ответил",
    "Не тот тон",
    "Ответ не нужен",
    "Нужно уточнить у клиента",
]


def add_reasons(apps, schema_editor):
    reason = apps.get_model("sandbox", "RejectionReason")
    reason.objects.bulk_create(reason(text=text, place=10 * (n + 1)) for n, text in enumerate(REASONS))


def add_single_rows(apps, schema_editor):
    for name in ("SandboxSettings", "SendingState"):
        apps.get_model("sandbox", name).objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("sandbox", "0002_rules_and_pacing")]

    operations = [
        migrations.RunSQL(IMMUTABLE_LOG, MUTABLE_LOG),
        migrations.RunPython(add_reasons, migrations.RunPython.noop),
        migrations.RunPython(add_single_rows, migrations.RunPython.noop),
    ]
