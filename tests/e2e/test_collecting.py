"""The real collector process against the simulated Telegram: nothing lost, nothing twice."""

import signal
import sys

import pytest

from bots.models import RawUpdate
from bots.simulator import SimulatedTelegram
from messaging.models import Message
from tests.e2e.processes import Processes, wait_for
from tests.marks import committed

pytestmark = [committed, pytest.mark.e2e]

CHATS = [-1001, -1002, -1003, -1004]


def write(telegram: SimulatedTelegram, count: int) -> set[str]:
    """So many messages in several chats; returns their texts."""
    texts = {f"Сообщение {number} из {count}" for number in range(count)}
    for place, text in enumerate(sorted(texts)):
        telegram.client_writes(CHATS[place % len(CHATS)], text)
    return texts


def test_two_hundred_updates_appear_exactly_once_each(
    processes: Processes, telegram: SimulatedTelegram
) -> None:
    texts = write(telegram, 200)

    # The very command line that people use, from nothing; the other tests fork (forking.py).
    collector = processes.start([sys.executable, "manage.py", "collect_telegram"], name="collect_telegram")
    wait_for(lambda: Message.objects.count() >= 200)
    wait_for(lambda: telegram.is_polled)
    collector.send_signal(signal.SIGTERM)

    assert collector.wait(10) == 0
    assert sorted(Message.objects.values_list("text", flat=True)) == sorted(texts)
    assert RawUpdate.objects.filter(parse_state="parsed").count() == 200
    assert telegram.waiting_updates == []


def test_once_takes_all_that_waits_and_confirms_it(processes: Processes, telegram: SimulatedTelegram) -> None:
    write(telegram, 150)

    assert processes.manage("collect_telegram", "--once").wait(60) == 0

    assert Message.objects.count() == 150
    assert telegram.waiting_updates == []


def test_a_poisonous_update_is_kept_and_its_neighbours_come_through(
    processes: Processes, telegram: SimulatedTelegram
) -> None:
    telegram.client_writes(CHATS[0], "до")
    telegram.add_update({"message": {"message_id": "not a number", "chat": 5}})
    telegram.client_writes(CHATS[0], "после")

    processes.manage("collect_telegram")
    wait_for(lambda: Message.objects.count() == 2)

    failed = RawUpdate.objects.get(parse_state="failed")
    assert "message_id" in failed.error


def test_a_refused_token_ends_the_collector_with_one_line(
    processes: Processes, telegram: SimulatedTelegram
) -> None:
    telegram.revoke_token()

    collector = processes.manage("collect_telegram")

    assert collector.wait(60) == 78
    [line] = processes.log("collect_telegram").strip().splitlines()
    assert "TELEGRAM_BOT_TOKEN" in line
    assert telegram.token not in line
