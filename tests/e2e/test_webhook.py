"""Telegram delivers to real web processes: nothing lost, nothing twice, whatever is away meanwhile."""

import signal

import pytest
from django.core.management import call_command
from pytest_django import Settings

from bots.models import RawUpdate, TelegramBot
from bots.simulator import SimulatedTelegram
from messaging.models import Message
from tests.e2e.processes import Processes, wait_for
from tests.marks import committed

pytestmark = [committed, pytest.mark.e2e]

SECRET = "e2e_secret-of-the-webhook"
CHATS = [-1001, -1002, -1003]


@pytest.fixture(autouse=True)
def _configured(settings: Settings, processes: Processes, telegram: SimulatedTelegram) -> None:
    settings.TELEGRAM_API_URL, settings.TELEGRAM_BOT_TOKEN = telegram.url, telegram.token
    settings.TELEGRAM_WEBHOOK_SECRET = SECRET
    settings.HUB_PUBLIC_URL, settings.ALLOWED_HOSTS = "https://hub.example.com", ["hub.example.com"]
    processes.environment |= {
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1,hub.example.com",
    }


def write(telegram: SimulatedTelegram, first: int, count: int) -> set[str]:
    texts = {f"Слово {number}" for number in range(first, first + count)}
    for place, text in enumerate(sorted(texts)):
        telegram.client_writes(CHATS[place % len(CHATS)], text)
    return texts


def test_deliveries_to_two_web_processes_of_which_one_dies(
    processes: Processes, telegram: SimulatedTelegram
) -> None:
    first, second = processes.web(), processes.web()
    call_command("setup_webhook")
    processes.worker()

    sent = write(telegram, 0, 60)
    telegram.let_webhook_reach(first)
    wait_for(lambda: RawUpdate.objects.count() >= 10)
    dying = processes.process_of(first)
    processes.kill(dying)
    sent |= write(telegram, 60, 60)
    wait_for(lambda: telegram.state.webhook.last_error is not None)
    telegram.let_webhook_reach(second)
    wait_for(lambda: telegram.waiting_updates == [])
    wait_for(lambda: Message.objects.count() >= 120)

    assert sorted(Message.objects.values_list("text", flat=True)) == sorted(sent)
    assert RawUpdate.objects.filter(parse_state="parsed").count() == 120
    assert TelegramBot.objects.get().next_offset is None
    assert SECRET not in processes.log("web") + processes.log("worker")


def test_a_collector_refuses_a_webhook_and_takes_over_after_its_removal(
    processes: Processes, telegram: SimulatedTelegram
) -> None:
    call_command("setup_webhook")
    sent = write(telegram, 0, 3)

    refused = processes.manage("collect_telegram")

    assert refused.wait(60) == 78
    [line] = processes.log("collect_telegram").strip().splitlines()
    assert "manage.py delete_webhook" in line
    assert telegram.state.webhook.url.startswith("https://hub.example.com")
    assert telegram.calls("getUpdates") == []

    call_command("delete_webhook")
    collector = processes.manage("collect_telegram")
    wait_for(lambda: Message.objects.count() == 3)
    wait_for(lambda: telegram.is_polled)
    collector.send_signal(signal.SIGTERM)
    assert collector.wait(10) == 0
    assert set(Message.objects.values_list("text", flat=True)) == sent


def test_a_webhook_that_is_set_while_the_collector_runs_ends_it(
    processes: Processes, telegram: SimulatedTelegram
) -> None:
    collector = processes.manage("collect_telegram")
    wait_for(lambda: telegram.is_polled)

    with telegram.state.lock:
        telegram.state.webhook.url = "https://elsewhere.example.com/"
        telegram.state.end_poll("terminated by setWebhook request")

    assert collector.wait(60) == 78
    assert "A webhook is set for this bot" in processes.log("collect_telegram")
    assert TelegramBot.objects.get().webhook_url == "https://elsewhere.example.com/"
