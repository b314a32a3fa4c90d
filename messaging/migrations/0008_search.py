"""The words of messages as they were written, and a table of all words for misspelt and foreign ones."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models

import messaging.search.tokens

FUNCTIONS = r"""
-- How a word sounds, roughly: «мондиаль» and "mondial" alike, «эксплорер» and "explorer", «фридом» and "freedom".
CREATE FUNCTION message_word_sound(word text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF word ~ '^[a-z]' THEN
        word := regexp_replace(word, '([^aeiouy])e$', '\1');
        word := regexp_replace(word, 'sch|sh|ch|tz|ts|zh|z', 's', 'g');
        word := regexp_replace(word, 'c(?=[eiy])', 's', 'g');
        word := replace(replace(replace(replace(word, 'ph', 'f'), 'th', 't'), 'ck', 'k'), 'qu', 'kv');
        word := replace(replace(replace(replace(word, 'x', 'ks'), 'oo', 'u'), 'ee', 'i'), 'ea', 'i');
        word := translate(word, 'cqwy', 'kkvi');
    ELSE
        word := translate(replace(word, 'дж', 'j'), 'абвгдежзийклмнопрстуфхцчшщыэюяъь', 'abvgdessiiklmnoprstufhssssieua');
    END IF;
    word := regexp_replace(word, 'i(?=[aeou])', '', 'g');
    RETURN regexp_replace(word, '(.)\1+', '\1', 'g');
END $$;
-- Adds the words that are not there yet; they are looked up one by one, for they nearly always are.
CREATE FUNCTION message_words_add(words text[]) RETURNS void LANGUAGE sql AS $$
    WITH added AS (
        INSERT INTO message_words (word, sound)
        SELECT word, message_word_sound(word)
          FROM (SELECT DISTINCT unnest(words) AS word) fresh
         WHERE length(word) BETWEEN 2 AND 40 AND word !~ '^[0-9]'
           AND (SELECT true FROM message_words known WHERE known.word = fresh.word LIMIT 1) IS NULL
        RETURNING word
    )
    INSERT INTO message_word_variants (variant, word)
    SELECT DISTINCT CASE place WHEN 0 THEN word ELSE left(word, place - 1) || substr(word, place + 1) END, word
      FROM added, generate_series(0, length(word)) place WHERE length(word) >= 5
$$;
CREATE FUNCTION messages_note_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        PERFORM message_words_add(tsvector_to_array(NEW.search_vector));
    ELSE
        PERFORM message_words_add(array(SELECT DISTINCT unnest(tsvector_to_array(search_vector)) FROM fresh));
    END IF;
    RETURN NULL;
END $$;
"""
# Vectors are made again by the new column; the words of what is stored already are taken from them.
TRIGGERS = """
SELECT message_words_add(array_agg(word)) FROM ts_stat('SELECT search_vector FROM messages');
CREATE TRIGGER messages_note_words_of_new
    AFTER INSERT ON messages REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION messages_note_words();
CREATE TRIGGER messages_note_words_of_changed
    AFTER UPDATE ON messages FOR EACH ROW WHEN (OLD.search_vector IS DISTINCT FROM NEW.search_vector)
    EXECUTE FUNCTION messages_note_words();
"""
NO_FUNCTIONS = """
DROP FUNCTION messages_note_words();
DROP FUNCTION message_words_add(text[]);
DROP FUNCTION message_word_sound(text);
"""
NO_TRIGGERS = """
DROP TRIGGER messages_note_words_of_new ON messages;
DROP TRIGGER messages_note_words_of_changed ON messages;
"""


class Migration(migrations.Migration):

    dependencies = [("messaging", "0007_deletions")]

    operations = [
        migrations.CreateModel(
            name="MessageWord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.TextField()),
                ("sound", models.TextField()),
            ],
            options={
                "db_table": "message_words",
                "indexes": [
                    models.Index(fields=["word"], name="message_words_word"),
                    models.Index(fields=["sound"], name="message_words_sound"),
                ],
            },
        ),
        migrations.CreateModel(
            name="MessageWordVariant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("variant", models.TextField()),
                ("word", models.TextField()),
            ],
            options={
                "db_table": "message_word_variants",
                "indexes": [models.Index(fields=["variant", "word"], name="message_word_variants_variant")],
            },
        ),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        migrations.RemoveIndex(model_name="message", name="messages_search"),
        migrations.RemoveField(model_name="message", name="search_vector"),
        migrations.AddField(
            model_name="message",
            name="search_vector",
            field=models.GeneratedField(
                db_persist=True,
                expression=messaging.search.tokens.MessageWords(),
                output_field=django.contrib.postgres.search.SearchVectorField(),
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=django.contrib.postgres.indexes.GinIndex(
                models.F("search_vector"), fastupdate=False, name="messages_search"
            ),
        ),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
