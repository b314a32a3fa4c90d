"""The yardstick: the same pages by FastAPI, asyncpg and orjson, as somebody writes them who wants them fast.

Same database, same JSON, pages by key, prepared statements, one pool a worker; no framework between the
rows and their bytes. It knows no people's rights, no filters but the measured ones, and no schema.
LEAN_DATABASE_URL, LEAN_API_KEY and LEAN_CONNECTIONS (a worker) come through the environment.
"""

import base64
import hmac
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

import asyncpg
import orjson
from fastapi import FastAPI, Header, HTTPException, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.bench.api.words import MIX, RARE

FORMS = {word: forms for word, forms, _count in (*MIX, RARE)}

Row = asyncpg.Record
Limit = Annotated[int, Query(ge=1, le=1000)]

MESSAGE_COLUMNS = """
    m.id, m.chat_id, c.name AS chat_name, m.user_id, u.username, u.first_name, r.role_name AS role, m.text,
    m.transcript, m.message_type, m.timestamp, m.edited_at, m.erased_at, m.reply_to_message_id,
    m.telegram_message_id, coalesce(r.is_bot, false) AS is_automatic, a.intent,
    a.confidence AS intent_confidence, a.sentiment, a.is_urgent
"""
MESSAGE_TABLES = """
    FROM messages m JOIN chats c ON c.id = m.chat_id LEFT JOIN users u ON u.id = m.user_id
    LEFT JOIN user_roles r ON r.id = u.role_id LEFT JOIN message_analysis a ON a.message_id = m.id
"""
NEWEST = "ORDER BY m.timestamp DESC, m.id DESC LIMIT"
DETAIL = f"""
    SELECT {MESSAGE_COLUMNS}, m.transcript_state, m.deleted_at, m.media, a.entities, a.source,
        a.model_used, a.tokens_used, a.processing_time_ms, a.updated_at,
        (SELECT coalesce(json_agg(json_build_object('text', v.text, 'media', v.media, 'valid_from',
            v.valid_from) ORDER BY v.valid_from, v.id), '[]')
        FROM message_versions v WHERE v.message_id = m.id) AS versions
    {MESSAGE_TABLES} WHERE m.id = $1
"""  # noqa: S608  (nothing of a caller's in it)
OF_ANALYSIS_ALONE = ("entities", "source", "model_used", "tokens_used", "processing_time_ms", "updated_at")
CLIENTS = """
    SELECT u.id, u.username, u.first_name, u.last_name, r.role_name AS role, u.first_seen, u.last_seen,
        (SELECT count(*) FROM messages m WHERE m.user_id = u.id) AS messages_count
    FROM users u JOIN user_roles r ON r.id = u.role_id WHERE r.role_name = 'client'
    ORDER BY u.first_seen DESC, u.id DESC LIMIT $1
"""
CHATS = """
    SELECT id, name, chat_type, folder, is_active, members_count, customer_ref, migrated_to_id AS migrated_to,
        last_message_at, waiting_since, created_at
    FROM chats ORDER BY created_at DESC, id DESC LIMIT $1
"""
URGENT = """
    SELECT m.id, m.text, m.transcript, m.intent, m.sentiment, c.id AS chat_id, c.name AS chat_name,
        m.timestamp, true AS unanswered
    FROM chats c CROSS JOIN LATERAL (
        SELECT m.id, m.text, m.transcript, m.timestamp, a.intent, a.sentiment
        FROM messages m JOIN message_analysis a ON a.message_id = m.id
        WHERE m.chat_id = c.id AND m.timestamp >= c.waiting_since AND a.is_urgent
        ORDER BY m.timestamp DESC, m.id DESC LIMIT $1
    ) m
    WHERE c.waiting_since IS NOT NULL ORDER BY m.timestamp DESC, m.id DESC LIMIT $1
"""
ANSWERED = """
    SELECT m.id, m.text, m.transcript, a.intent, a.sentiment, m.chat_id, c.name AS chat_name, m.timestamp,
        false AS unanswered
    FROM message_analysis a JOIN messages m ON m.id = a.message_id JOIN chats c ON c.id = m.chat_id
    WHERE a.is_urgent AND (c.waiting_since IS NULL OR m.timestamp < c.waiting_since)
    ORDER BY m.timestamp DESC, m.id DESC LIMIT $1
"""
PENDING = """
    SELECT p.id, p.id AS pending_id, p.chat_id, p.client_name, p.response_text, p.original_text, p.context,
        p.reply_to_message_id, p.status, p.version,
        EXISTS (SELECT FROM messages m LEFT JOIN users u ON u.id = m.user_id
            LEFT JOIN user_roles r ON r.id = u.role_id
            WHERE m.chat_id = p.chat_id AND m.source <> 'import' AND m.message_type <> 'service'
            AND m.changed_xid >= pg_snapshot_xmin(p.anchor_snapshot::pg_snapshot)::text::bigint
            AND NOT pg_visible_in_snapshot(m.changed_xid::text::xid8, p.anchor_snapshot::pg_snapshot)
            AND (m.source = 'sent' OR u.id IS NULL OR NOT r.is_bot)) AS is_stale,
        p.requested_by, p.approved_by, p.approved_at, p.rejected_reason, p.batch_id, p.scheduled_at,
        p.expires_at, p.sent_at, p.telegram_message_id, p.attempts, p.last_error, p.created_at
    FROM pending_responses p WHERE p.status = 'pending' ORDER BY p.created_at, p.id LIMIT $1
"""
SEND = """
    WITH chat AS (SELECT id, name FROM chats WHERE id = $1 AND is_active AND reply_mode <> 'off'),
    draft AS (
        INSERT INTO pending_responses (chat_id, client_name, response_text, original_text, context,
            reply_to_message_id, status, version, requested_by, idempotency_key, request_hash, approved_by,
            rejected_reason, attempts, last_error, created_at)
        SELECT id, name, $2, $2, $3, $4, 'pending', 1, 'lean', $5, '', '', '', 0, '', now() FROM chat
        ON CONFLICT (requested_by, idempotency_key) DO NOTHING
        RETURNING id, chat_id, status, version, created_at
    ),
    log AS (
        INSERT INTO pending_response_events (response_id, kind, actor_name, text_before, text_after, detail,
            created_at)
        SELECT id, 'proposed', 'lean', '', $2, '', now() FROM draft
    )
    SELECT id, id AS pending_id, chat_id, status, version, created_at FROM draft
"""


class KeyCheck:
    """Refuses who does not know the key, in constant time."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.key = app, os.environ["LEAN_API_KEY"].encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = next((value for name, value in scope["headers"] if name == b"x-api-key"), b"")
            if not hmac.compare_digest(given, self.key):
                await as_json({"detail": "The API key is not known here."}, 401)(scope, receive, send)
                return
        await self.app(scope, receive, send)


class Proposal(BaseModel):
    chat_id: int
    text: str = Field(min_length=1, max_length=4096)
    context: str = ""
    reply_to_message_id: int | None = None


async def prepare(connection: "asyncpg.Connection[Row]") -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, schema="pg_catalog", encoder=str, decoder=orjson.loads, format="text"
        )


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    size = int(os.environ["LEAN_CONNECTIONS"])
    url = os.environ["LEAN_DATABASE_URL"]
    async with asyncpg.create_pool(url, min_size=size, max_size=size, init=prepare) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan, openapi_url=None)
app.add_middleware(KeyCheck)


def as_json(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def encode_cursor(key: tuple[datetime, int], *, forward: bool = True) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([int(forward), *key])).decode().rstrip("=")


def decode_cursor(text: str) -> tuple[datetime, int]:
    _forward, moment, number = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return datetime.fromisoformat(moment), number


def page(request: Request, rows: list[Row], limit: int, *, was_given_cursor: bool = False) -> Response:
    results = [dict(row) for row in rows[:limit]]

    def link(row: dict[str, Any], *, forward: bool) -> str:
        cursor = encode_cursor((row["timestamp"], row["id"]), forward=forward)
        return str(request.url.replace(query=urlencode({**request.query_params, "cursor": cursor})))

    return as_json(
        {
            "next": link(results[-1], forward=True) if len(rows) > limit else None,
            "previous": link(results[0], forward=False) if was_given_cursor and results else None,
            "results": results,
        }
    )


async def read_messages(
    request: Request, limit: int, cursor: str | None, conditions: list[str], values: list[Any]
) -> Response:
    if cursor is not None:
        conditions.append(f"(m.timestamp, m.id) < (${len(values) + 1}, ${len(values) + 2})")
        values += decode_cursor(cursor)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    query = f"SELECT {MESSAGE_COLUMNS} {MESSAGE_TABLES} {where} {NEWEST} ${len(values) + 1}"
    rows = await request.app.state.pool.fetch(query, *values, limit + 1)
    return page(request, rows, limit, was_given_cursor=cursor is not None)


@app.get("/api/v1/messages")
async def messages(
    request: Request,
    limit: Limit = 100,
    cursor: str | None = None,
    chat_id: int | None = None,
    search: str | None = None,
) -> Response:
    conditions: list[str] = []
    values: list[Any] = []
    if chat_id is not None:
        values.append(chat_id)
        conditions.append("m.chat_id = $1")
    if search is not None:
        # The vector has words as they were written, so the word's forms are named.
        values.append(" or ".join(FORMS.get(search, [search])))
        conditions.append(f"m.search_vector @@ websearch_to_tsquery('simple', ${len(values)})")
    return await read_messages(request, limit, cursor, conditions, values)


@app.get("/api/v1/clients/{client_id}/messages")
async def client_messages(
    request: Request, client_id: int, limit: Limit = 100, cursor: str | None = None
) -> Response:
    return await read_messages(request, limit, cursor, ["m.user_id = $1"], [client_id])


@app.get("/api/v1/messages/{message_id}")
async def message(request: Request, message_id: int) -> Response:
    row = await request.app.state.pool.fetchrow(DETAIL, message_id)
    if row is None:
        raise HTTPException(404)
    body = dict(row)
    said = {name: body.pop(name) for name in OF_ANALYSIS_ALONE}
    is_analysed = said["source"] is not None
    shared = {
        "intent": body["intent"],
        "sentiment": body["sentiment"],
        "is_urgent": body["is_urgent"],
        "confidence": body["intent_confidence"],
    }
    body["analysis"] = {**shared, **said} if is_analysed else None
    return as_json(body)


@app.get("/api/v1/clients")
async def clients(request: Request, limit: Limit = 100) -> Response:
    return _with_links(request, await request.app.state.pool.fetch(CLIENTS, limit + 1), limit, "first_seen")


@app.get("/api/v1/chats")
async def chats(request: Request, limit: Limit = 100) -> Response:
    return _with_links(request, await request.app.state.pool.fetch(CHATS, limit + 1), limit, "created_at")


@app.get("/api/v1/sandbox/pending")
async def pending(request: Request, limit: Limit = 100) -> Response:
    return _with_links(request, await request.app.state.pool.fetch(PENDING, limit + 1), limit, "created_at")


@app.get("/api/v1/intents/urgent")
async def urgent(request: Request, limit: Limit = 20) -> Response:
    rows = await request.app.state.pool.fetch(URGENT, limit)
    if len(rows) < limit:
        rows += await request.app.state.pool.fetch(ANSWERED, limit - len(rows))
    return as_json({"urgent": [dict(row) for row in rows]})


@app.post("/api/v1/send")
async def send(
    request: Request, proposal: Proposal, idempotency_key: Annotated[str, Header(max_length=255)]
) -> Response:
    row = await request.app.state.pool.fetchrow(
        SEND,
        proposal.chat_id,
        proposal.text,
        proposal.context,
        proposal.reply_to_message_id,
        idempotency_key,
    )
    if row is None:
        raise HTTPException(409, "No such chat, or the key was used before.")
    return as_json(dict(row), 201)


def _with_links(request: Request, rows: list[Row], limit: int, time: str) -> Response:
    results = [dict(row) for row in rows[:limit]]
    following = None
    if len(rows) > limit:
        cursor = encode_cursor((results[-1][time], results[-1]["id"]))
        query = urlencode({**request.query_params, "cursor": cursor})
        following = str(request.url.replace(query=query))
    return as_json({"next": following, "previous": None, "results": results})
