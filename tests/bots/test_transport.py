import time

import pytest
from django.utils import timezone
from pytest_django import Settings

from bots.models import TelegramBot
from bots.simulator import SimulatedTelegram, answers
from bots.transport import TelegramTransport
from sandbox.transport import Outcome, TransportError
from tests.drills.black_hole import black_hole

pytestmark = pytest.mark.django_db

CHAT = -1001


@pytest.fixture(autouse=True)
def chat(telegram: SimulatedTelegram) -> None:
    telegram.add_chat(CHAT, "Магазин")


def send(text: str = "Роза <b>есть</b> & ждёт", reply_to: int | None = None) -> TransportError | None:
    try:
        TelegramTransport().send(chat_id=CHAT, text=text, reply_to_message_id=reply_to)
    except TransportError as error:
        return error
    return None


def test_a_reply_arrives_as_the_plain_text_that_was_approved(telegram: SimulatedTelegram) -> None:
    TelegramBot.objects.create(id=telegram.bot["id"], username="known_bot")

    sent = TelegramTransport().send(chat_id=CHAT, text="Роза <b>есть</b> & ждёт", reply_to_message_id=None)

    [arrived] = telegram.sent_messages
    assert (arrived.chat_id, arrived.text) == (CHAT, "Роза <b>есть</b> & ждёт")
    [call] = telegram.calls("sendMessage")
    assert "parse_mode" not in call.params
    assert sent.sender_id == telegram.bot["id"]
    assert abs((sent.sent_at - timezone.now()).total_seconds()) < 5


@pytest.mark.parametrize("is_off", [True, False])
def test_link_previews_are_off_as_the_setting_says(
    telegram: SimulatedTelegram, settings: Settings, is_off: bool
) -> None:
    settings.SEND_WITHOUT_LINK_PREVIEW = is_off

    send("https://example.com/roses")

    [call] = telegram.calls("sendMessage")
    options = call.params.get("link_preview_options")
    assert (options is not None and "is_disabled" in str(options)) == is_off


def test_an_answer_to_a_deleted_question_is_still_sent(telegram: SimulatedTelegram) -> None:
    assert send(reply_to=424242) is None

    assert len(telegram.sent_messages) == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (answers.refuse(400, "Bad Request: chat not found"), Outcome.REFUSED),
        (answers.refuse(403, "Forbidden: bot was kicked from the supergroup chat"), Outcome.REFUSED),
        (answers.refuse(413, "Request Entity Too Large"), Outcome.REFUSED),
        (answers.refuse(401, "Unauthorized"), Outcome.NOT_SENT),
        (answers.refuse(404, "Not Found"), Outcome.NOT_SENT),
        (answers.refuse(409, "Conflict"), Outcome.NOT_SENT),
        (answers.too_many_requests(7), Outcome.NOT_SENT),
        (answers.migrated(-100777), Outcome.NOT_SENT),
        (answers.server_error(), Outcome.UNKNOWN),
        (answers.server_error(delivered=True), Outcome.UNKNOWN),
        (answers.bad_gateway(), Outcome.UNKNOWN),
        (answers.garbage(delivered=True), Outcome.UNKNOWN),
        (answers.disconnect(), Outcome.UNKNOWN),
        (answers.disconnect(delivered=True), Outcome.UNKNOWN),
    ],
)
def test_each_end_of_an_attempt_is_told_apart(
    telegram: SimulatedTelegram, answer: answers.Answer, outcome: Outcome
) -> None:
    telegram.script("sendMessage", [answer])

    error = send()

    assert error is not None
    assert error.outcome is outcome
    assert telegram.token not in str(error)
    assert len(telegram.calls("sendMessage")) == 1


def test_a_removed_bot_closes_the_chat(telegram: SimulatedTelegram) -> None:
    telegram.script("sendMessage", [answers.refuse(403, "Forbidden: bot was kicked from the group chat")])

    error = send()

    assert error is not None
    assert error.chat_unreachable


def test_telegrams_pause_and_a_groups_new_id_are_passed_on(telegram: SimulatedTelegram) -> None:
    telegram.script("sendMessage", [answers.too_many_requests(7), answers.migrated(-100777)])

    slow, moved = send(), send()

    assert slow is not None
    assert slow.retry_after == 7
    assert moved is not None
    assert moved.migrated_to == -100777


@pytest.mark.parametrize(
    "answer",
    [
        answers.refuse(429, "Too Many Requests"),
        answers.too_many_requests(0),
        answers.too_many_requests(-3),
        answers.garbage(b"<html>429 Too Many Requests</html>", status=429),
    ],
)
def test_too_many_requests_took_nothing_whatever_pause_it_names(
    telegram: SimulatedTelegram, answer: answers.Answer
) -> None:
    telegram.script("sendMessage", [answer])

    error = send()

    assert error is not None
    assert error.outcome is Outcome.NOT_SENT
    assert error.retry_after is not None
    assert error.retry_after >= 1


def test_a_telegram_that_is_not_there_certainly_took_nothing(settings: Settings) -> None:
    settings.TELEGRAM_API_URL = "http://127.0.0.1:9"

    error = send()

    assert error is not None
    assert error.outcome is Outcome.NOT_SENT


def test_a_telegram_that_cannot_be_reached_certainly_took_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packets are dropped on the way: no refusal, no connection."""
    monkeypatch.setattr("bots.client.CONNECT_SECONDS", 0.3)
    with black_hole() as port:
        settings.TELEGRAM_API_URL = f"http://127.0.0.1:{port}"
        error = send()

    assert error is not None
    assert error.outcome is Outcome.NOT_SENT


def test_a_call_that_hangs_ends_at_its_deadline(telegram: SimulatedTelegram, settings: Settings) -> None:
    settings.SEND_DEADLINE_SECONDS = 0.5
    telegram.script("sendMessage", [answers.hang(delivered=True)])
    began = time.monotonic()

    error = send()

    assert error is not None
    assert error.outcome is Outcome.UNKNOWN
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("token", ["nonsense", "123", "1:"])
def test_a_token_that_is_none_is_said_without_the_token(settings: Settings, token: str) -> None:
    settings.TELEGRAM_BOT_TOKEN = token

    error = send()

    assert error is not None
    assert error.stop_all
    assert "TELEGRAM_BOT_TOKEN" in str(error)
