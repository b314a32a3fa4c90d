"""A database as the hub before this one left it: with the columns of its first script, or with all."""

# ruff: noqa: S608  (tables and columns of our own)

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Literal

import psycopg
from django.db import connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

Shape = Literal["first", "all"]
# Naive, as the old hub wrote them: UTC.
BEGAN = datetime(2024, 3, 1, 9, 0)  # noqa: DTZ001
FIRST = """
CREATE TABLE user_roles (
    id serial PRIMARY KEY, role_name varchar(50) UNIQUE NOT NULL, display_name varchar(100), description text,
    is_staff boolean DEFAULT false, is_bot boolean DEFAULT false,
    exclude_from_analytics boolean DEFAULT false, created_at timestamp DEFAULT now());
INSERT INTO user_roles (role_name, display_name, is_staff, is_bot, exclude_from_analytics) VALUES
    ('admin', 'Админ', true, false, true), ('director', 'Директор', true, false, true),
    ('manager', 'Менеджер', true, false, true), ('broadcast_bot', 'Рассылка', false, true, true),
    ('assistant_bot', 'Помощник', false, true, true), ('client', 'Клиент', false, false, false);
CREATE TABLE message_patterns (
    id serial PRIMARY KEY, pattern_name varchar(100), pattern_type varchar(50), keyword_patterns text[],
    regex_pattern text, sender_role_id int REFERENCES user_roles, min_text_length int DEFAULT 0,
    auto_classify boolean DEFAULT true, priority int DEFAULT 100, description text,
    created_at timestamp DEFAULT now());
CREATE TABLE chats (
    id bigint PRIMARY KEY, name varchar(255), chat_type varchar(20), folder varchar(100), members_count int,
    is_active boolean DEFAULT true, created_at timestamp DEFAULT now(), updated_at timestamp DEFAULT now());
CREATE TABLE users (
    id bigint PRIMARY KEY, username varchar(255), first_name varchar(255), last_name varchar(255),
    is_manager boolean DEFAULT false, role_id int DEFAULT 6 REFERENCES user_roles,
    first_seen timestamp DEFAULT now(), last_seen timestamp DEFAULT now());
CREATE TABLE messages (
    id serial PRIMARY KEY, telegram_message_id bigint, chat_id bigint, user_id bigint, text text,
    message_type varchar(50), reply_to_message_id bigint, pattern_id int REFERENCES message_patterns,
    timestamp timestamp, created_at timestamp DEFAULT now());
CREATE TABLE message_analysis (
    id serial PRIMARY KEY, message_id int, intent varchar(50), sentiment varchar(20), entities jsonb,
    confidence real, model_used varchar(100), tokens_used int, processing_time_ms int,
    created_at timestamptz DEFAULT now());
CREATE TABLE pending_responses (
    id serial PRIMARY KEY, chat_id bigint, client_name varchar(255), response_text text, context text,
    requested_by varchar(255), status varchar(20) DEFAULT 'pending', approved_by bigint,
    approved_at timestamptz, sent_at timestamptz, created_at timestamptz DEFAULT now());
"""
LATER = """
CREATE TABLE customers (
    id serial PRIMARY KEY, sync_id varchar(20), name text, email text, phone text, cvgorod_chat_id int);
CREATE TABLE customer_uuid_mapping (
    customer_uuid uuid, cvgorod_chat_id int, chat_id bigint, customer_name text, sync_id varchar(20));
CREATE TABLE mailing_campaigns (id serial PRIMARY KEY, name text);
CREATE TABLE user_chats (user_id bigint, chat_id bigint);
CREATE TABLE agent_sessions (id serial PRIMARY KEY, state jsonb);
ALTER TABLE chats ADD cvgorod_chat_id int, ADD customer_id int REFERENCES customers;
ALTER TABLE users ADD role varchar(20) DEFAULT 'CLIENT', ADD is_active boolean DEFAULT true;
ALTER TABLE messages ADD role varchar(20), ADD is_automatic boolean, ADD intent varchar(50),
    ADD intent_confidence numeric, ADD is_reply boolean, ADD sentiment varchar(20);
ALTER TABLE pending_responses ADD batch_id uuid, ADD batch_name text, ADD scheduled_at timestamptz,
    ADD send_order int;
"""
ROLES = {"admin": 1, "director": 2, "manager": 3, "broadcast_bot": 4, "assistant_bot": 5, "client": 6}
CHAT, CLIENT = -1_001_000_000_001, 501


class OldHub:
    """Write rows as the old hub did; each method returns the key."""

    def __init__(self, session: psycopg.Connection[tuple[Any, ...]], url: str) -> None:
        self.session = session
        self.url = url
        self._number = 0

    def build(self, shape: Shape) -> None:
        self._number = 0
        self.session.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        self.session.execute(FIRST)
        if shape == "all":
            self.session.execute(LATER)

    def add(self, table: str, **values: Any) -> int:
        key = "0" if table in ("customer_uuid_mapping", "user_chats") else "id"
        names, slots = ", ".join(values), ", ".join(["%s"] * len(values))
        query = f"INSERT INTO {table} ({names}) VALUES ({slots}) RETURNING {key}"
        cursor = self.session.execute(query, list(values.values()))  # type: ignore[arg-type]
        row = cursor.fetchone()
        return row[0] if row else 0

    def chat(self, key: int = CHAT, **more: Any) -> int:
        values = {"id": key, "name": "Магазин", "chat_type": "supergroup", **more}
        return self.add("chats", **values)

    def person(self, key: int = CLIENT, **more: Any) -> int:
        seen = {"first_seen": BEGAN, "last_seen": BEGAN + timedelta(days=1)}
        return self.add("users", **{"id": key, "first_name": f"Человек {key}", **seen, **more})

    def message(self, text: str | None = "Роза есть?", **more: Any) -> int:
        """The next in CHAT by CLIENT, a minute after the one before."""
        self._number += 1
        values = {
            "telegram_message_id": self._number,
            "chat_id": CHAT,
            "user_id": CLIENT,
            "text": text,
            "message_type": "text",
            "timestamp": BEGAN + timedelta(minutes=self._number),
            "created_at": BEGAN + timedelta(minutes=self._number, seconds=2),
        }
        return self.add("messages", **{**values, **more})

    def analysis(self, message: int | None, intent: str | None = "question", **more: Any) -> int:
        values = {"message_id": message, "intent": intent, "sentiment": "neutral", "confidence": 0.8}
        if "entities" in more:
            more["entities"] = json.dumps(more["entities"])
        return self.add("message_analysis", **{**values, **more})

    def pattern(self, name: str, intent: str = "order", **more: Any) -> int:
        values = {"pattern_name": name, "pattern_type": intent, "keyword_patterns": ["беру"]}
        return self.add("message_patterns", **{**values, **more})

    def reply(self, status: str = "pending", **more: Any) -> int:
        values = {
            "chat_id": CHAT,
            "client_name": "Магазин",
            "response_text": "Да, есть.",
            "context": "остатки",
            "requested_by": "agent",
            "status": status,
            "created_at": f"{BEGAN.isoformat()}+00:00",
        }
        return self.add("pending_responses", **{**values, **more})

    def count(self, table: str) -> int:
        row = self.session.execute(f"SELECT count(*) FROM {table}").fetchone()  # type: ignore[arg-type]
        return int(row[0]) if row else 0


@contextmanager
def old_server(name: str) -> Iterator[OldHub]:
    """A database beside the tests' own."""
    own = connection.settings_dict
    parts = {
        "host": own["HOST"], "port": own["PORT"], "user": own["USER"], "password": own["PASSWORD"],
    }  # fmt: skip
    given = {key: str(value) for key, value in parts.items() if value}
    server = make_conninfo(**given, **_options(own))
    with psycopg.connect(server, dbname="postgres", autocommit=True) as maker:
        maker.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]
        maker.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    address = make_conninfo(server, dbname=name)
    try:
        with psycopg.connect(address, autocommit=True) as session:
            yield OldHub(session, _url(address))
    finally:
        with psycopg.connect(server, dbname="postgres", autocommit=True) as maker:
            maker.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]


def _options(own: Any) -> dict[str, str]:  # noqa: ANN401  (Django's settings)
    host = own.get("OPTIONS", {}).get("host")
    return {"host": str(host)} if host else {}


def _url(address: str) -> str:
    parts = conninfo_to_dict(address)
    login = f"{parts['user']}:{parts.get('password') or 'secret-word'}"
    return f"postgresql://{login}@/{parts['dbname']}?host={parts['host']}&port={parts.get('port', 5432)}"
