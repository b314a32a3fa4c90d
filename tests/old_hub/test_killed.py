"""Killed in the middle, and while messages are collected: what is there in the end is the same."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC

import psycopg
import pytest
from django.db import connection

from cvgorod_hub.management.commands.rebuild_statistics import COMPARISONS
from cvgorod_hub.old_hub.migrating import Hooks
from cvgorod_hub.old_hub.models import LegacyMigration
from messaging.incoming import IncomingChat, IncomingMessage
from messaging.ingest import store_messages
from messaging.models import Message
from messaging.recounting import find_differences
from tests.factories import ChatFactory
from tests.marks import committed
from tests.old_hub.conftest import Bring, other_session
from tests.old_hub.old_database import BEGAN, CHAT, OldHub
from tests.old_hub.sums import sums

pytestmark = committed
ROWS, MESSAGES = 20, 100
RUN = """
import os, django
django.setup()
from cvgorod_hub.old_hub.migrating import Hooks, MigrationOptions, migrate
migrate(os.environ["OLD_DATABASE_URL"], MigrationOptions(rows=int(os.environ["ROWS"])), Hooks())
"""
DEADLINE = 60


@pytest.fixture
def hundred(old: OldHub) -> OldHub:
    old.chat()
    old.person()
    for _ in range(MESSAGES):
        old.analysis(old.message())
    return old


@contextmanager
def taken(number: int) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Somebody is storing this message of CHAT, and does not come to an end."""
    ChatFactory(pk=CHAT)
    with other_session() as session:
        session.execute(
            "INSERT INTO messages (id, chat_id, telegram_message_id, business_connection_id, text, "
            "message_type, media_group_id, forwarded_from, media, transcript_state, transcript, timestamp, "
            "source, created_at, changed_xid) VALUES (100000, %s, %s, '', '', 'text', '', '', '{}', '', '', "
            "now(), 'telegram', now(), 0)",
            [CHAT, number],
        )
        yield session
        session.rollback()


def wait_until_somebody_waits(session: psycopg.Connection[tuple[object, ...]]) -> None:
    """For this session's transaction."""
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
    own = session.info.backend_pid
    deadline = time.monotonic() + DEADLINE
    with other_session() as watcher:
        watcher.autocommit = True
        while watcher.execute(blocked, [own]).fetchone() == (0,):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_killed_in_the_middle_it_goes_on_behind_the_last_batch(hundred: OldHub, bring: Bring) -> None:
    database = connection.get_connection_params()["dbname"]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": os.environ["DATABASE_URL"].replace("/postgres?", f"/{database}?"),
        "OLD_DATABASE_URL": hundred.url,
        "ROWS": str(ROWS),
    }
    with taken(3 * ROWS + 5) as session:
        process = subprocess.Popen([sys.executable, "-c", RUN], env=environment)
        try:
            wait_until_somebody_waits(session)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    state = LegacyMigration.objects.get()
    assert (state.state, state.checkpoint, Message.objects.count()) == ("running", 3 * ROWS, 3 * ROWS)

    settled: dict[str, int] = {}
    begun: list[dict[str, int]] = []

    def progress(table: str, rows: int) -> None:
        settled[table] = settled.get(table, 0) + rows
        if table == "pending_responses" and not begun:
            begun.append(dict(settled))

    report = bring(Hooks(on_progress=progress), rows=ROWS)

    assert begun[0]["messages"] == begun[0]["message_analysis"] == 3 * ROWS
    assert settled["messages"] == MESSAGES
    assert sums(report, "messages") == sums(report, "message_analysis") == (MESSAGES, {}, {})
    assert Message.objects.count() == MESSAGES
    assert LegacyMigration.objects.get().state == "finished"
    assert find_differences(COMPARISONS) == {}
    assert sums(bring(), "messages") == (0, {"is here already": MESSAGES}, {})


def test_where_the_old_hub_changed_what_was_settled_it_is_read_again(hundred: OldHub, bring: Bring) -> None:
    bring(rows=ROWS)
    LegacyMigration.objects.update(state="running", checkpoint=3 * ROWS)
    hundred.session.execute("DELETE FROM message_analysis WHERE message_id = 7")
    hundred.session.execute("DELETE FROM messages WHERE id = 7")

    report = bring(rows=ROWS)

    assert sums(report, "messages") == (0, {"is here already": MESSAGES - 1}, {})


def test_messages_that_are_collected_meanwhile_are_one_row_each(hundred: OldHub, bring: Bring) -> None:
    """Half of them the old hub has, too."""
    numbers = range(MESSAGES // 2, MESSAGES + MESSAGES // 2)
    gate = threading.Barrier(2)
    failed: list[BaseException] = []

    def collect() -> None:
        try:
            gate.wait()
            for place in range(0, len(numbers), 5):
                store_messages([_collected(number) for number in numbers[place : place + 5]])
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    collector = threading.Thread(target=collect)
    collector.start()
    gate.wait()
    report = bring(rows=5)
    collector.join()

    assert failed == []
    copied, merged, skipped = sums(report, "messages")
    assert (copied + sum(merged.values()), skipped) == (MESSAGES, {})
    assert sorted(Message.objects.values_list("telegram_message_id", flat=True)) == list(
        range(1, MESSAGES + MESSAGES // 2)
    )
    assert set(Message.objects.filter(telegram_message_id__in=numbers).values_list("source", flat=True)) == {
        "telegram"
    }
    assert find_differences(COMPARISONS) == {}


def _collected(number: int) -> IncomingMessage:
    return IncomingMessage(
        chat=IncomingChat(id=CHAT, chat_type="supergroup", name="Магазин"),
        telegram_message_id=number,
        timestamp=BEGAN.replace(tzinfo=UTC),
        message_type="text",
        text="Роза есть?",
        arrival=number,
    )
