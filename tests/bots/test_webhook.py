"""Telegram's deliveries: stored before the 200, whoever else knocks is told nothing."""

import json
import logging
import subprocess
import sys
from typing import Any
from unittest.mock import patch

import pytest
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from bots import webhook
from bots.models import RawUpdate, TelegramBot
from messaging.models import Message
from tests.fakes import BOT_ID

pytestmark = pytest.mark.django_db

SECRET = "s3cret_of-the-webhook"
PATH = f"/telegram/webhook/{BOT_ID}"


@pytest.fixture(autouse=True)
def bot(settings: Settings) -> TelegramBot:
    settings.TELEGRAM_WEBHOOK_SECRET = SECRET
    return TelegramBot.objects.create(id=BOT_ID, next_offset=50)


def message(update_id: int, text: str = "Роза есть?") -> dict[str, Any]:
    return {
        "update_id": update_id,
        "message": {
            "message_id": update_id,
            "date": 1_790_000_000,
            "chat": {"id": -1001, "type": "supergroup", "title": "Магазин"},
            "from": {"id": 5, "is_bot": False, "first_name": "Анна"},
            "text": text,
        },
    }


def deliver(
    client: Client, body: bytes | dict[str, Any], *, path: str = PATH, secret: str = SECRET, **extra: Any
) -> HttpResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
    extra.setdefault("CONTENT_LENGTH", str(len(content)))
    answer = client.post(path, content, content_type="application/json", headers=headers, **extra)
    assert isinstance(answer, HttpResponse)
    return answer


def test_an_update_is_stored_and_a_worker_is_told(client: Client) -> None:
    with patch.object(webhook, "nudge", return_value=True) as nudge:
        answer = deliver(client, message(101))

    assert (answer.status_code, answer.content) == (200, b"")
    [row] = RawUpdate.objects.all()
    assert (row.bot_id, row.update_id, row.parse_state, row.decoded()) == (
        BOT_ID,
        101,
        "pending",
        message(101),
    )
    [call] = nudge.call_args_list
    assert call.args[0].name == "bots.tasks.parse_pending_updates"


def test_deliveries_never_move_the_offset_of_polling(client: Client, bot: TelegramBot) -> None:
    with patch.object(webhook, "nudge", return_value=True):
        for update_id in (103, 101, 102):
            assert deliver(client, message(update_id)).status_code == 200

    bot.refresh_from_db()
    assert bot.next_offset == 50
    assert bot.last_update_at is not None
    assert sorted(RawUpdate.objects.values_list("update_id", flat=True)) == [101, 102, 103]


def test_what_comes_twice_is_stored_once(client: Client) -> None:
    assert [deliver(client, message(101)).status_code for _again in range(3)] == [200, 200, 200]

    assert RawUpdate.objects.count() == 1


def test_while_redis_is_away_the_web_process_reads(client: Client) -> None:
    with patch.object(webhook, "nudge", return_value=False):
        deliver(client, message(101, "Тюльпаны есть?"))

    assert Message.objects.get().text == "Тюльпаны есть?"
    assert RawUpdate.objects.get().parse_state == "parsed"


def test_a_reading_that_breaks_does_not_refuse_what_is_stored(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        patch.object(webhook, "nudge", return_value=False),
        patch.object(webhook, "parse_all_waiting_updates", side_effect=OperationalError("gone")),
        caplog.at_level(logging.ERROR, logger="bots.webhook"),
    ):
        assert deliver(client, message(101)).status_code == 200

    assert RawUpdate.objects.get().parse_state == "pending"
    assert caplog.messages == [f"webhook cannot read what it stored bot={BOT_ID}"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b'{"update_id": 1',
        b"[1, 2]",
        b'"text"',
        b"null",
        b"12",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"9" * 10_000,
        b'{"update_id": 7, "message": "no object"}',
    ],
)
def test_what_cannot_be_read_is_kept_and_not_delivered_again(client: Client, body: bytes) -> None:
    with patch.object(webhook, "nudge", return_value=False):
        assert deliver(client, body).status_code == 200

    row = RawUpdate.objects.get()
    assert row.parse_state == "failed"
    assert row.error != ""


def test_bytes_that_are_no_text_are_kept_to_the_last_one(client: Client) -> None:
    deliver(client, b"\xff\x00\xd0\xa0")

    kept = RawUpdate.objects.get().decoded()
    assert isinstance(kept, str)
    assert kept.encode("utf-8", "surrogateescape") == b"\xff\x00\xd0\xa0"


@pytest.mark.parametrize("secret", ["", "wrong", f"{SECRET} ", "секрет", SECRET.upper(), "\udcff"])
def test_a_wrong_secret_is_refused_whatever_else_is_right(client: Client, secret: str) -> None:
    headers = {"HTTP_X_TELEGRAM_BOT_API_SECRET_TOKEN": secret} if secret else {}

    for path in (PATH, "/telegram/webhook/404"):
        answer = client.post(path, b"{}", content_type="application/json", **headers)
        assert (answer.status_code, answer.content) == (403, b"")

    assert not RawUpdate.objects.exists()


def test_without_a_secret_of_ours_there_is_no_webhook(client: Client, settings: Settings) -> None:
    settings.TELEGRAM_WEBHOOK_SECRET = ""

    assert deliver(client, message(1)).status_code == 404
    assert deliver(client, message(1), secret="").status_code == 404
    assert not RawUpdate.objects.exists()


@pytest.mark.parametrize("bot_id", ["404", "999999999999999999"])
def test_a_bot_that_is_not_ours_is_not_found(client: Client, bot_id: str) -> None:
    assert deliver(client, message(1), path=f"/telegram/webhook/{bot_id}").status_code == 404
    assert not RawUpdate.objects.exists()


@pytest.mark.parametrize("method", ["get", "put", "delete", "head"])
def test_only_post_is_answered(client: Client, method: str) -> None:
    assert getattr(client, method)(PATH).status_code == 405


def test_a_body_beyond_the_limit_is_refused_unread(client: Client) -> None:
    with patch.object(webhook, "_read") as read:
        answer = deliver(client, b"{}", CONTENT_LENGTH=str(webhook.LARGEST_BODY + 1))

    assert answer.status_code == 413
    read.assert_not_called()


def test_an_update_as_large_as_the_limit_is_taken(client: Client) -> None:
    """Larger than what Django reads into memory by default."""
    body = json.dumps(message(1)).encode()
    body += b" " * (webhook.LARGEST_BODY - len(body))

    assert deliver(client, body).status_code == 200
    assert RawUpdate.objects.get().update_id == 1


@pytest.mark.parametrize("length", ["", "-1", "many", "٣"])
def test_a_body_without_a_length_is_refused(client: Client, length: str) -> None:
    assert deliver(client, message(1), CONTENT_LENGTH=length).status_code == 411


def test_a_body_that_ends_too_soon_is_delivered_again(client: Client) -> None:
    with patch.object(webhook, "_read", return_value=b'{"update'):
        assert deliver(client, message(1)).status_code == 400

    assert not RawUpdate.objects.exists()


@pytest.mark.parametrize("error", [OperationalError("server closed the connection"), InterfaceError("gone")])
def test_a_database_that_is_away_has_telegram_try_again_soon(client: Client, error: Exception) -> None:
    with patch.object(webhook, "store_updates", side_effect=error):
        answer = deliver(client, message(1))

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_neither_a_session_nor_a_csrf_token_is_asked_for(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["sessionid"] = "whatever"

    # The bot; who was erased; the row, its bot and the transaction around them.
    with patch.object(webhook, "nudge", return_value=True), django_assert_num_queries(6):
        answer = deliver(client, message(1))

    assert (answer.status_code, dict(answer.cookies)) == (200, {})


def test_nothing_that_is_logged_holds_the_secret(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        deliver(client, message(1))
        deliver(client, message(1), path="/telegram/webhook/404")
        deliver(client, b"{}", CONTENT_LENGTH="")
        with patch.object(webhook, "store_updates", side_effect=OperationalError("gone")):
            deliver(client, message(2))

    assert SECRET not in caplog.text


def test_a_web_process_does_not_load_aiogram() -> None:
    code = (
        "import sys, django; django.setup(); import cvgorod_hub.urls; "
        "from django.contrib import admin; admin.autodiscover(); sys.exit('aiogram' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0
