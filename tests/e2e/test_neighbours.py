"""The real collector beside another one, and without Redis."""

import signal

import pytest

from bots.models import ButtonPress, TelegramBot
from bots.simulator import SimulatedTelegram
from cvgorod_hub.embedded import free_port
from messaging.models import Message
from tests.e2e.ledger import Ledger
from tests.e2e.processes import Processes, wait_for
from tests.marks import committed

pytestmark = [committed, pytest.mark.e2e]

BOTH = -1_001_000_000_009
OTHER_TOKEN = "990000002:another-simulated-bot-is-no-secret"


def test_a_second_collector_says_who_holds_the_bot(processes: Processes, telegram: SimulatedTelegram) -> None:
    first = processes.manage("collect_telegram")
    wait_for(lambda: telegram.is_polled)

    second = processes.manage("collect_telegram", "--once")

    assert second.wait(60) == 1
    log = processes.log("collect_telegram")
    assert "already polled by collect_telegram on" in log
    assert f"process {first.pid};" in log
    assert TelegramBot.objects.count() == 1
    assert first.poll() is None


def test_two_bots_are_collected_side_by_side(processes: Processes, telegram: SimulatedTelegram) -> None:
    with SimulatedTelegram(token=OTHER_TOKEN) as other:
        ledgers = [
            Ledger(telegram, processes.database_url, chats=(-1_001_000_000_001, BOTH)),
            Ledger(other, processes.database_url, chats=(-1_001_000_000_002,)),
        ]
        processes.manage("collect_telegram")
        processes.environment |= {"TELEGRAM_API_URL": other.url, "TELEGRAM_BOT_TOKEN": other.token}
        processes.manage("collect_telegram")
        for _turn in range(20):
            for ledger in ledgers:
                ledger.write(3)
                ledger.edit()
        # A message of a supergroup that both are in has one number, and is one message.
        seen = telegram.client_writes(BOTH, "Видят оба")
        other.add_update({"message": seen["message"]})

        wait_for(lambda: telegram.is_polled and not telegram.waiting_updates)
        wait_for(lambda: other.is_polled and not other.waiting_updates)

    assert Message.objects.filter(text="Видят оба").count() == 1
    assert {
        bot.pk: bot.updates.filter(parse_state="parsed").count() for bot in TelegramBot.objects.all()
    } == {
        telegram.bot["id"]: 81,
        other.bot["id"]: 81,
    }
    assert Message.objects.count() == 121


def test_without_redis_everything_is_collected_and_read(
    processes: Processes, telegram: SimulatedTelegram
) -> None:
    processes.environment["REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    ledger = Ledger(telegram, processes.database_url, chats=(-1001,))
    ledger.write(3)
    ledger.edit()
    collector = processes.manage("collect_telegram")
    wait_for(ledger.is_stored)
    ledger.check_all_is_there_once()

    # What a press does waits for a worker; the press itself is kept, and nothing behind it waits.
    bots_words = telegram.client_writes(-1001, "Карточка")
    telegram.presses_button(-1001, bots_words["message"]["message_id"], "approve:1:1")
    telegram.client_writes(-1001, "После нажатия")
    wait_for(lambda: Message.objects.filter(text="После нажатия").exists())

    assert ButtonPress.objects.filter(decided_at=None).count() == 1
    wait_for(lambda: "nudge lost task=bots.tasks.settle_presses" in processes.log("collect_telegram"))
    collector.send_signal(signal.SIGTERM)
    assert collector.wait(10) == 0
