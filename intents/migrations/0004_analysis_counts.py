"""Counts of what messages meant, by time, role, intent and sentiment, kept in the transaction of the rows.

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

TRUTH = """
CREATE VIEW analysis_counts_truth AS
    SELECT quarter_of(messages.timestamp) AS bucket, coalesce(users.role_id, 0) AS role_id,
           message_analysis.intent, message_analysis.sentiment, count(*) AS analyses
      FROM message_analysis
      JOIN messages ON messages.id = message_analysis.message_id
      LEFT JOIN users ON users.id = messages.user_id
     GROUP BY 1, 2, 3, 4;
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
        DELETE FROM analysis_count_changes RETURNING bucket, role_id, intent, sentiment, analyses
    ), days AS (
        INSERT INTO analysis_days AS stands (date, role_id, intent, analyses)
        SELECT analysis_date(bucket, time_zone), role_id, intent, sum(analyses)
          FROM taken CROSS JOIN analysis_calendar
         GROUP BY 1, 2, 3 HAVING sum(analyses) <> 0
        ON CONFLICT (date, role_id, intent) DO UPDATE SET analyses = stands.analyses + EXCLUDED.analyses
    )
    INSERT INTO analysis_counts AS stands (level, bucket, role_id, intent, sentiment, analyses)
    SELECT level, bucket >> (2 * level), role_id, intent, sentiment, sum(analyses)
      FROM taken CROSS JOIN generate_series(0, {TOP_LEVEL}) AS level
     GROUP BY 1, 2, 3, 4, 5 HAVING sum(analyses) <> 0
    ON CONFLICT (level, bucket, role_id, intent, sentiment) DO UPDATE
       SET analyses = stands.analyses + EXCLUDED.analyses;
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
    INSERT INTO analysis_days (date, role_id, intent, analyses)
    SELECT analysis_date(bucket, new_time_zone), role_id, intent, sum(analyses)
      FROM analysis_counts WHERE level = 0 GROUP BY 1, 2, 3;
END $$;
CREATE FUNCTION analysis_counts_rebuild(new_time_zone text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({COUNTING});
    PERFORM pg_advisory_xact_lock({FOLDING});
    DELETE FROM analysis_count_changes;
    DELETE FROM analysis_counts;
    INSERT INTO analysis_counts (level, bucket, role_id, intent, sentiment, analyses)
    SELECT 0, bucket, role_id, intent, sentiment, analyses FROM analysis_counts_truth;
    INSERT INTO analysis_counts (level, bucket, role_id, intent, sentiment, analyses)
    SELECT above.level, bucket >> (2 * above.level), role_id, intent, sentiment, sum(analyses)
      FROM analysis_counts CROSS JOIN generate_series(1, {TOP_LEVEL}) AS above (level)
     GROUP BY 1, 2, 3, 4, 5;
    PERFORM analysis_days_rebuild(new_time_zone);
END $$;
"""

# A deleted message takes its analyses out of the counts itself, whichever of the two is deleted first.
ANALYSES = f"""
CREATE FUNCTION analysis_counts_add() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({COUNTING});
    INSERT INTO analysis_count_changes (bucket, role_id, intent, sentiment, analyses)
    SELECT quarter_of(messages.timestamp), coalesce(users.role_id, 0), fresh.intent, fresh.sentiment, count(*)
      FROM fresh
      JOIN messages ON messages.id = fresh.message_id
      LEFT JOIN users ON users.id = messages.user_id
     GROUP BY 1, 2, 3, 4;
    RETURN NULL;
END $$;
CREATE TRIGGER message_analysis_count_added AFTER INSERT ON message_analysis
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION analysis_counts_add();

CREATE FUNCTION analysis_counts_subtract() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({COUNTING});
    INSERT INTO analysis_count_changes (bucket, role_id, intent, sentiment, analyses)
    SELECT quarter_of(messages.timestamp), coalesce(users.role_id, 0), gone.intent, gone.sentiment, -count(*)
      FROM gone
      JOIN messages ON messages.id = gone.message_id
      LEFT JOIN users ON users.id = messages.user_id
     GROUP BY 1, 2, 3, 4;
    RETURN NULL;
END $$;
CREATE TRIGGER message_analysis_count_deleted AFTER DELETE ON message_analysis
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION analysis_counts_subtract();

CREATE FUNCTION analysis_counts_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({COUNTING});
    INSERT INTO analysis_count_changes (bucket, role_id, intent, sentiment, analyses)
    SELECT quarter_of(messages.timestamp), coalesce(users.role_id, 0), side.intent, side.sentiment, side.analyses
      FROM (VALUES (OLD.message_id, OLD.intent, OLD.sentiment, -1), (NEW.message_id, NEW.intent, NEW.sentiment, 1))
           AS side (message_id, intent, sentiment, analyses)
      JOIN messages ON messages.id = side.message_id
      LEFT JOIN users ON users.id = messages.user_id;
    RETURN NULL;
END $$;
CREATE TRIGGER message_analysis_count_changed
    AFTER UPDATE OF message_id, intent, sentiment ON message_analysis FOR EACH ROW
    WHEN ((OLD.message_id, OLD.intent, OLD.sentiment) IS DISTINCT FROM (NEW.message_id, NEW.intent, NEW.sentiment))
    EXECUTE FUNCTION analysis_counts_change();
"""

MESSAGES = f"""
CREATE FUNCTION analysis_counts_lose_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({COUNTING});
    INSERT INTO analysis_count_changes (bucket, role_id, intent, sentiment, analyses)
    SELECT quarter_of(gone.timestamp), coalesce(users.role_id, 0), intent, sentiment, -count(*)
      FROM gone
      JOIN message_analysis ON message_analysis.message_id = gone.id
      LEFT JOIN users ON users.id = gone.user_id
     GROUP BY 1, 2, 3, 4;
    RETURN NULL;
END $$;
CREATE TRIGGER messages_analysis_count_deleted AFTER DELETE ON messages
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION analysis_counts_lose_messages();

CREATE FUNCTION analysis_counts_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({COUNTING});
    INSERT INTO analysis_count_changes (bucket, role_id, intent, sentiment, analyses)
    SELECT quarter_of(side.timestamp), coalesce(users.role_id, 0), intent, sentiment, side.analyses
      FROM message_analysis
     CROSS JOIN (VALUES (OLD.timestamp, OLD.user_id, -1), (NEW.timestamp, NEW.user_id, 1))
           AS side (timestamp, user_id, analyses)
      LEFT JOIN users ON users.id = side.user_id
     WHERE message_analysis.message_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER messages_analysis_count_moved AFTER UPDATE OF timestamp, user_id ON messages FOR EACH ROW
    WHEN ((OLD.timestamp, OLD.user_id) IS DISTINCT FROM (NEW.timestamp, NEW.user_id))
    EXECUTE FUNCTION analysis_counts_move();

CREATE FUNCTION analysis_counts_change_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({COUNTING});
    WITH meant AS MATERIALIZED (
        SELECT quarter_of(messages.timestamp) AS bucket, intent, sentiment, count(*) AS analyses
          FROM messages JOIN message_analysis ON message_analysis.message_id = messages.id
         WHERE messages.user_id = NEW.id
         GROUP BY 1, 2, 3
    )
    INSERT INTO analysis_count_changes (bucket, role_id, intent, sentiment, analyses)
    SELECT bucket, role_id, intent, sentiment, sign * analyses
      FROM meant, (VALUES (OLD.role_id, -1), (NEW.role_id, 1)) AS side (role_id, sign);
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
                ('pk', models.CompositePrimaryKey('level', 'bucket', 'role_id', 'intent', 'sentiment', blank=True, editable=False, primary_key=True, serialize=False)),
                ('level', models.SmallIntegerField()),
                ('bucket', models.IntegerField()),
                ('role_id', models.BigIntegerField()),
                ('intent', models.CharField(max_length=16)),
                ('sentiment', models.CharField(max_length=16)),
                ('analyses', models.BigIntegerField()),
            ],
            options={
                'db_table': 'analysis_counts',
            },
        ),
        migrations.CreateModel(
            name='AnalysisCountChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('bucket', models.IntegerField()),
                ('role_id', models.BigIntegerField()),
                ('intent', models.CharField(max_length=16)),
                ('sentiment', models.CharField(max_length=16)),
                ('analyses', models.BigIntegerField()),
            ],
            options={
                'db_table': 'analysis_count_changes',
            },
        ),
        migrations.CreateModel(
            name='AnalysisDay',
            fields=[
                ('pk', models.CompositePrimaryKey('date', 'role_id', 'intent', blank=True, editable=False, primary_key=True, serialize=False)),
                ('date', models.DateField()),
                ('role_id', models.BigIntegerField()),
                ('intent', models.CharField(max_length=16)),
                ('analyses', models.BigIntegerField()),
            ],
            options={
                'db_table': 'analysis_days',
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.RunPython(count_what_stands, migrations.RunPython.noop),
    ]
