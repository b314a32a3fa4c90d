"""setup_webhook and delete_webhook against the simulated Telegram: one clear line, and nothing dropped."""

import io
import json
import os
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from bots import webhook_setup
from bots.models import TelegramBot
from bots.poller_lock import PollerLock
from bots.simulator import SimulatedTelegram, answers
from bots.webhook_setup import WebhookConfigurationError, webhook_address
from tests.bots.simulator_client import update_ids
from tests.marks import committed

pytestmark = pytest.mark.django_db

SECRET = "the_secret-of-the-webhook"


@pytest.fixture(autouse=True)
def _configured(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TELEGRAM_WEBHOOK_SECRET = SECRET
    settings.HUB_PUBLIC_URL = "https://hub.example.com"
    settings.ALLOWED_HOSTS = ["hub.example.com"]
    monkeypatch.setattr(webhook_setup, "USUAL_PAUSE_SECONDS", 0.0)


def run(name: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue().strip()


def refusal(name: str, *arguments: str) -> tuple[str, int]:
    with pytest.raises(CommandError) as caught:
        call_command(name, *arguments, stdout=io.StringIO())
    message = str(caught.value)
    assert "\n" not in message
    assert SECRET not in message
    return message, caught.value.returncode


def params(telegram: SimulatedTelegram, method: str) -> dict[str, Any]:
    [call] = telegram.calls(method)
    return call.params


def test_a_webhook_is_set_with_the_secret_and_what_waits_stays(telegram: SimulatedTelegram) -> None:
    telegram.client_writes(-1001, "Роза есть?")

    said = run("setup_webhook")

    bot_id = telegram.bot["id"]
    address = f"https://hub.example.com/telegram/webhook/{bot_id}"
    assert said == f"Telegram delivers to {address}; 1 updates wait."
    asked = params(telegram, "setWebhook")
    assert (asked["url"], asked["secret_token"], asked["max_connections"]) == (address, SECRET, "10")
    assert "message" in json.loads(asked["allowed_updates"])
    assert "drop_pending_updates" not in asked
    assert len(telegram.waiting_updates) == 1
    bot = TelegramBot.objects.get()
    assert (bot.pk, bot.webhook_url, bot.webhook_waiting) == (bot_id, address, 1)


def test_another_address_can_be_given(telegram: SimulatedTelegram, settings: Settings) -> None:
    settings.HUB_PUBLIC_URL, settings.ALLOWED_HOSTS = "http://127.0.0.1:8300", ["*"]

    run("setup_webhook", "--url", "https://shop.example.org:8443/hub/")

    asked = params(telegram, "setWebhook")
    assert asked["url"] == f"https://shop.example.org:8443/hub/telegram/webhook/{telegram.bot['id']}"


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("TELEGRAM_BOT_TOKEN", "", "TELEGRAM_BOT_TOKEN is not set"),
        ("TELEGRAM_WEBHOOK_SECRET", "", "TELEGRAM_WEBHOOK_SECRET is not set"),
        ("TELEGRAM_WEBHOOK_SECRET", "a b", "must be 1 to 256 of"),
        ("TELEGRAM_WEBHOOK_SECRET", "x" * 257, "must be 1 to 256 of"),
        ("TELEGRAM_WEBHOOK_SECRET", "секрет", "must be 1 to 256 of"),
        ("HUB_PUBLIC_URL", "http://hub.example.com", "https:// only"),
        ("HUB_PUBLIC_URL", "https://hub.example.com:8300", "443, 80, 88, 8443"),
    ],
)
def test_what_must_be_set_first_is_said_before_telegram_is_asked(
    telegram: SimulatedTelegram, settings: Settings, setting: str, value: str, says: str
) -> None:
    setattr(settings, setting, value)

    message, code = refusal("setup_webhook")

    assert says in message
    assert code == os.EX_CONFIG
    assert telegram.requests == []


@pytest.mark.parametrize(
    "url", ["", "hub.example.com", "https://", "https://[::1", "https://x:y@h", "https://h/?a=1", "ftp://h"]
)
def test_an_address_that_telegram_would_refuse_is_refused_here(url: str) -> None:
    with pytest.raises(WebhookConfigurationError):
        webhook_address(url, bot_id=1)


def test_a_refused_token_is_one_line(telegram: SimulatedTelegram) -> None:
    telegram.revoke_token()

    message, code = refusal("setup_webhook")

    assert "check TELEGRAM_BOT_TOKEN" in message
    assert code == os.EX_CONFIG


def test_a_host_that_django_refuses_is_told(telegram: SimulatedTelegram, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]

    message, code = refusal("setup_webhook")

    assert "DJANGO_ALLOWED_HOSTS does not name hub.example.com" in message
    assert code == 1


def test_what_telegram_says_against_it_is_passed_on_at_once(telegram: SimulatedTelegram) -> None:
    telegram.script("setWebhook", [answers.refuse(400, "Bad Request: bad webhook: IP address is reserved")])

    message, _code = refusal("setup_webhook")

    assert "IP address is reserved" in message
    assert len(telegram.calls("setWebhook")) == 1


def test_a_telegram_that_stumbles_is_asked_three_times(telegram: SimulatedTelegram) -> None:
    telegram.script("setWebhook", [answers.bad_gateway(), answers.disconnect(delivered=True)])
    assert run("setup_webhook").startswith("Telegram delivers to")

    telegram.script("deleteWebhook", [answers.server_error()] * 3)
    message, code = refusal("delete_webhook")
    assert "restart" in message
    assert code == 1
    assert len(telegram.calls("deleteWebhook")) == 3


@committed
def test_while_a_collector_runs_nothing_is_set(telegram: SimulatedTelegram) -> None:
    lock = PollerLock(telegram.bot["id"])
    lock.hold()
    try:
        message, code = refusal("setup_webhook")
    finally:
        lock.release()

    assert "already polled by collect_telegram on" in message
    assert message.endswith("Stop it first.")
    assert code == 1
    assert telegram.calls("setWebhook") == []
    run("setup_webhook")  # and the command itself leaves no lock behind
    lock.hold()
    lock.release()


def test_a_webhook_is_removed_and_what_waits_is_polled(telegram: SimulatedTelegram) -> None:
    run("setup_webhook")
    update = telegram.client_writes(-1001, "Роза есть?")
    TelegramBot.objects.update(next_offset=update["update_id"] + 5)

    said = run("delete_webhook")

    assert said == (
        f"Removed https://hub.example.com/telegram/webhook/{telegram.bot['id']}; "
        "1 updates wait for collect_telegram."
    )
    assert "drop_pending_updates" not in params(telegram, "deleteWebhook")
    bot = TelegramBot.objects.get()
    assert (bot.webhook_url, bot.next_offset) == ("", None)
    assert update_ids(telegram) == [update["update_id"]]


def test_where_no_webhook_is_set_nothing_is_removed(telegram: SimulatedTelegram) -> None:
    assert run("delete_webhook") == "No webhook was set; 0 updates wait."
    assert telegram.calls("deleteWebhook") == []
