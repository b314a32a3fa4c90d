"""What the old hub's messages meant. The newest analysis that says something counts; none asks the model.

Where there is none, the columns of the message itself speak: its intent, or that of its pattern.
"""

import json
from collections.abc import Iterable, Mapping

from cvgorod_hub.old_hub.batches import ANALYSIS_COLUMNS, Batch
from cvgorod_hub.old_hub.messages import COPIED, DUPLICATE
from cvgorod_hub.old_hub.staging import (
    count_keys,
    count_verdicts,
    execute,
    fetch,
    fill_staging,
    make_staging,
    store_in_parts,
    tell_the_planner,
)
from cvgorod_hub.old_hub.tally import Tally
from intents.entities.schema import valid_entities
from intents.labels import Intent, Sentiment

FAILED = "the model had failed: unknown"
OTHER_INTENT = "of an intent that this hub does not know: other"
OTHER_SHAPE = "what it is about is not said as this hub does: left out"
FROM_COLUMNS = "meanings come from the messages' own columns, or from their pattern"
_STAGING = """
message bigint, old_id bigint, intent text, sentiment text, entities jsonb, confidence float8, model text,
tokens bigint, milliseconds bigint, created_at timestamptz
"""
_JUDGED = """
old_id bigint, verdict text, reason text, new_id bigint, message bigint, entities jsonb DEFAULT '[]'
"""
_JUDGE = """
INSERT INTO judged_analyses (old_id, verdict, reason, new_id, message)
SELECT old_id, CASE WHEN why IS NOT NULL THEN 'skipped' WHEN is_here THEN 'merged' ELSE 'copied' END,
       coalesce(why, CASE WHEN is_here THEN 'its message has a meaning here' END, ''), new_id, message
  FROM (
    SELECT a.old_id, a.message, judged.new_id,
           (SELECT true FROM message_analysis AS known WHERE known.message_id = judged.new_id) AS is_here,
           CASE WHEN judged.old_id IS NULL THEN 'of a message that is not there'
                WHEN judged.reason = %(duplicate)s THEN 'of a later row of the same message'
                WHEN judged.verdict = 'skipped' THEN 'of a message that was skipped'
                WHEN NOT says THEN %(failed)s
                WHEN row_number() OVER (PARTITION BY a.message
                         ORDER BY says DESC, a.created_at DESC NULLS LAST, a.old_id DESC) > 1
                    THEN 'an older one of the same message' END AS why
      FROM old_analyses AS a
     CROSS JOIN LATERAL (SELECT coalesce(a.intent, '') NOT IN ('', 'unknown') AS says) AS said
      LEFT JOIN judged_messages AS judged ON judged.old_id = a.message
  ) AS ranked
"""
# Of messages and meanings here so much is asked row by row, by scalar subqueries: of EXISTS PostgreSQL makes
# joins, and those read these tables whole for every batch once they are large.
# Who said so: a model, where one is named or tokens were paid for; else the patterns.
_STORE = """
INSERT INTO message_analysis (
    message_id, intent, sentiment, is_urgent, entities, entities_version, confidence, source, pattern_id,
    model_used, prompt_version, tokens_used, processing_time_ms, model_due_at, model_attempts, model_alone,
    model_error, created_at, updated_at)
SELECT judged.new_id, CASE WHEN a.intent = ANY (%(intents)s) THEN a.intent ELSE 'other' END,
       coalesce((SELECT word FROM unnest(ARRAY[a.sentiment, m.sentiment]) AS word
                  WHERE word = ANY (%(sentiments)s) LIMIT 1), 'neutral'),
       false, CASE WHEN (SELECT erased_at IS NOT NULL FROM messages WHERE id = judged.new_id)
                   THEN '[]' ELSE judged.entities END, 0, coalesce(a.confidence, 0),
       CASE WHEN is_model THEN 'model' ELSE 'pattern' END, CASE WHEN NOT is_model THEN pattern.ours END,
       CASE WHEN is_model THEN left(coalesce(trim(a.model), ''), 100) ELSE '' END, '',
       CASE WHEN a.tokens BETWEEN 0 AND 2147483647 THEN a.tokens ELSE 0 END,
       CASE WHEN a.milliseconds BETWEEN 0 AND 2147483647 THEN a.milliseconds ELSE 0 END,
       NULL, 0, false, '', coalesce(a.created_at, m.said_at), coalesce(a.created_at, m.said_at)
  FROM judged_analyses AS judged
  JOIN old_analyses AS a ON a.old_id = judged.old_id
  JOIN old_messages AS m ON m.old_id = a.message
  LEFT JOIN old_patterns AS pattern ON pattern.old_id = m.pattern
 CROSS JOIN LATERAL (
    SELECT (coalesce(trim(a.model), '') <> '' AND a.model !~* '^(pattern|rule|keyword|regex)')
        OR coalesce(a.tokens, 0) > 0 AS is_model
 ) AS who
 WHERE judged.verdict = 'copied' AND judged.message BETWEEN %(first)s AND %(last)s
 ORDER BY judged.message
    ON CONFLICT (message_id) DO NOTHING
"""
_COLUMNS_SAY = """
  FROM judged_messages AS judged
  JOIN old_messages AS m ON m.old_id = judged.old_id
  LEFT JOIN old_patterns AS pattern ON pattern.old_id = m.pattern
 CROSS JOIN LATERAL (
    SELECT coalesce(nullif(nullif(m.intent, ''), 'unknown'), pattern.intent) AS intent
 ) AS said
 WHERE judged.verdict <> 'skipped' AND said.intent IS NOT NULL
   AND (SELECT true FROM message_analysis AS known WHERE known.message_id = judged.new_id) IS NULL
   AND judged.old_id NOT IN (SELECT message FROM judged_analyses WHERE verdict = 'copied')
"""
_STORE_COLUMNS = f"""
INSERT INTO message_analysis (
    message_id, intent, sentiment, is_urgent, entities, entities_version, confidence, source, pattern_id,
    model_used, prompt_version, tokens_used, processing_time_ms, model_attempts, model_alone, model_error,
    created_at, updated_at)
SELECT judged.new_id, CASE WHEN said.intent = ANY (%(intents)s) THEN said.intent ELSE 'other' END,
       CASE WHEN m.sentiment = ANY (%(sentiments)s) THEN m.sentiment ELSE 'neutral' END, false,
       '[]'::jsonb, 0, coalesce(m.confidence, 0), 'pattern', pattern.ours, '', '', 0,
       0, 0, false, '', m.said_at, m.said_at
{_COLUMNS_SAY} AND judged.old_id BETWEEN %(first)s AND %(last)s
 ORDER BY judged.old_id
    ON CONFLICT (message_id) DO NOTHING
"""
# Goods and times that are said as ours are; PostgreSQL finds the few rows that may be.
_MAYBE_ENTITIES = """
SELECT a.old_id, a.entities::text
  FROM judged_analyses AS judged JOIN old_analyses AS a ON a.old_id = judged.old_id
 WHERE judged.verdict = 'copied' AND a.entities @? '$[*].kind'
"""
_TAKE_ENTITIES = """
UPDATE judged_analyses AS judged SET entities = found.entities::jsonb
  FROM unnest(%s::bigint[], %s::text[]) AS found (old_id, entities) WHERE judged.old_id = found.old_id
"""
_NOTES = (
    (OTHER_INTENT, "a.intent <> ALL (%(intents)s)"),
    (OTHER_SHAPE, "a.entities NOT IN ('[]', '{}', 'null') AND judged.entities = '[]'"),
)


def make_meaning_staging(patterns: Mapping[str, tuple[int, str]]) -> None:
    """`patterns`: by the old key, our pattern's (0 where it is none yet) and the old intent."""
    make_staging("old_analyses", _STAGING)
    make_staging("judged_analyses", _JUDGED)
    make_staging("old_patterns", "old_id bigint PRIMARY KEY, ours bigint, intent text")
    for key, (ours, intent) in patterns.items():
        execute(
            "INSERT INTO old_patterns SELECT %s, (SELECT id FROM message_patterns WHERE id = %s), %s",
            [int(key), ours, intent],
        )


def judge_meanings(batch: Batch) -> None:
    """Each analysis' verdict into `judged_analyses`. Its messages are judged, and stored if at all."""
    execute("TRUNCATE old_analyses, judged_analyses")
    fill_staging("old_analyses", ANALYSIS_COLUMNS, batch.analyses)
    execute(_JUDGE, {"duplicate": DUPLICATE, "failed": FAILED})
    tell_the_planner("judged_analyses")
    _take_entities(fetch(_MAYBE_ENTITIES))


def store_meanings() -> None:
    judged = """
        SELECT message FROM judged_analyses WHERE verdict = 'copied'
        UNION SELECT old_id FROM judged_messages WHERE verdict <> 'skipped' ORDER BY 1
    """
    store_in_parts([key for (key,) in fetch(judged)], _store, _refuse)


def count_meanings(analyses: Tally, messages: Tally, *, from_columns: int) -> None:
    analyses.add_counted(count_verdicts("judged_analyses"))
    messages.note(FROM_COLUMNS, from_columns)
    for words, where in _NOTES:
        rows = f"judged_analyses AS judged JOIN old_analyses AS a USING (old_id) WHERE {COPIED} AND {where}"
        analyses.note(words, *count_keys(rows, _labels()))


def count_from_columns() -> int:
    """How many meanings of this batch its messages' columns give; ask before they are stored."""
    [(count,)] = fetch(f"SELECT count(*) {_COLUMNS_SAY}")
    return int(count)


def _labels() -> dict[str, object]:
    return {"intents": list(Intent.values), "sentiments": list(Sentiment.values)}


def _take_entities(rows: Iterable[tuple[int, str]]) -> None:
    read = [(key, valid_entities(json.loads(entities))) for key, entities in rows]
    if read:
        keys, entities = zip(*read, strict=True)
        execute(_TAKE_ENTITIES, [list(keys), [json.dumps(one, ensure_ascii=False) for one in entities]])


def _store(first: int, last: int) -> None:
    values = {**_labels(), "first": first, "last": last}
    execute(_STORE, values)
    execute(_STORE_COLUMNS, values)


def _refuse(message: int, reason: str) -> None:
    where = "message = %s AND verdict = 'copied'"
    execute(
        f"UPDATE judged_analyses SET verdict = 'skipped', reason = %s WHERE {where}",  # noqa: S608
        [reason, message],
    )
