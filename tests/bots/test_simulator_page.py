"""The simulator's window shows conversations, and nothing in them can act."""

import re
from collections.abc import Iterator

import pytest
import requests

from bots.simulator import SimulatedTelegram
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
