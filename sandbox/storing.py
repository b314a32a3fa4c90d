"""Proposals into rows, in one statement: what stands against them is looked up and, where nothing does,
they are stored with the first lines of their logs.

So no pause and no leaving of a chat can come between the look and the write.
"""

import uuid
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, transaction
from django.utils import timezone
from psycopg.types.numeric import Int8

from cvgorod_hub.common.prepared import fetch_prepared
from sandbox.actors import Actor
from sandbox.models import PendingResponse, SandboxSettings

# What is known of a draft without reading it again; the rest is read where somebody asks for it.
_KNOWN = ("id", "chat_id", "status", "version", "batch_id", "send_order", "created_at")

# A chat that is hidden from the caller is unknown to it. A join would read all chats: each is looked up.
# Who brings an idempotency key at the same moment as another waits for that one, and is then refused by the
# unique constraint with all that it brought.
_STORE = """
    WITH rules AS MATERIALIZED (
        SELECT is_paused AND %(is_program)s::boolean AS is_paused, pause_note,
               make_interval(hours => draft_lifetime_hours) AS lifetime
          FROM sandbox_settings WHERE id = %(rules)s
    ), proposals AS MATERIALIZED (
        SELECT given.*, target.id AS target_id, target.name, target.unreachable_reason,
               CASE WHEN target.id IS NULL THEN 'unknown'
                    WHEN NOT target.is_active THEN 'unreachable'
                    WHEN target.reply_mode = 'off' AND %(is_program)s::boolean THEN 'closed'
               END AS obstacle
          FROM json_to_recordset(%(proposals)s::json) AS given (
                   place integer, chat_id bigint, is_hidden boolean, response_text text, context text,
                   reply_to_message_id bigint, scheduled_at timestamptz, expires_at timestamptz
               )
          LEFT JOIN LATERAL (
              SELECT goal.* FROM chats AS named
                JOIN chats AS goal ON goal.id = coalesce(named.migrated_to_id, named.id)
               WHERE named.id = given.chat_id AND NOT given.is_hidden
              OFFSET 0
          ) AS target ON true
    ), earlier AS MATERIALIZED (
        SELECT id, request_hash, batch_id FROM pending_responses
         WHERE requested_by = %(name)s::text AND idempotency_key = %(idempotency_key)s::text
    ), drafts AS (
        INSERT INTO pending_responses (
            chat_id, client_name, response_text, original_text, context, reply_to_message_id,
            status, version, requested_by, requested_by_key_id, requested_by_user_id,
            idempotency_key, request_hash, batch_id, send_order,
            approved_by, rejected_reason, scheduled_at, expires_at, attempts, last_error, created_at
        )
        SELECT target_id, name, response_text, response_text, context,
               CASE WHEN target_id = chat_id THEN reply_to_message_id END,
               'pending', 1, %(name)s::text, %(key_id)s::bigint, %(user_id)s::bigint,
               CASE WHEN place = 0 THEN %(idempotency_key)s::text END,
               CASE WHEN place = 0 THEN %(request_hash)s::text ELSE '' END,
               %(batch_id)s::uuid, CASE WHEN %(batch_id)s::uuid IS NOT NULL THEN place END,
               '', '', scheduled_at,
               coalesce(expires_at, greatest(%(now)s::timestamptz, scheduled_at) + lifetime),
               0, '', %(now)s::timestamptz
          FROM proposals CROSS JOIN rules
         WHERE NOT rules.is_paused
           AND NOT EXISTS (SELECT FROM proposals WHERE obstacle IS NOT NULL)
           AND NOT EXISTS (SELECT FROM earlier)
         ORDER BY place
        RETURNING id, chat_id, response_text, send_order
    ), log AS (
        INSERT INTO pending_response_events (
            response_id, kind, actor_name, actor_key_id, actor_user_id, text_before, text_after, detail,
            created_at
        )
        SELECT id, 'proposed', %(name)s::text, %(key_id)s::bigint, %(user_id)s::bigint, '', response_text, '',
               %(now)s::timestamptz
          FROM drafts
    )
    SELECT rules.is_paused, rules.pause_note,
           (SELECT row_to_json(earlier) FROM earlier),
           (SELECT json_build_array(obstacle, coalesce(target_id, chat_id), unreachable_reason)
              FROM proposals WHERE obstacle IS NOT NULL ORDER BY place LIMIT 1),
           (SELECT json_agg(json_build_array(id, chat_id) ORDER BY send_order) FROM drafts)
      FROM rules
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One proposal as its row begins. Times are aware."""

    chat_id: int
    is_hidden: bool
    response_text: str
    context: str
    reply_to_message_id: int | None
    scheduled_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True)
class Earlier:
    """The draft that carries an idempotency key, and the hash of the request that made it."""

    id: int
    request_hash: str
    batch_id: str | None


@dataclass(frozen=True)
class Obstacle:
    """Why nothing can be proposed for a chat; `reason` is what Telegram said of it."""

    kind: Literal["unknown", "unreachable", "closed"]
    chat_id: int
    reason: str | None


@dataclass(frozen=True)
class Outcome:
    """What stands against the proposals, or the drafts that they are now, in their order."""

    is_paused: bool
    pause_note: str
    earlier: Earlier | None
    obstacle: Obstacle | None
    drafts: list[PendingResponse]


def store(
    rows: Sequence[Row],
    *,
    actor: Actor,
    idempotency_key: str | None,
    request_hash: str,
    batch_id: uuid.UUID | None,
) -> Outcome:
    """All of them or none; the first carries the key. Outside a transaction it is one of its own."""
    now = timezone.now()
    document = [{"place": place, **vars(row)} for place, row in enumerate(rows)]
    values = {
        "proposals": orjson.dumps(document).decode(),
        "rules": Int8(SandboxSettings.singleton_instance_id),
        "is_program": actor.user is None,
        "name": actor.name,
        "key_id": _as_bigint(actor.key_id),
        "user_id": _as_bigint(actor.user_id),
        "idempotency_key": idempotency_key,
        "request_hash": request_hash,
        "batch_id": batch_id,
        "now": now,
    }
    try:
        found = _run(values)
    except IntegrityError:
        # The same key, at the same moment: the other request was first, and is found now.
        found = _run(values)
    is_paused, pause_note, earlier, obstacle, stored = found
    return Outcome(
        is_paused=is_paused,
        pause_note=pause_note,
        earlier=Earlier(**earlier) if earlier else None,
        obstacle=Obstacle(*obstacle) if obstacle else None,
        drafts=[
            _draft(pk, chat_id, batch_id, place, now) for place, (pk, chat_id) in enumerate(stored or ())
        ],
    )


def _run(values: dict[str, object]) -> tuple[Any, ...]:
    """The statement's row; that of the settings is made where there is none yet."""
    # Alone a statement is a transaction of its own; within another one, a key met twice must not break that.
    with transaction.atomic() if connection.in_atomic_block else nullcontext():
        if not (found := fetch_prepared(_STORE, values)):
            SandboxSettings.get_solo()
            found = fetch_prepared(_STORE, values)
    [row] = found
    return row


def _draft(pk: int, chat_id: int, batch_id: uuid.UUID | None, place: int, now: datetime) -> PendingResponse:
    """The row that was stored, without reading it."""
    send_order = None if batch_id is None else place
    known = (pk, chat_id, PendingResponse.Status.PENDING.value, 1, batch_id, send_order, now)
    return PendingResponse.from_db(DEFAULT_DB_ALIAS, _KNOWN, known)


def _as_bigint(value: int | None) -> Int8 | None:
    # psycopg would send the smallest integer type that fits, each of which is prepared anew.
    return None if value is None else Int8(value)
