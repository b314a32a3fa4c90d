"""The real collector process against the simulated Telegram: nothing lost, nothing twice."""

import random
import signal
import threading
import time

import pytest

from bots.models import RawUpdate, TelegramBot
from bots.simulator import SimulatedTelegram, answers
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

    collector = processes.manage("collect_telegram")
    wait_for(lambda: Message.objects.count() >= 200)
    wait_for(lambda: telegram.is_polled)
    collector.send_signal(signal.SIGTERM)

    assert collector.wait(10) == 0
    assert sorted(Message.objects.values_list("text", flat=True)) == sorted(texts)
    assert RawUpdate.objects.filter(parse_state="parsed").count() == 200
    assert telegram.waiting_updates == []


def test_a_collector_killed_again_and_again_loses_and_doubles_nothing(
    processes: Processes, telegram: SimulatedTelegram
) -> None:
    sent: set[str] = set()
    talking = threading.Event()

    def talk() -> None:
        number = 0
        while not talking.wait(0.02):
            number += 1
            text = f"Слово {number}"
            telegram.client_writes(CHATS[number % len(CHATS)], text)
            sent.add(text)

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        for _kill in range(2):
            before = RawUpdate.objects.count()
            collector = processes.manage("collect_telegram")
            wait_for(lambda before=before: RawUpdate.objects.count() > before)
            time.sleep(random.uniform(0, 0.3))  # noqa: S311  (anywhere in its work, not at a chosen place)
            processes.kill(collector)
    finally:
        talking.set()
        talker.join()
    last = processes.manage("collect_telegram")
    wait_for(lambda: Message.objects.count() >= len(sent) and telegram.waiting_updates == [])
    last.send_signal(signal.SIGTERM)

    assert last.wait(10) == 0
    assert sorted(Message.objects.values_list("text", flat=True)) == sorted(sent)
    assert not RawUpdate.objects.exclude(parse_state="parsed").exists()


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


def test_telegram_failing_for_a_while_only_delays(processes: Processes, telegram: SimulatedTelegram) -> None:
    telegram.script(
        "getUpdates",
        [answers.bad_gateway(), answers.disconnect(), answers.garbage(), answers.too_many_requests(1)],
    )
    write(telegram, 3)

    processes.manage("collect_telegram")

    wait_for(lambda: Message.objects.count() == 3)
    assert RawUpdate.objects.count() == 3
    assert processes.log("collect_telegram").count("collector waits") == 4


def test_a_refused_token_ends_the_collector_with_one_line(
    processes: Processes, telegram: SimulatedTelegram
) -> None:
    telegram.revoke_token()

    collector = processes.manage("collect_telegram")

    assert collector.wait(60) == 78
    [line] = processes.log("collect_telegram").strip().splitlines()
    assert "TELEGRAM_BOT_TOKEN" in line
    assert telegram.token not in line


def test_a_second_collector_says_who_holds_the_bot(processes: Processes, telegram: SimulatedTelegram) -> None:
    processes.manage("collect_telegram")
    wait_for(lambda: telegram.is_polled)

    second = processes.manage("collect_telegram", "--once")

    assert second.wait(60) == 1
    assert "already polled by collect_telegram on" in processes.log("collect_telegram")
    assert TelegramBot.objects.count() == 1
