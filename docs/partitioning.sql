-- Messages in partitions by month. When, what it gains and what it costs: scaling.md, "Messages by month".
-- Needs PostgreSQL 15 or newer. With the hub stopped and a backup made:
--
--     psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f docs/partitioning.sql
--     psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -c "SELECT messages_partition('2027-01-01', 24)"
--     psql "$DATABASE_URL" -c "ANALYZE messages"
--
-- and then, on the first day of each month, from cron:
--
--     psql "$DATABASE_URL" -c "SELECT messages_begin_month(current_date)" -c "ANALYZE messages"
--
-- A unique key of a partitioned table must contain the columns by which it is partitioned. So by time there could
-- be no primary key (id), and nothing could refer to a message. Here partitions are ranges of the primary key
-- itself, and each month begins a range of its own: message 202701000000017 was stored in January 2027. What
-- makes a message unique in Telegram stands in two narrow tables, which triggers fill.

-- The first id of a month. A month has room for a thousand million messages.
CREATE FUNCTION messages_first_id(month date) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT (extract(year FROM month) * 100 + extract(month FROM month))::bigint * 1000000000
$$;

CREATE FUNCTION messages_month_table(month date) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format('messages_%s_%s', extract(year FROM month), lpad(extract(month FROM month)::text, 2, '0'))
$$;

-- Make partitions for so many months from the first on, where there are none yet.
CREATE FUNCTION messages_add_months(first date, months integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month date;
BEGIN
    FOR month IN SELECT date_trunc('month', first)::date + make_interval(months => n)
                   FROM generate_series(0, months - 1) AS n LOOP
        IF to_regclass(messages_month_table(month)) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF messages FOR VALUES FROM (%s) TO (%s)',
                messages_month_table(month), messages_first_id(month),
                messages_first_id((month + interval '1 month')::date));
        END IF;
    END LOOP;
END $$;

-- Let new messages be stored in the month of `today`, and see to two years of partitions. Called too late, it
-- leaves what came meanwhile in the month before; called twice, it does nothing.
CREATE FUNCTION messages_begin_month(today date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM messages_add_months(today, 24);
    IF (SELECT last_value FROM messages_id_seq) < messages_first_id(today) THEN
        PERFORM setval('messages_id_seq', messages_first_id(today), false);
    END IF;
END $$;

-- The two keys of a message, as unique constraints had them before.
CREATE FUNCTION messages_keep_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM message_keys WHERE message_id = OLD.id;
        DELETE FROM message_origins WHERE message_id = OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        IF NEW.telegram_message_id IS NOT NULL THEN
            INSERT INTO message_keys
            VALUES (NEW.chat_id, NEW.telegram_message_id, NEW.business_connection_id, NEW.numbered_by, NEW.id);
        END IF;
        IF NEW.origin IS NOT NULL THEN
            INSERT INTO message_origins VALUES (NEW.origin, NEW.id);
        END IF;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION messages_forget_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE message_keys, message_origins;
    RETURN NULL;
END $$;

-- Once. What is there becomes the first partition as it stands, without being copied; `first` is the first month
-- that gets one of its own.
CREATE FUNCTION messages_partition(first date, months integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    referring text[];
    triggers text[];
    indexes text[];
    views text[];
    one record;
    statement text;
    next_id bigint;
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    LOCK TABLE messages IN ACCESS EXCLUSIVE MODE;
    SELECT coalesce(max(id), 0) + 1 INTO next_id FROM messages;
    IF next_id > messages_first_id(first) THEN
        RAISE EXCEPTION 'messages have numbers of % already; begin with a later month', first;
    END IF;

    SELECT array_agg(format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
                            pg_get_constraintdef(oid)))
      INTO referring FROM pg_constraint WHERE confrelid = 'messages'::regclass AND contype = 'f';
    SELECT array_agg(pg_get_triggerdef(oid) ORDER BY tgname)
      INTO triggers FROM pg_trigger WHERE tgrelid = 'messages'::regclass AND NOT tgisinternal;
    SELECT array_agg(pg_get_indexdef(indexrelid))
      INTO indexes FROM pg_index WHERE indrelid = 'messages'::regclass AND NOT indisunique;
    -- A view would go on reading the table that it was made of.
    SELECT array_agg(DISTINCT format('CREATE OR REPLACE VIEW %s AS %s', ev_class::regclass,
                                     pg_get_viewdef(ev_class)))
      INTO views FROM pg_depend JOIN pg_rewrite ON pg_rewrite.oid = objid
     WHERE classid = 'pg_rewrite'::regclass AND refobjid = 'messages'::regclass;

    FOR one IN SELECT conrelid::regclass AS place, conname FROM pg_constraint
                WHERE confrelid = 'messages'::regclass AND contype = 'f' LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one.place, one.conname);
    END LOOP;
    FOR one IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'messages'::regclass AND NOT tgisinternal LOOP
        EXECUTE format('DROP TRIGGER %I ON messages', one.tgname);
    END LOOP;

    CREATE TABLE message_keys AS
        SELECT chat_id, telegram_message_id, business_connection_id, numbered_by, id AS message_id
          FROM messages WHERE telegram_message_id IS NOT NULL;
    ALTER TABLE message_keys
        ADD PRIMARY KEY (chat_id, telegram_message_id, business_connection_id, numbered_by);
    CREATE INDEX ON message_keys (message_id);
    CREATE TABLE message_origins AS SELECT origin, id AS message_id FROM messages WHERE origin IS NOT NULL;
    ALTER TABLE message_origins ADD PRIMARY KEY (origin);
    CREATE INDEX ON message_origins (message_id);

    -- Before PostgreSQL 17 a partition cannot have an identity column.
    ALTER TABLE messages ALTER id DROP IDENTITY;
    EXECUTE format('CREATE SEQUENCE messages_id_seq START %s', next_id);
    ALTER TABLE messages RENAME TO messages_before;
    FOR one IN SELECT indexrelid::regclass AS place, relname, indisprimary, indisunique
                 FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
                WHERE indrelid = 'messages_before'::regclass LOOP
        -- They stay for lookups, under names that leave theirs to the new table's.
        EXECUTE format('ALTER INDEX %s RENAME TO %I', one.place, left(one.relname, 56) || '_before');
    END LOOP;
    CREATE TABLE messages (LIKE messages_before INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE (id);
    ALTER TABLE messages ADD PRIMARY KEY (id);
    ALTER TABLE messages ALTER id SET DEFAULT nextval('messages_id_seq');
    ALTER SEQUENCE messages_id_seq OWNED BY messages.id;
    ALTER TABLE messages ADD FOREIGN KEY (chat_id) REFERENCES chats (id) DEFERRABLE INITIALLY DEFERRED;
    ALTER TABLE messages ADD FOREIGN KEY (user_id) REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED;
    FOREACH statement IN ARRAY indexes LOOP
        EXECUTE statement;
    END LOOP;
    -- By these the hub finds a message that comes again; within a partition they are unique no more than a look-up.
    CREATE INDEX messages_by_key ON messages
        (chat_id, telegram_message_id, business_connection_id, numbered_by);
    CREATE INDEX messages_by_origin ON messages (origin) WHERE origin IS NOT NULL;
    EXECUTE format('ALTER TABLE messages ATTACH PARTITION messages_before FOR VALUES FROM (MINVALUE) TO (%s)',
                   messages_first_id(first));
    PERFORM messages_add_months(first, months);

    FOREACH statement IN ARRAY coalesce(referring, '{}') LOOP
        EXECUTE statement;
    END LOOP;
    FOREACH statement IN ARRAY coalesce(views, '{}') LOOP
        EXECUTE statement;
    END LOOP;
    FOREACH statement IN ARRAY coalesce(triggers, '{}') LOOP
        EXECUTE statement;
    END LOOP;
    CREATE TRIGGER messages_keep_keys_of_new_and_gone AFTER INSERT OR DELETE ON messages
        FOR EACH ROW EXECUTE FUNCTION messages_keep_keys();
    CREATE TRIGGER messages_keep_keys_of_changed
        AFTER UPDATE OF chat_id, telegram_message_id, business_connection_id, numbered_by, origin ON messages
        FOR EACH ROW EXECUTE FUNCTION messages_keep_keys();
    CREATE TRIGGER messages_keep_no_keys AFTER TRUNCATE ON messages EXECUTE FUNCTION messages_forget_keys();
END $$;

-- Delete what was stored in a month, with what is known of it; returns how many messages. Refuses a month of which
-- a person corrected a message: that log is never deleted. Statistics are counted again afterwards
-- (manage.py rebuild_statistics). Files of recordings stay on disk.
CREATE FUNCTION messages_drop_month(month date) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    first bigint := messages_first_id(month);
    beyond bigint := messages_first_id((month + interval '1 month')::date);
    part text := messages_month_table(month);
    gone bigint;
    one record;
BEGIN
    EXECUTE format('LOCK TABLE messages, %I IN ACCESS EXCLUSIVE MODE', part);
    EXECUTE format('SELECT count(*) FROM %I', part) INTO gone;
    IF EXISTS (SELECT FROM analysis_corrections WHERE message_id >= first AND message_id < beyond) THEN
        RAISE EXCEPTION 'people corrected what messages of % mean, and that log is kept', month;
    END IF;
    DELETE FROM transcript_versions USING recordings
     WHERE recording_id = recordings.id AND message_id >= first AND message_id < beyond;
    FOR one IN SELECT conrelid::regclass AS place, attname FROM pg_constraint
                 JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
                WHERE confrelid = 'messages'::regclass AND contype = 'f' AND conparentid = 0 LOOP
        EXECUTE format('DELETE FROM %s WHERE %I >= $1 AND %I < $2', one.place, one.attname, one.attname)
          USING first, beyond;
    END LOOP;
    DELETE FROM message_keys WHERE message_id >= first AND message_id < beyond;
    DELETE FROM message_origins WHERE message_id >= first AND message_id < beyond;
    SET CONSTRAINTS ALL IMMEDIATE;
    EXECUTE format('ALTER TABLE messages DETACH PARTITION %I', part);
    EXECUTE format('DROP TABLE %I', part);
    RETURN gone;
END $$;
