"""The simulator's window: every chat as a conversation, so that people see replies arrive.

Read-only but for the buttons under the bot's messages, which the demo's own person presses. Everything that
people wrote is escaped; the page runs no script but its own (Content-Security-Policy).
"""

import secrets
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from aiohttp import web

from bots.simulator.people_acting import ActingPeople
from bots.simulator.scenario.cast import MANAGER
from bots.simulator.state import TelegramState
from bots.simulator.wire import JSON, SimulatedChat

SHOWN_MESSAGES = 40
# How long the bot's answer to a press stays on the page.
ANSWER_SECONDS = 20
_TEMPLATE = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
_MEDIA = {
    "photo": "📷 Фото",
    "voice": "🎤 Голосовое сообщение",
    "video": "🎬 Видео",
    "document": "📎 Файл",
    "migrate_to_chat_id": "Группа стала супергруппой",
    "migrate_from_chat_id": "Группа стала супергруппой",
}


def whole(state: TelegramState) -> web.Response:
    """The page; its script then asks for the fragment again and again."""
    nonce = secrets.token_urlsafe(16)
    html = _TEMPLATE.replace("{nonce}", nonce).replace("{conversations}", _conversations(state))
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    return _html(html, policy)


def fragment(state: TelegramState) -> web.Response:
    return _html(_conversations(state), "default-src 'none'")


def press(state: TelegramState, *, chat_id: int, message_id: int, label: str) -> web.Response:
    """The demo's manager presses a button; 404 where it is gone meanwhile."""
    try:
        ActingPeople(state).presses(chat_id, message_id, label, user=MANAGER)
    except KeyError:
        return web.Response(status=404)
    return web.Response(status=204)


def _html(text: str, policy: str) -> web.Response:
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(text=text, content_type="text/html", headers=headers)


def _conversations(state: TelegramState) -> str:
    with state.lock:
        since = state.clock() - ANSWER_SECONDS
        said = "".join(_answer(answer) for answer in state.answered_queries[-1:] if answer["at"] > since)
        chats = [_chat(chat, state.bot.id) for chat in state.chats.values()]
    return said + ("\n".join(chats) or '<p class="nothing">Пока никто ничего не написал.</p>')


def _answer(answer: JSON) -> str:
    """What the bot said to the last press of a button."""
    return f'<p class="answer" role="status">{escape(answer["text"])}</p>' if answer["text"] else ""


def _chat(chat: SimulatedChat, bot_id: int) -> str:
    messages = list(chat.messages.values())[-SHOWN_MESSAGES:]
    body = "\n".join(_message(message, bot_id) for message in messages)
    return (
        f'<section aria-label="{escape(chat.title)}"><h2>{escape(chat.title)}</h2>'
        f'<div class="talk" id="chat{chat.id}" tabindex="0">{body}</div></section>'
    )


def _message(message: JSON, bot_id: int) -> str:
    author = message.get("from") or {"id": 0, "first_name": message["chat"].get("title", "")}
    name = f"{author['first_name']} {author.get('last_name', '')}".strip()
    side = "ours" if author["id"] == bot_id else "bot" if author.get("is_bot") else "theirs"
    return (
        f'<article class="{side}"><header>{escape(name)}</header>{_quote(message)}'
        f"<p>{escape(_words(message))}</p><footer>{_time(message)}</footer>{_keyboard(message)}</article>"
    )


def _keyboard(message: JSON) -> str:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    place = f'data-chat="{message["chat"]["id"]}" data-message="{message["message_id"]}"'
    shown = ["".join(_button(button, place) for button in row) for row in rows]
    return "".join(f'<div class="buttons">{row}</div>' for row in shown)


def _button(button: JSON, place: str) -> str:
    label, url = escape(button["text"]), str(button.get("url", ""))
    if url.startswith(("http://", "https://")):
        return f'<a href="{escape(url)}" target="_blank" rel="noopener">{label}</a>'
    return f'<button type="button" {place}>{label}</button>'


def _words(message: JSON) -> str:
    kind = next((label for key, label in _MEDIA.items() if key in message), "")
    if sticker := message.get("sticker"):
        kind = f"Стикер {sticker.get('emoji', '')}".strip()
    words = str(message.get("text") or message.get("caption") or "")
    return "\n".join(part for part in (kind, words) if part) or "Сообщение"


def _quote(message: JSON) -> str:
    target = message.get("reply_to_message")
    return f"<blockquote>{escape(_words(target)[:120])}</blockquote>" if target else ""


def _time(message: JSON) -> str:
    moment = datetime.fromtimestamp(message["date"], tz=UTC).astimezone()
    edited = " · изменено" if "edit_date" in message else ""
    return f'<time datetime="{moment.isoformat()}">{moment:%H:%M}</time>{edited}'
