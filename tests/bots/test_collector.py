"""The collector's loop in this process: what goes wrong is written down, and it goes on trying."""

import asyncio
from collections.abc import Callable, Iterator

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections

from bots import collector as collectors
from bots.client import TokenRefusedError, open_bot
from bots.collector import Collector, WebhookIsSetError
from bots.models import CollectionGap, RawUpdate, TelegramBot
from bots.poller_lock import LONGEST_NAME, PollerLock, PollerLockError
from bots.simulator import SimulatedTelegram, answers
from tests.e2e.processes import wait_for
from tests.fakes import BOT_ID
from tests.marks import committed

pytestmark = committed


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collectors, "LONGEST_PAUSE_SECONDS", 0.0)


def collect(*, until: Callable[[], bool] | None = None) -> None:
    """Run until nothing is left; or, with a predicate, as a service until it holds."""

    async def run() -> None:
        async with open_bot() as bot:
            collector = Collector(bot=bot, once=until is None)
            collector._pause = 0.0
            if until is None:
                await collector.run()
                return
            running = asyncio.create_task(collector.run())
            watching = asyncio.create_task(asyncio.to_thread(_wait, until, running))
            await asyncio.wait({running, watching}, return_when=asyncio.FIRST_COMPLETED)
            collector.stop.set()
            await asyncio.gather(running, watching)

    async def run_and_disconnect() -> None:
        try:
            await run()
        finally:
            # asgiref's thread, and with it its connection, would outlive the test.
            await sync_to_async(connections.close_all)()

    asyncio.run(run_and_disconnect())


def _wait(until: Callable[[], bool], running: "asyncio.Task[None]") -> None:
    """In a thread of its own, with a connection of its own."""
    try:
        wait_for(lambda: running.done() or until())
    finally:
        connection.close()


def test_a_webhook_is_refused_before_the_first_poll(telegram: SimulatedTelegram) -> None:
    with telegram.state.lock:
        telegram.state.webhook.url = "https://hub.example.com/"

    with pytest.raises(WebhookIsSetError, match=r"manage.py delete_webhook"):
        collect()

    assert telegram.calls("getUpdates") == []
    assert telegram.calls("deleteWebhook") == []


def test_conflicts_are_counted_and_it_goes_on(telegram: SimulatedTelegram) -> None:
    conflict = answers.refuse(409, "Conflict: terminated by other getUpdates request")
    telegram.script("getUpdates", [conflict] * 4)
    telegram.client_writes(-1001, "Роза есть?")

    collect(until=lambda: RawUpdate.objects.exists())

    bot = TelegramBot.objects.get()
    assert bot.conflicts == 4
    assert "Conflict" in bot.poll_error
    assert bot.last_poll_at is not None


def test_a_refused_token_is_written_down(telegram: SimulatedTelegram) -> None:
    collect()
    telegram.revoke_token()

    with pytest.raises(TokenRefusedError):
        collect()

    assert TelegramBot.objects.get().token_refused_at is not None


def test_a_start_after_a_long_stop_leaves_a_gap(telegram: SimulatedTelegram) -> None:
    TelegramBot.objects.create(id=telegram.bot["id"], last_poll_at="2026-01-01T00:00:00Z")

    collect()
    collect()

    assert CollectionGap.objects.get().has_losses is True


def test_the_bots_rights_are_looked_at_again_while_it_runs(
    telegram: SimulatedTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collectors, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(collectors, "POLL_SECONDS", 0)
    telegram.turn_privacy_on()

    def is_known() -> bool:
        bot = TelegramBot.objects.filter(last_poll_at__isnull=False).first()
        if bot is not None and not bot.can_read_all_group_messages:
            with telegram.state.lock:
                telegram.state.reads_all_messages = True
        return bot is not None and bot.can_read_all_group_messages

    collect(until=is_known)

    assert TelegramBot.objects.get().can_read_all_group_messages is True


# --- the lock -------------------------------------------------------------------------------------
@pytest.fixture
def lock() -> Iterator[PollerLock]:
    held = PollerLock(BOT_ID)
    held.hold()
    yield held
    held.release()


def test_a_second_poller_is_told_who_holds_the_bot_wherever_that_runs(
    lock: PollerLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock.release()
    monkeypatch.setattr("socket.gethostname", lambda: f"shop-{'x' * 80}")
    lock.hold()

    with pytest.raises(PollerLockError, match=r"collect_telegram on shop-x+, process \d+;") as refused:
        PollerLock(BOT_ID).hold()

    name = str(refused.value).partition("by ")[2].partition(";")[0]
    assert len(name) == LONGEST_NAME
    neighbour = PollerLock(BOT_ID + 1)  # another bot's is free
    neighbour.hold()
    neighbour.release()


def test_a_lock_that_a_restarted_database_forgot_is_taken_again_or_given_up(lock: PollerLock) -> None:
    def cut_off() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name LIKE 'collect_telegram on%%'"
            )

    cut_off()
    lock.hold()  # nobody else took it
    cut_off()
    other = PollerLock(BOT_ID)
    other.hold()
    try:
        with pytest.raises(PollerLockError, match="already polled by"):
            lock.hold()
    finally:
        other.release()


def test_a_machine_that_is_gone_keeps_its_lock_for_a_minute_at_the_most(lock: PollerLock) -> None:
    held = lock._connection
    assert isinstance(held, psycopg.Connection)
    options = held.info.get_parameters()

    assert (options["keepalives_idle"], options["tcp_user_timeout"]) == ("30", "60000")
