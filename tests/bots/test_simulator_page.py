"""The simulator's window shows conversations, and nothing in them can act."""

import json
import re
from collections.abc import Iterator

import pytest
import requests

from bots.simulator import SimulatedTelegram
from bots.simulator.scenario.cast import MANAGER
from bots.simulator.server import PAGE_HEADER
from tests.bots.simulator_client import SECONDS, call

GROUP = -1_001_234_567_890


@pytest.fixture
def telegram() -> Iterator[SimulatedTelegram]:
    with SimulatedTelegram() as simulated:
        yield simulated


def page(telegram: SimulatedTelegram, path: str = "/") -> requests.Response:
    return requests.get(f"{telegram.url}{path}", timeout=SECONDS)


def test_an_empty_telegram_says_so(telegram: SimulatedTelegram) -> None:
    answer = page(telegram)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Пока никто ничего не написал." in answer.text
    assert '<html lang="ru">' in answer.text


@pytest.mark.parametrize("path", ["/", "/conversations"])
def test_texts_names_and_titles_are_escaped(telegram: SimulatedTelegram, path: str) -> None:
    telegram.add_chat(GROUP, '"><script>alert(1)</script>')
    telegram.client_writes(GROUP, "<img src=x onerror=alert(2)> {conversations}")
    html = page(telegram, path).text
    assert "&lt;img src=x onerror=alert(2)&gt; {conversations}" in html
    assert "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<img" not in html
    assert "<script>" not in html


def test_only_the_pages_own_script_may_run(telegram: SimulatedTelegram) -> None:
    answer = page(telegram)
    policy = answer.headers["Content-Security-Policy"]
    found = re.search(r"script-src 'nonce-([^']+)'", policy)
    assert found is not None
    assert f'<script nonce="{found[1]}">' in answer.text
    assert "default-src 'none'" in policy
    assert found[1] not in page(telegram).text


def test_a_reply_of_the_bot_stands_on_our_side(telegram: SimulatedTelegram) -> None:
    asked = telegram.client_writes(GROUP, "Есть розы?")["message"]["message_id"]
    call(telegram, "sendMessage", chat_id=GROUP, text="Да, есть.", reply_to_message_id=asked)
    html = page(telegram, "/conversations").text
    assert re.search(r'<article class="ours">.*<blockquote>Есть розы\?</blockquote><p>Да, есть\.</p>', html)
    assert '<article class="theirs">' in html


def test_media_and_edits_are_named(telegram: SimulatedTelegram) -> None:
    telegram.sends_photo(GROUP, "Вот такая")
    telegram.sends_voice(GROUP)
    telegram.sends_sticker(GROUP, "🌹")
    written = telegram.client_writes(GROUP, "Десять пачек")["message"]["message_id"]
    telegram.edits(GROUP, written, "Двадцать пачек")
    html = page(telegram, "/conversations").text
    for words in ("📷 Фото\nВот такая", "🎤 Голосовое сообщение", "Стикер 🌹"):
        assert words in html
    assert "Двадцать пачек" in html
    assert "Десять пачек" not in html
    assert html.count("изменено") == 1


def card(telegram: SimulatedTelegram) -> int:
    """A message of the bot with buttons; returns its id."""
    keyboard = [
        [{"text": "<Да>", "callback_data": "yes"}],
        [
            {"text": "Открыть", "url": "https://hub.example.com/"},
            {"text": "Нет", "url": "javascript:alert(3)"},
        ],
    ]
    markup = json.dumps({"inline_keyboard": keyboard})
    answer = call(telegram, "sendMessage", chat_id=GROUP, text="Отправить?", reply_markup=markup).json()
    return int(answer["result"]["message_id"])


def test_buttons_are_shown_and_lead_to_web_pages_only(telegram: SimulatedTelegram) -> None:
    telegram.add_chat(GROUP, "Проверка")
    card(telegram)
    html = page(telegram, "/conversations").text
    assert "&lt;Да&gt;</button>" in html
    assert '<a href="https://hub.example.com/" target="_blank" rel="noopener">Открыть</a>' in html
    assert "javascript:" not in html


def press(telegram: SimulatedTelegram, message_id: int, label: str, **headers: str) -> int:
    body = {"chat": GROUP, "message": message_id, "label": label}
    return requests.post(f"{telegram.url}/press", json=body, headers=headers, timeout=SECONDS).status_code


def test_a_button_is_pressed_by_the_demos_manager(telegram: SimulatedTelegram) -> None:
    telegram.add_chat(GROUP, "Проверка")
    message_id = card(telegram)
    assert press(telegram, message_id, "<Да>", **{PAGE_HEADER: "1"}) == 204
    [update] = telegram.waiting_updates
    query = update["callback_query"]
    assert (query["data"], query["from"]["id"]) == ("yes", MANAGER.id)
    call(telegram, "answerCallbackQuery", callback_query_id=query["id"], text="Принято <b>")
    assert '<p class="answer" role="status">Принято &lt;b&gt;</p>' in page(telegram, "/conversations").text


def test_a_button_that_is_gone_and_a_page_that_is_not_ours_press_nothing(telegram: SimulatedTelegram) -> None:
    telegram.add_chat(GROUP, "Проверка")
    message_id = card(telegram)
    assert press(telegram, message_id, "Другая", **{PAGE_HEADER: "1"}) == 404
    assert press(telegram, message_id + 1, "<Да>", **{PAGE_HEADER: "1"}) == 404
    assert press(telegram, message_id, "<Да>") == 403
    assert telegram.waiting_updates == []
