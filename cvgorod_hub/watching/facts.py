"""What the database knows of how the hub fares, as one statement.

Each question reads an index, a rollup or a table of a few rows, so that a look costs the same at any number
of messages: counts stop at MOST, and what lies behind is counted over the last minutes only.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import TextChoices

from bots.models import RawUpdate
from cvgorod_hub.api.hooks.querysets import STRIKES_OF_TROUBLE
from cvgorod_hub.common.together import Question, Rows, read_together
from intents.llm.budget import today
from messaging.quarters import TOP_LEVEL
from sandbox.models import PendingResponse

# Counting stops here: more is simply many.
MOST = 10_000
LATELY = "interval '5 minutes'"
State, Status = RawUpdate.State, PendingResponse.Status
# Updates that were not made a message of; all others are history.
UNSETTLED = (State.PENDING, State.FAILED, State.DISMISSED)
# Replies that somebody or something still has to move on; the others are history.
OPEN = (Status.PENDING, Status.APPROVED, Status.SENDING, Status.FAILED, Status.UNKNOWN)


def _some(table: str, condition: str) -> str:
    return f"(SELECT count(*) FROM (SELECT FROM {table} WHERE {condition} LIMIT {MOST}) AS found)"  # noqa: S608


def _first(column: str, table: str, condition: str, order: str) -> str:
    """The age in seconds of the first row in an index's order."""
    return (
        f"(SELECT extract(epoch FROM now() - {column}) FROM {table} WHERE {condition} "  # noqa: S608
        f"ORDER BY {order} LIMIT 1)"
    )


def _states(values: tuple[TextChoices, ...], table: str, column: str) -> str:
    """How many rows are in each of these states, each of which an index finds."""
    counts = {value: _some(table, f"{column} = '{value}'") for value in values}
    return " UNION ALL ".join(
        f"SELECT '{value}' AS state, {some} AS number" for value, some in counts.items()
    )


_DUE_VOICE = "due_at IS NOT NULL"
_DUE_MODEL = "model_due_at IS NOT NULL AND source <> 'person'"
_TO_SEND = "status = 'approved' AND (scheduled_at IS NULL OR scheduled_at <= now())"
_DELIVERED_LATER = "endpoint_id = endpoint.id AND state = 'pending'"
# How many wait in each queue, and for how many seconds the oldest. A paused webhook is told of apart.
_QUEUES = f"""
    SELECT 'updates' AS queue, {_some("raw_updates", "parse_state = 'pending'")} AS waiting,
           {_first("received_at", "raw_updates", "parse_state = 'pending'", "id")} AS oldest
    UNION ALL SELECT 'model', {_some("message_analysis", _DUE_MODEL)},
           {_first("updated_at", "message_analysis", _DUE_MODEL, "message_id")}
    UNION ALL SELECT 'voice', {_some("recordings", _DUE_VOICE)},
           {_first("queued_at", "recordings", _DUE_VOICE, "message_id")}
    UNION ALL SELECT 'drafts', {_some("pending_responses", "status = 'pending'")},
           {_first("created_at", "pending_responses", "status = 'pending'", "created_at, id")}
    UNION ALL SELECT 'delivery', {_some("pending_responses", _TO_SEND)},
           (SELECT extract(epoch FROM now() - min(greatest(approved_at, scheduled_at)))
              FROM pending_responses WHERE {_TO_SEND})
    UNION ALL SELECT 'webhooks', coalesce(sum(mine.waiting), 0), max(mine.oldest)
      FROM webhook_endpoints AS endpoint, LATERAL (
           SELECT {_some("webhook_deliveries", _DELIVERED_LATER)} AS waiting,
                  {_first("created_at", "webhook_deliveries", _DELIVERED_LATER, "id")} AS oldest
      ) AS mine
     WHERE endpoint.is_active AND endpoint.paused_at IS NULL
"""  # noqa: S608
_BOTS = """
    SELECT id::text AS bot, token_refused_at IS NOT NULL AS is_refused,
           CASE WHEN webhook_url <> '' THEN webhook_waiting END AS webhook_waiting,
           CASE WHEN webhook_url = '' THEN extract(epoch FROM now() - last_poll_at) END AS polled_ago,
           extract(epoch FROM now() - last_update_at) AS updated_ago
      FROM telegram_bots WHERE is_watched ORDER BY id
"""
_LATE_UPDATES = f"""
    SELECT parse_state AS state, count(*) AS number FROM raw_updates
     WHERE received_at > now() - {LATELY} GROUP BY 1
"""  # noqa: S608
_LATE_MOVES = f"""
    SELECT kind, count(*) AS number FROM pending_response_events
     WHERE created_at > now() - {LATELY} GROUP BY 1
"""  # noqa: S608
_MESSAGES = f"""
    SELECT (SELECT coalesce(sum(messages), 0) FROM message_counts WHERE level = {TOP_LEVEL})
         + (SELECT coalesce(sum(messages), 0) FROM message_count_changes) AS number
"""  # noqa: S608
_CLIENTS = """
    SELECT count(*) AS number, extract(epoch FROM now() - min(waiting_since)) AS oldest
      FROM chats WHERE waiting_since IS NOT NULL
"""
_SUMS = """
    coalesce(sum(requests), 0) AS requests, coalesce(sum(failures), 0) AS failures,
    coalesce(sum(messages), 0) AS messages, coalesce(sum(hit_tokens), 0) AS hit,
    coalesce(sum(miss_tokens), 0) AS miss, coalesce(sum(output_tokens), 0) AS output,
    coalesce(sum(cost), 0) AS cost
"""
_MODEL_TODAY = f"""
    SELECT used.*, daily_tokens, daily_cost
      FROM (SELECT {_SUMS} FROM model_usage WHERE day = %(today)s::date) AS used
      LEFT JOIN model_settings ON model_settings.id = 1
"""  # noqa: S608
_ENDPOINTS = f"""
    SELECT CASE WHEN NOT is_active THEN 'off' WHEN paused_at IS NOT NULL THEN 'paused'
                WHEN strikes >= {STRIKES_OF_TROUBLE} THEN 'failing' ELSE 'well' END AS state,
           count(*) AS number
      FROM webhook_endpoints GROUP BY 1
"""  # noqa: S608
_SPEECH = "SELECT api, sum(recordings) AS recordings, sum(seconds) AS seconds FROM speech_usage GROUP BY 1"
_GATES = "SELECT name, failures, refused_key <> '' AS is_refused FROM voice_gates"
_VOICES = "SELECT " + _some("recordings", "state = 'failed'") + " AS failed"
_SENDING = "SELECT trouble, paused_until > now() AS is_paused FROM sending_state"


def read_facts(*, day: date | None = None) -> Mapping[str, Rows]:
    """The rows of each question; raises a DatabaseError where there is none to ask."""
    parameters: dict[str, Any] = {"today": day or today()}
    return read_together(
        {
            "bots": Question(_BOTS),
            "updates": Question(_states(UNSETTLED, "raw_updates", "parse_state")),
            "late_updates": Question(_LATE_UPDATES),
            "queues": Question(_QUEUES),
            "replies": Question(_states(OPEN, "pending_responses", "status")),
            "late_moves": Question(_LATE_MOVES),
            "messages": Question(_MESSAGES),
            "clients": Question(_CLIENTS),
            "model": Question(f"SELECT {_SUMS} FROM model_usage"),  # noqa: S608
            "model_today": Question(_MODEL_TODAY, parameters),
            "model_state": Question("SELECT trouble FROM model_state WHERE trouble <> ''"),
            "speech": Question(_SPEECH),
            "gates": Question(_GATES),
            "voices": Question(_VOICES),
            "endpoints": Question(_ENDPOINTS),
            "sending": Question(_SENDING),
            "size": Question("SELECT pg_database_size(current_database()) AS bytes"),
        }
    )
