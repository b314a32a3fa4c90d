"""Counts of what messages meant, by time and role, kept in the transaction of the rows.

As with the counts of messages (messaging's 0009): statements append what they changed, now and then all of
that is folded into a tree of quarters, here into local days as well. The locks are the same.
"""

from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# Advisory locks: COUNTING is that of messaging's 0009.
COUNTING = 1 << 59
FOLDING = COUNTING + 2
FOLD_EVERY = 128
TOP_LEVEL = 8

INTENTS = ("order", "question", "interest", "complaint", "confirmation", "broadcast", "other")
SENTIMENTS = ("positive", "neutral", "negative")
LABELS = [("intent", label) for label in INTENTS] + [("sentiment", label) for label in SENTIMENTS]
# The columns of all labels; their sums; what an upsert makes of them; analyses counted into them.
NAMES = ", ".join(f"{kind}_{label}" for kind, label in LABELS)
SUMS = ", ".join(f"sum({kind}_{label})::integer" for kind, label in LABELS)
ADDED = ", ".join(f"{kind}_{label} = stands.{kind}_{label} + EXCLUDED.{kind}_{label}" for kind, label in LABELS)
COUNTED = ", ".join(f"coalesce(sum(sign) FILTER (WHERE {kind} = '{label}'), 0)" for kind, label in LABELS)


def note(meant: str) -> str:
    """SQL that appends to the changes what these rows (moment, user_id, intent, sentiment, sign) say."""
    return f"""
    INSERT INTO analysis_count_changes (bucket, role_id, {NAMES})
    SELECT quarter_of(moment), coalesce(users.role_id, 0), {COUNTED}
      FROM ({meant}) AS meant (moment, user_id, intent, sentiment, sign)
      LEFT JOIN users ON users.id = meant.user_id
     GROUP BY 1, 2;
"""  # noqa: S608  (constants)


TRUTH = f"""
CREATE VIEW analysis_counts_truth AS
    SELECT quarter_of(messages.timestamp) AS bucket, coalesce(users.role_id, 0) AS role_id,
           {", ".join(f"count(*) FILTER (WHERE {kind} = '{label}') AS {kind}_{label}" for kind, label in LABELS)}
      FROM message_analysis
      JOIN messages ON messages.id = message_analysis.message_id
      LEFT JOIN users ON users.id = messages.user_id
     GROUP BY 1, 2;
"""

FOLD = f"""
CREATE FUNCTION analysis_date(bucket integer, time_zone text) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (to_timestamp(bucket::float8 * 900) AT TIME ZONE time_zone)::date;

CREATE FUNCTION analysis_counts_fold() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock({FOLDING}) THEN
        RETURN;
    END IF;
    WITH taken AS (
        DELETE FROM analysis_count_changes RETURNING *
    ), days AS (
        INSERT INTO analysis_days AS stands (date, role_id, {NAMES})
        SELECT analysis_date(bucket, time_zone), role_id, {SUMS}
          FROM taken CROSS JOIN analysis_calendar
         GROUP BY 1, 2
        ON CONFLICT (date, role_id) DO UPDATE SET {ADDED}
    )
    INSERT INTO analysis_counts AS stands (level, bucket, role_id, {NAMES})
    SELECT level, bucket >> (2 * level), role_id, {SUMS}
      FROM taken CROSS JOIN generate_series(0, {TOP_LEVEL}) AS level
     GROUP BY 1, 2, 3
    ON CONFLICT (level, bucket, role_id) DO UPDATE SET {ADDED};
END $$;
CREATE FUNCTION analysis_counts_fold_now_and_then() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM fresh WHERE id % {FOLD_EVERY} = 0) THEN
        PERFORM analysis_counts_fold();
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER analysis_count_changes_fold AFTER INSERT ON analysis_count_changes
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION analysis_counts_fold_now_and_then();
"""

REBUILD = f"""
CREATE FUNCTION analysis_days_rebuild(new_time_zone text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({FOLDING});
    DELETE FROM analysis_calendar;
    DELETE FROM analysis_days;
    INSERT INTO analysis_calendar (time_zone) VALUES (new_time_zone);
    INSERT INTO analysis_days (date, role_id, {NAMES})
    SELECT analysis_date(bucket, new_time_zone), role_id, {SUMS}
      FROM analysis_counts WHERE level = 0 GROUP BY 1, 2;
END $$;
CREATE FUNCTION analysis_counts_rebuild(new_time_zone text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({COUNTING});
    PERFORM pg_advisory_xact_lock({FOLDING});
    DELETE FROM analysis_count_changes;
    DELETE FROM analysis_counts;
    INSERT INTO analysis_counts (level, bucket, role_id, {NAMES})
    SELECT 0, bucket, role_id, {NAMES} FROM analysis_counts_truth;
    INSERT INTO analysis_counts (level, bucket, role_id, {NAMES})
    SELECT above.level, bucket >> (2 * above.level), role_id, {SUMS}
      FROM analysis_counts CROSS JOIN generate_series(1, {TOP_LEVEL}) AS above (level)
     GROUP BY 1, 2, 3;
    PERFORM analysis_days_rebuild(new_time_zone);
END $$;
"""

ANALYSES = f"""
CREATE FUNCTION analysis_counts_add() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({COUNTING});
    {note('''
        SELECT messages.timestamp, messages.user_id, fresh.intent, fresh.sentiment, 1
          FROM fresh JOIN messages ON messages.id = fresh.message_id
    ''')}
    RETURN NULL;
END $$;
CREATE TRIGGER message_analysis_count_added AFTER INSERT ON message_analysis
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION analysis_counts_add();

-- Where its message was deleted first, that took the analysis out of the counts.
CREATE FUNCTION analysis_counts_subtract() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({COUNTING});
    {note('''
        SELECT messages.timestamp, messages.user_id, gone.intent, gone.sentiment, -1
          FROM gone JOIN messages ON messages.id = gone.message_id
    ''')}
    RETURN NULL;
END $$;
CREATE TRIGGER message_analysis_count_deleted AFTER DELETE ON message_analysis
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION analysis_counts_subtract();

CREATE FUNCTION analysis_counts_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({COUNTING});
    {note('''
        SELECT messages.timestamp, messages.user_id, side.intent, side.sentiment, side.sign
          FROM (VALUES (OLD.message_id, OLD.intent, OLD.sentiment, -1),
                       (NEW.message_id, NEW.intent, NEW.sentiment, 1))
               AS side (message_id, intent, sentiment, sign)
          JOIN messages ON messages.id = side.message_id
    ''')}
    RETURN NULL;
END $$;
CREATE TRIGGER message_analysis_count_changed
    AFTER UPDATE OF message_id, intent, sentiment ON message_analysis FOR EACH ROW
    WHEN ((OLD.message_id, OLD.intent, OLD.sentiment)
        IS DISTINCT FROM (NEW.message_id, NEW.intent, NEW.sentiment))
    EXECUTE FUNCTION analysis_counts_change();
"""

MESSAGES = f"""
CREATE FUNCTION analysis_counts_lose_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({COUNTING});
    {note('''
        SELECT gone.timestamp, gone.user_id, message_analysis.intent, message_analysis.sentiment, -1
          FROM gone JOIN message_analysis ON message_analysis.message_id = gone.id
    ''')}
    RETURN NULL;
END $$;
CREATE TRIGGER messages_analysis_count_deleted AFTER DELETE ON messages
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION analysis_counts_lose_messages();

CREATE FUNCTION analysis_counts_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({COUNTING});
    {note('''
        SELECT side.moment, side.user_id, message_analysis.intent, message_analysis.sentiment, side.sign
          FROM message_analysis
         CROSS JOIN (VALUES (OLD.timestamp, OLD.user_id, -1), (NEW.timestamp, NEW.user_id, 1))
               AS side (moment, user_id, sign)
         WHERE message_analysis.message_id = NEW.id
    ''')}
    RETURN NULL;
END $$;
CREATE TRIGGER messages_analysis_count_moved AFTER UPDATE OF timestamp, user_id ON messages FOR EACH ROW
    WHEN ((OLD.timestamp, OLD.user_id) IS DISTINCT FROM (NEW.timestamp, NEW.user_id))
    EXECUTE FUNCTION analysis_counts_move();

CREATE FUNCTION analysis_counts_change_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({COUNTING});
    INSERT INTO analysis_count_changes (bucket, role_id, {NAMES})
    SELECT quarter_of(messages.timestamp), side.role_id, {COUNTED}
      FROM messages
      JOIN message_analysis ON message_analysis.message_id = messages.id
     CROSS JOIN (VALUES (OLD.role_id, -1), (NEW.role_id, 1)) AS side (role_id, sign)
     WHERE messages.user_id = NEW.id
     GROUP BY 1, 2;
    RETURN NULL;
END $$;
CREATE TRIGGER users_count_analyses_of_role AFTER UPDATE OF role_id ON users FOR EACH ROW
    WHEN (OLD.role_id IS DISTINCT FROM NEW.role_id)
    EXECUTE FUNCTION analysis_counts_change_role();
"""

FORWARD = "".join([TRUTH, FOLD, REBUILD, ANALYSES, MESSAGES])
BACKWARD = """
DROP TRIGGER users_count_analyses_of_role ON users;
DROP TRIGGER messages_analysis_count_moved ON messages;
DROP TRIGGER messages_analysis_count_deleted ON messages;
DROP TRIGGER message_analysis_count_changed ON message_analysis;
DROP TRIGGER message_analysis_count_deleted ON message_analysis;
DROP TRIGGER message_analysis_count_added ON message_analysis;
DROP TRIGGER analysis_count_changes_fold ON analysis_count_changes;
DROP FUNCTION analysis_counts_change_role, analysis_counts_move, analysis_counts_lose_messages,
    analysis_counts_change, analysis_counts_subtract, analysis_counts_add, analysis_counts_rebuild,
    analysis_days_rebuild, analysis_counts_fold_now_and_then, analysis_counts_fold, analysis_date;
DROP VIEW analysis_counts_truth;
"""


def count_what_stands(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute("SELECT analysis_counts_rebuild(%s)", [settings.TIME_ZONE])


class Migration(migrations.Migration):
    dependencies = [("intents", "0003_starting_patterns"), ("messaging", "0009_message_counts")]
    operations = [
        migrations.CreateModel(
            name='AnalysisCalendar',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('time_zone', models.CharField(max_length=64)),
            ],
            options={
                'db_table': 'analysis_calendar',
            },
        ),
        migrations.CreateModel(
            name='AnalysisCount',
            fields=[
                ('intent_order', models.IntegerField()),
                ('intent_question', models.IntegerField()),
                ('intent_interest', models.IntegerField()),
                ('intent_complaint', models.IntegerField()),
                ('intent_confirmation', models.IntegerField()),
                ('intent_broadcast', models.IntegerField()),
                ('intent_other', models.IntegerField()),
                ('sentiment_positive', models.IntegerField()),
                ('sentiment_neutral', models.IntegerField()),
                ('sentiment_negative', models.IntegerField()),
                ('pk', models.CompositePrimaryKey('level', 'bucket', 'role_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('level', models.SmallIntegerField()),
                ('bucket', models.IntegerField()),
                ('role_id', models.BigIntegerField()),
            ],
            options={
                'db_table': 'analysis_counts',
            },
        ),
        migrations.CreateModel(
            name='AnalysisCountChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('intent_order', models.IntegerField()),
                ('intent_question', models.IntegerField()),
                ('intent_interest', models.IntegerField()),
                ('intent_complaint', models.IntegerField()),
                ('intent_confirmation', models.IntegerField()),
                ('intent_broadcast', models.IntegerField()),
                ('intent_other', models.IntegerField()),
                ('sentiment_positive', models.IntegerField()),
                ('sentiment_neutral', models.IntegerField()),
                ('sentiment_negative', models.IntegerField()),
                ('bucket', models.IntegerField()),
                ('role_id', models.BigIntegerField()),
            ],
            options={
                'db_table': 'analysis_count_changes',
            },
        ),
        migrations.CreateModel(
            name='AnalysisDay',
            fields=[
                ('intent_order', models.IntegerField()),
                ('intent_question', models.IntegerField()),
                ('intent_interest', models.IntegerField()),
                ('intent_complaint', models.IntegerField()),
                ('intent_confirmation', models.IntegerField()),
                ('intent_broadcast', models.IntegerField()),
                ('intent_other', models.IntegerField()),
                ('sentiment_positive', models.IntegerField()),
                ('sentiment_neutral', models.IntegerField()),
                ('sentiment_negative', models.IntegerField()),
                ('pk', models.CompositePrimaryKey('date', 'role_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('date', models.DateField()),
                ('role_id', models.BigIntegerField()),
            ],
            options={
                'db_table': 'analysis_days',
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.RunPython(count_what_stands, migrations.RunPython.noop),
    ]
