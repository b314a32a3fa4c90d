"""Counts of messages, authors and chats by time and role, kept by the database in the transaction of the rows.

Triggers, because rows come in many ways (INSERT, COPY, upserts, edits by people, cascades) and none may forget.
A statement appends what it changed to `message_count_changes`, so that no two transactions ever wait for one
row of a total. About every hundredth row of these folds them all into the tree `message_counts`, in the
transaction that wrote it; while one transaction folds, others leave it to the next.

A reader adds up a few nodes of the tree, the changes that wait, and the messages of the quarter (15 minutes) in
which its period begins.

Whoever only adds messages holds a lock that adders share. What moves counts that stand (a person's role, a
message's author, chat or time, a deletion) holds it alone until its transaction ends: it looks at all messages
of a person or a chat, and must not miss one that is being stored.
"""

import django.db.models.deletion
from django.db import migrations, models

# Advisory locks; Telegram's ids have 52 bits, those of chats and people begin at 1 << 61 and 1 << 60.
COUNTING = 1 << 59
FOLDING = COUNTING + 1
# How many rows of changes are written between two folds, on average.
FOLD_EVERY = 128
# Levels of 15 minutes, 1 hour, 4 hours … to 4^8 quarters, nearly two years: a reader meets three nodes of each.
TOP_LEVEL = 8

QUARTERS = """
CREATE FUNCTION quarter_of(moment timestamptz) RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE
    RETURN floor(extract(epoch FROM moment) / 900)::integer;
"""

# What the tables must say, from the messages themselves.
TRUTH = """
CREATE VIEW author_activity_truth AS
    SELECT user_id, quarter_of(max(timestamp)) AS newest, count(*) AS messages
      FROM messages WHERE user_id IS NOT NULL GROUP BY user_id;
CREATE VIEW chat_role_activity_truth AS
    SELECT messages.chat_id, coalesce(users.role_id, 0) AS role_id, quarter_of(max(messages.timestamp)) AS newest
      FROM messages LEFT JOIN users ON users.id = messages.user_id
     GROUP BY 1, 2;
CREATE VIEW message_counts_truth AS
    SELECT bucket, role_id, sum(messages)::bigint AS messages, sum(users)::bigint AS users,
           sum(chats)::bigint AS chats
      FROM (
        SELECT quarter_of(messages.timestamp) AS bucket, coalesce(users.role_id, 0) AS role_id,
               count(*) AS messages, 0 AS users, 0 AS chats
          FROM messages LEFT JOIN users ON users.id = messages.user_id
         GROUP BY 1, 2
        UNION ALL
        SELECT newest, role_id, 0, count(*), 0
          FROM author_activity_truth JOIN users ON users.id = user_id
         GROUP BY 1, 2
        UNION ALL
        SELECT newest, role_id, 0, 0, count(*) FROM chat_role_activity_truth GROUP BY 1, 2
      ) AS counted
     GROUP BY 1, 2;
"""

FOLD = f"""
CREATE FUNCTION message_counts_fold() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock({FOLDING}) THEN
        RETURN;
    END IF;
    WITH taken AS (
        DELETE FROM message_count_changes RETURNING bucket, role_id, messages, users, chats
    )
    INSERT INTO message_counts AS stands (level, bucket, role_id, messages, users, chats)
    SELECT level, bucket >> (2 * level), role_id, sum(messages), sum(users), sum(chats)
      FROM taken CROSS JOIN generate_series(0, {TOP_LEVEL}) AS level
     GROUP BY 1, 2, 3
    HAVING sum(messages) <> 0 OR sum(users) <> 0 OR sum(chats) <> 0
    ON CONFLICT (level, bucket, role_id) DO UPDATE
       SET messages = stands.messages + EXCLUDED.messages, users = stands.users + EXCLUDED.users,
           chats = stands.chats + EXCLUDED.chats;
END $$;
CREATE FUNCTION message_counts_fold_now_and_then() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM fresh WHERE id % {FOLD_EVERY} = 0) THEN
        PERFORM message_counts_fold();
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER message_count_changes_fold AFTER INSERT ON message_count_changes
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION message_counts_fold_now_and_then();
"""

REBUILD = f"""
CREATE FUNCTION message_counts_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({COUNTING});
    PERFORM pg_advisory_xact_lock({FOLDING});
    DELETE FROM message_count_changes;
    DELETE FROM message_counts;
    DELETE FROM author_activity;
    DELETE FROM chat_role_activity;
    INSERT INTO author_activity (user_id, newest, messages)
    SELECT user_id, newest, messages FROM author_activity_truth;
    INSERT INTO chat_role_activity (chat_id, role_id, newest)
    SELECT chat_id, role_id, newest FROM chat_role_activity_truth;
    INSERT INTO message_counts (level, bucket, role_id, messages, users, chats)
    SELECT 0, bucket, role_id, messages, users, chats FROM message_counts_truth;
    INSERT INTO message_counts (level, bucket, role_id, messages, users, chats)
    SELECT above.level, bucket >> (2 * above.level), role_id, sum(messages), sum(users), sum(chats)
      FROM message_counts CROSS JOIN generate_series(1, {TOP_LEVEL}) AS above (level)
     GROUP BY 1, 2, 3;
END $$;
"""

# A message that is added can only make something newer.
ADD = f"""
CREATE FUNCTION message_counts_add() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({COUNTING});
    WITH said AS MATERIALIZED (
        SELECT fresh.chat_id, fresh.user_id, quarter_of(fresh.timestamp) AS bucket,
               coalesce(users.role_id, 0) AS role_id
          FROM fresh LEFT JOIN users ON users.id = fresh.user_id
    ), authors AS (
        INSERT INTO author_activity AS stands (user_id, newest, messages)
        SELECT user_id, max(bucket), count(*) FROM said WHERE user_id IS NOT NULL GROUP BY 1 ORDER BY 1
        ON CONFLICT (user_id) DO UPDATE
           SET newest = greatest(stands.newest, EXCLUDED.newest), previous = stands.newest,
               messages = stands.messages + EXCLUDED.messages
        RETURNING user_id, newest, previous
    ), chats AS (
        INSERT INTO chat_role_activity AS stands (chat_id, role_id, newest)
        SELECT chat_id, role_id, bucket
          FROM (SELECT chat_id, role_id, max(bucket) AS bucket FROM said GROUP BY 1, 2) AS latest
         WHERE NOT EXISTS (
            SELECT FROM chat_role_activity AS known
             WHERE known.chat_id = latest.chat_id AND known.role_id = latest.role_id
               AND known.newest >= latest.bucket)
         ORDER BY chat_id, role_id
        ON CONFLICT (chat_id, role_id) DO UPDATE SET newest = EXCLUDED.newest, previous = stands.newest
         WHERE stands.newest < EXCLUDED.newest
        RETURNING role_id, newest, previous
    )
    INSERT INTO message_count_changes (bucket, role_id, messages, users, chats)
    SELECT bucket, role_id, sum(messages), sum(users), sum(chats)
      FROM (
        SELECT bucket, role_id, 1 AS messages, 0 AS users, 0 AS chats FROM said
        UNION ALL
        SELECT moved.bucket, users.role_id, 0, moved.users, 0
          FROM authors JOIN users ON users.id = authors.user_id,
               LATERAL (VALUES (authors.newest, 1), (authors.previous, -1)) AS moved (bucket, users)
        UNION ALL
        SELECT moved.bucket, chats.role_id, 0, 0, moved.chats
          FROM chats,
               LATERAL (VALUES (chats.newest, 1), (chats.previous, -1)) AS moved (bucket, chats)
      ) AS changed
     WHERE bucket IS NOT NULL
     GROUP BY 1, 2
    HAVING sum(messages) <> 0 OR sum(users) <> 0 OR sum(chats) <> 0;
    RETURN NULL;
END $$;
CREATE TRIGGER messages_count_added AFTER INSERT ON messages
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION message_counts_add();
"""

# What is newest is looked up again; the caller holds the lock of counting alone. How many messages there are
# is not: rows of the same statement may yet be added to it.
SETTLE = """
CREATE FUNCTION author_activity_settle(user_ids bigint[]) RETURNS void LANGUAGE sql AS $$
    WITH listed AS MATERIALIZED (
        SELECT id AS user_id, role_id,
               (SELECT newest FROM author_activity WHERE author_activity.user_id = users.id) AS stands,
               (SELECT quarter_of(timestamp) FROM messages WHERE messages.user_id = users.id
                 ORDER BY timestamp DESC LIMIT 1) AS newest
          FROM users WHERE id = ANY (user_ids)
    ), gone AS (
        DELETE FROM author_activity USING listed
         WHERE author_activity.user_id = listed.user_id AND listed.newest IS NULL
    ), kept AS (
        INSERT INTO author_activity (user_id, newest, messages)
        SELECT user_id, newest, 0 FROM listed WHERE newest IS NOT NULL AND newest IS DISTINCT FROM stands
        ON CONFLICT (user_id) DO UPDATE SET newest = EXCLUDED.newest
    )
    INSERT INTO message_count_changes (bucket, role_id, messages, users, chats)
    SELECT moved.bucket, role_id, 0, sum(moved.users), 0
      FROM listed, LATERAL (VALUES (listed.newest, 1), (listed.stands, -1)) AS moved (bucket, users)
     WHERE listed.newest IS DISTINCT FROM listed.stands AND moved.bucket IS NOT NULL
     GROUP BY 1, 2;
$$;
CREATE FUNCTION chat_role_activity_settle(chat_ids bigint[], role_ids bigint[]) RETURNS void LANGUAGE sql AS $$
    WITH listed AS MATERIALIZED (
        SELECT chat_id, role_id,
               (SELECT newest FROM chat_role_activity AS known
                 WHERE known.chat_id = pair.chat_id AND known.role_id = pair.role_id) AS stands,
               (SELECT quarter_of(messages.timestamp)
                  FROM messages LEFT JOIN users ON users.id = messages.user_id
                 WHERE messages.chat_id = pair.chat_id AND coalesce(users.role_id, 0) = pair.role_id
                 ORDER BY messages.timestamp DESC LIMIT 1) AS newest
          FROM (SELECT DISTINCT * FROM unnest(chat_ids, role_ids) AS pairs (chat_id, role_id)) AS pair
    ), gone AS (
        DELETE FROM chat_role_activity AS known USING listed
         WHERE known.chat_id = listed.chat_id AND known.role_id = listed.role_id AND listed.newest IS NULL
    ), kept AS (
        INSERT INTO chat_role_activity (chat_id, role_id, newest)
        SELECT chat_id, role_id, newest FROM listed
         WHERE newest IS NOT NULL AND newest IS DISTINCT FROM stands
        ON CONFLICT (chat_id, role_id) DO UPDATE SET newest = EXCLUDED.newest
    )
    INSERT INTO message_count_changes (bucket, role_id, messages, users, chats)
    SELECT moved.bucket, role_id, 0, 0, sum(moved.chats)
      FROM listed, LATERAL (VALUES (listed.newest, 1), (listed.stands, -1)) AS moved (bucket, chats)
     WHERE listed.newest IS DISTINCT FROM listed.stands AND moved.bucket IS NOT NULL
     GROUP BY 1, 2;
$$;
"""

DELETIONS = f"""
CREATE FUNCTION message_counts_subtract() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM gone) THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock({COUNTING});
    INSERT INTO message_count_changes (bucket, role_id, messages, users, chats)
    SELECT quarter_of(gone.timestamp), coalesce(users.role_id, 0), -count(*), 0, 0
      FROM gone LEFT JOIN users ON users.id = gone.user_id
     GROUP BY 1, 2;
    PERFORM author_activity_settle(ARRAY(SELECT DISTINCT user_id FROM gone WHERE user_id IS NOT NULL));
    UPDATE author_activity SET messages = author_activity.messages - less.messages
      FROM (SELECT user_id, count(*) AS messages FROM gone GROUP BY 1) AS less
     WHERE author_activity.user_id = less.user_id;
    PERFORM chat_role_activity_settle(array_agg(chat_id), array_agg(role_id))
       FROM (SELECT DISTINCT gone.chat_id, coalesce(users.role_id, 0) AS role_id
               FROM gone LEFT JOIN users ON users.id = gone.user_id) AS pair;
    RETURN NULL;
END $$;
CREATE TRIGGER messages_count_deleted AFTER DELETE ON messages
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION message_counts_subtract();
"""

# Rare, so by row: an edit that changes none of this costs one comparison.
MOVES = f"""
CREATE FUNCTION message_counts_move() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_role bigint;
    new_role bigint;
BEGIN
    PERFORM pg_advisory_xact_lock({COUNTING});
    old_role := coalesce((SELECT role_id FROM users WHERE id = OLD.user_id), 0);
    new_role := coalesce((SELECT role_id FROM users WHERE id = NEW.user_id), 0);
    INSERT INTO message_count_changes (bucket, role_id, messages, users, chats)
    VALUES (quarter_of(OLD.timestamp), old_role, -1, 0, 0), (quarter_of(NEW.timestamp), new_role, 1, 0, 0);
    PERFORM author_activity_settle(ARRAY[OLD.user_id, NEW.user_id]);
    IF OLD.user_id IS DISTINCT FROM NEW.user_id THEN
        UPDATE author_activity SET messages = messages - 1 WHERE user_id = OLD.user_id;
        UPDATE author_activity SET messages = messages + 1 WHERE user_id = NEW.user_id;
    END IF;
    PERFORM chat_role_activity_settle(ARRAY[OLD.chat_id, NEW.chat_id], ARRAY[old_role, new_role]);
    RETURN NULL;
END $$;
CREATE TRIGGER messages_count_moved AFTER UPDATE OF timestamp, user_id, chat_id ON messages FOR EACH ROW
    WHEN ((OLD.timestamp, OLD.user_id, OLD.chat_id) IS DISTINCT FROM (NEW.timestamp, NEW.user_id, NEW.chat_id))
    EXECUTE FUNCTION message_counts_move();

CREATE FUNCTION message_counts_change_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock({COUNTING});
    WITH said AS MATERIALIZED (
        SELECT quarter_of(timestamp) AS bucket, count(*) AS messages, 0 AS users
          FROM messages WHERE user_id = NEW.id
         GROUP BY 1
        UNION ALL
        SELECT newest, 0, 1 FROM author_activity WHERE user_id = NEW.id
    )
    INSERT INTO message_count_changes (bucket, role_id, messages, users, chats)
    SELECT bucket, role_id, sign * messages, sign * users, 0
      FROM said, (VALUES (OLD.role_id, -1), (NEW.role_id, 1)) AS side (role_id, sign);
    PERFORM chat_role_activity_settle(array_agg(chat_id), array_agg(role_id))
       FROM (SELECT DISTINCT chat_id FROM messages WHERE user_id = NEW.id) AS talk,
            (VALUES (OLD.role_id), (NEW.role_id)) AS side (role_id);
    RETURN NULL;
END $$;
CREATE TRIGGER users_count_messages_of_role AFTER UPDATE OF role_id ON users FOR EACH ROW
    WHEN (OLD.role_id IS DISTINCT FROM NEW.role_id)
    EXECUTE FUNCTION message_counts_change_role();
"""

# Narrow rows that are updated over and over: room on their pages keeps their indexes out of it.
ROOM = """
ALTER TABLE author_activity SET (fillfactor = 70);
ALTER TABLE chat_role_activity SET (fillfactor = 70);
ALTER TABLE message_counts SET (fillfactor = 80);
"""

FORWARD = "".join([ROOM, QUARTERS, TRUTH, FOLD, REBUILD, ADD, SETTLE, DELETIONS, MOVES])
BACKWARD = """
DROP TRIGGER users_count_messages_of_role ON users;
DROP TRIGGER messages_count_moved ON messages;
DROP TRIGGER messages_count_deleted ON messages;
DROP TRIGGER messages_count_added ON messages;
DROP TRIGGER message_count_changes_fold ON message_count_changes;
DROP FUNCTION message_counts_change_role, message_counts_move, message_counts_subtract,
    message_counts_add, chat_role_activity_settle, author_activity_settle, message_counts_rebuild,
    message_counts_fold_now_and_then, message_counts_fold;
DROP VIEW message_counts_truth, chat_role_activity_truth, author_activity_truth;
DROP FUNCTION quarter_of;
"""


class Migration(migrations.Migration):
    dependencies = [("messaging", "0008_search"), ("clients", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="AuthorActivity",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="activity",
                        serialize=False,
                        to="clients.telegramuser",
                    ),
                ),
                ("messages", models.BigIntegerField()),
                ("newest", models.IntegerField()),
                ("previous", models.IntegerField(null=True)),
            ],
            options={"db_table": "author_activity"},
        ),
        migrations.CreateModel(
            name="ChatRoleActivity",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "chat_id", "role_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("chat_id", models.BigIntegerField()),
                ("role_id", models.BigIntegerField()),
                ("newest", models.IntegerField()),
                ("previous", models.IntegerField(null=True)),
            ],
            options={"db_table": "chat_role_activity"},
        ),
        migrations.CreateModel(
            name="MessageCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "level",
                        "bucket",
                        "role_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("level", models.SmallIntegerField()),
                ("bucket", models.IntegerField()),
                ("role_id", models.BigIntegerField()),
                ("messages", models.BigIntegerField()),
                ("users", models.BigIntegerField()),
                ("chats", models.BigIntegerField()),
            ],
            options={"db_table": "message_counts"},
        ),
        migrations.CreateModel(
            name="MessageCountChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("bucket", models.IntegerField()),
                ("role_id", models.BigIntegerField()),
                ("messages", models.BigIntegerField()),
                ("users", models.BigIntegerField()),
                ("chats", models.BigIntegerField()),
            ],
            options={"db_table": "message_count_changes"},
        ),
        migrations.AddIndex(
            model_name="chat", index=models.Index(fields=["created_at", "id"], name="chats_created")
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.RunSQL("SELECT message_counts_rebuild()", migrations.RunSQL.noop),
    ]
