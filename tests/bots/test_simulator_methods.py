"""What the simulated Bot API answers to methods, read by aiogram."""

from collections.abc import Iterator
from io import BytesIO

import pytest
import requests
from aiogram import Bot
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    ReplyParameters,
)

from bots.simulator import SimulatedTelegram
from bots.simulator.wire import MAX_DOWNLOAD_BYTES
from tests.bots.simulator_client import SECONDS, call, with_aiogram

GROUP = -1_001_234_567_890
KEYBOARD = InlineKeyboardMarkup(
    inline_keyboard=[[InlineKeyboardButton(text="Одобрить", callback_data="approve:1")]]
)


@pytest.fixture
def telegram() -> Iterator[SimulatedTelegram]:
    with SimulatedTelegram(first_update_id=100, first_message_id=1) as simulated:
        simulated.add_chat(GROUP, "Магазин «Пример»")
        yield simulated


def test_get_me_is_the_bot_of_the_token(telegram: SimulatedTelegram) -> None:
    me = with_aiogram(telegram, lambda bot: bot.get_me())
    assert me.id == int(telegram.token.split(":")[0]) == telegram.bot["id"]
    assert me.can_read_all_group_messages is True


@pytest.mark.parametrize("how", ["query", "form", "multipart", "json"])
def test_params_come_in_every_way_telegram_reads(telegram: SimulatedTelegram, how: str) -> None:
    url = f"{telegram.url}/bot{telegram.token}/sendmessage"
    params = {"chat_id": str(GROUP), "text": "Да, есть & будут"}
    parts = {name: (None, value) for name, value in params.items()}
    answer = {
        "query": lambda: requests.get(url, params=params, timeout=SECONDS),
        "form": lambda: requests.post(url, data=params, timeout=SECONDS),
        "multipart": lambda: requests.post(url, files=parts, timeout=SECONDS),
        "json": lambda: requests.post(url, json=params | {"chat_id": GROUP}, timeout=SECONDS),
    }[how]()
    assert answer.json()["result"]["text"] == "Да, есть & будут"
    assert [call.method for call in telegram.requests] == ["sendMessage"]


def test_a_sent_message_stands_in_the_chat_and_is_no_update(telegram: SimulatedTelegram) -> None:
    message = with_aiogram(telegram, lambda bot: bot.send_message(GROUP, "Да, роза есть."))
    (sent,) = telegram.sent_messages
    assert (sent.chat_id, sent.text, sent.message_id) == (GROUP, "Да, роза есть.", 1)
    assert sent.params == {"chat_id": str(GROUP), "text": "Да, роза есть."}
    assert message.message_id == 1
    assert message.from_user is not None
    assert message.from_user.id == telegram.bot["id"]
    assert telegram.messages(GROUP)[0]["text"] == "Да, роза есть."
    assert telegram.waiting_updates == []


def test_a_reply_shows_what_it_answers(telegram: SimulatedTelegram) -> None:
    asked = telegram.client_writes(GROUP, "Есть розы?")["message"]["message_id"]
    message = with_aiogram(
        telegram,
        lambda bot: bot.send_message(GROUP, "Да", reply_parameters=ReplyParameters(message_id=asked)),
    )
    assert message.reply_to_message is not None
    assert message.reply_to_message.text == "Есть розы?"
    assert telegram.sent_messages[0].reply_to_message_id == asked


def test_a_reply_to_nothing_is_refused_unless_allowed(telegram: SimulatedTelegram) -> None:
    async def reply(bot: Bot, *, allowed: bool) -> Message:
        target = ReplyParameters(message_id=999, allow_sending_without_reply=allowed)
        return await bot.send_message(GROUP, "Да", reply_parameters=target)

    with pytest.raises(TelegramBadRequest, match="message to be replied not found"):
        with_aiogram(telegram, lambda bot: reply(bot, allowed=False))
    assert telegram.sent_messages == []
    assert with_aiogram(telegram, lambda bot: reply(bot, allowed=True)).reply_to_message is None
    assert len(telegram.sent_messages) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "message text is empty"),
        ("  \n ", "message text is empty"),
        ("я" * 4097, "message is too long"),
    ],
)
def test_texts_that_telegram_does_not_take(telegram: SimulatedTelegram, text: str, reason: str) -> None:
    answer = call(telegram, "sendMessage", chat_id=GROUP, text=text)
    assert answer.status_code == 400
    assert answer.json()["description"] == f"Bad Request: {reason}"
    assert telegram.sent_messages == []


def test_a_text_is_measured_in_code_points(telegram: SimulatedTelegram) -> None:
    assert call(telegram, "sendMessage", chat_id=GROUP, text="🌷" * 4096).status_code == 200


def test_chats_that_cannot_be_written_to(telegram: SimulatedTelegram) -> None:
    telegram.kicks_bot(GROUP)
    telegram.upgrades_group(-5, -1_000_000_000_005)
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        with_aiogram(telegram, lambda bot: bot.send_message(-404, "Да"))
    with pytest.raises(TelegramForbiddenError, match="bot was kicked from the supergroup chat"):
        with_aiogram(telegram, lambda bot: bot.send_message(GROUP, "Да"))
    with pytest.raises(TelegramMigrateToChat) as moved:
        with_aiogram(telegram, lambda bot: bot.send_message(-5, "Да"))
    assert moved.value.migrate_to_chat_id == -1_000_000_000_005
    assert telegram.sent_messages == []


def test_a_wrong_or_revoked_token_is_unauthorized(telegram: SimulatedTelegram) -> None:
    wrong = requests.get(f"{telegram.url}/bot1:wrong/getMe", timeout=SECONDS)
    assert wrong.status_code == 401
    assert wrong.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}
    telegram.revoke_token()
    with pytest.raises(TelegramUnauthorizedError):
        with_aiogram(telegram, lambda bot: bot.get_me())


def test_an_unknown_method_is_not_found(telegram: SimulatedTelegram) -> None:
    answer = call(telegram, "sendTelepathy")
    assert (answer.status_code, answer.json()["error_code"]) == (404, 404)


@pytest.mark.parametrize("body", ["{", "[]"])
def test_a_body_that_cannot_be_read_is_a_bad_request(telegram: SimulatedTelegram, body: str) -> None:
    url = f"{telegram.url}/bot{telegram.token}/sendMessage"
    headers = {"Content-Type": "application/json"}
    answer = requests.post(url, data=body, headers=headers, timeout=SECONDS)
    assert (answer.status_code, answer.json()["ok"]) == (400, False)


def test_a_file_is_found_and_downloaded(telegram: SimulatedTelegram) -> None:
    file = telegram.add_file(b"OggS and so on", path="voice/voice.oga")
    content = BytesIO()
    with_aiogram(telegram, lambda bot: bot.download(file.file_id, destination=content))
    assert content.getvalue() == b"OggS and so on"
    assert telegram.calls("download")[0].params == {"path": file.path}


def test_files_that_are_not_to_be_had(telegram: SimulatedTelegram) -> None:
    big = telegram.add_file(b"", path="voice/long.oga", size=MAX_DOWNLOAD_BYTES + 1)
    with pytest.raises(TelegramBadRequest, match="file is too big"):
        with_aiogram(telegram, lambda bot: bot.get_file(big.file_id))
    with pytest.raises(TelegramBadRequest, match="invalid file_id"):
        with_aiogram(telegram, lambda bot: bot.get_file("unknown"))
    missing = requests.get(f"{telegram.url}/file/bot{telegram.token}/no/file", timeout=SECONDS)
    foreign = requests.get(f"{telegram.url}/file/bot1:wrong/{big.path}", timeout=SECONDS)
    assert (missing.status_code, foreign.status_code) == (404, 401)


def test_a_silent_voice_message_is_ogg_opus(telegram: SimulatedTelegram) -> None:
    voice = telegram.sends_voice(GROUP, seconds=2)["message"]["voice"]
    content = BytesIO()
    with_aiogram(telegram, lambda bot: bot.download(voice["file_id"], destination=content))
    assert content.getvalue().startswith(b"OggS")
    assert b"OpusHead" in content.getvalue()
    assert (voice["duration"], voice["file_size"]) == (2, len(content.getvalue()))


def test_a_button_is_pressed_and_answered_once(telegram: SimulatedTelegram) -> None:
    async def press(bot: Bot) -> CallbackQuery:
        card = await bot.send_message(GROUP, "Черновик", reply_markup=KEYBOARD)
        telegram.presses_button(GROUP, card.message_id, "approve:1")
        (update,) = await bot.get_updates()
        assert update.callback_query is not None
        await bot.answer_callback_query(update.callback_query.id, text="Одобрено")
        return update.callback_query

    query = with_aiogram(telegram, press)
    assert query.data == "approve:1"
    assert isinstance(query.message, Message)
    assert query.message.text == "Черновик"
    [answered] = telegram.answered_queries
    assert (answered["callback_query_id"], answered["text"]) == (query.id, "Одобрено")
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        with_aiogram(telegram, lambda bot: bot.answer_callback_query(query.id))


def test_button_data_is_at_most_64_bytes(telegram: SimulatedTelegram) -> None:
    button = InlineKeyboardButton(text="Да", callback_data="я" * 33)
    markup = InlineKeyboardMarkup(inline_keyboard=[[button]])
    with pytest.raises(TelegramBadRequest, match="BUTTON_DATA_INVALID"):
        with_aiogram(telegram, lambda bot: bot.send_message(GROUP, "Да", reply_markup=markup))


def test_the_bot_edits_its_message_and_takes_its_buttons_away(telegram: SimulatedTelegram) -> None:
    async def edit(bot: Bot) -> None:
        card = await bot.send_message(GROUP, "Черновик", reply_markup=KEYBOARD)
        await bot.edit_message_text("Отправлено", chat_id=GROUP, message_id=card.message_id)

    with_aiogram(telegram, edit)
    (card,) = telegram.messages(GROUP)
    assert card["text"] == "Отправлено"
    assert "reply_markup" not in card
    assert "edit_date" in card


def test_edits_that_telegram_refuses(telegram: SimulatedTelegram) -> None:
    foreign = telegram.client_writes(GROUP, "Есть розы?")["message"]["message_id"]
    own = call(telegram, "sendMessage", chat_id=GROUP, text="Да").json()["result"]["message_id"]
    for message_id, text, reason in (
        (foreign, "Да", "message can't be edited"),
        (999, "Да", "message to edit not found"),
        (own, "Да", "message is not modified"),
    ):
        answer = call(telegram, "editMessageText", chat_id=GROUP, message_id=message_id, text=text)
        assert answer.status_code == 400
        assert reason in answer.json()["description"]


def test_a_chat_and_its_members_are_told(telegram: SimulatedTelegram) -> None:
    author = telegram.client_writes(GROUP, "Есть розы?")["message"]["from"]

    async def ask(bot: Bot) -> tuple[str | None, str, str, int]:
        chat = await bot.get_chat(GROUP)
        client = await bot.get_chat_member(GROUP, author["id"])
        own = await bot.get_chat_member(GROUP, bot.id)
        return chat.title, client.status, own.status, await bot.get_chat_member_count(GROUP)

    assert with_aiogram(telegram, ask) == ("Магазин «Пример»", "member", "member", 2)


def test_a_webhook_must_be_https(telegram: SimulatedTelegram) -> None:
    with pytest.raises(TelegramBadRequest, match="An HTTPS URL must be provided"):
        with_aiogram(telegram, lambda bot: bot.set_webhook("http://hub.test/telegram"))
    assert call(telegram, "getWebhookInfo").json()["result"]["url"] == ""
