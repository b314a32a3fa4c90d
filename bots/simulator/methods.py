"""The Bot API's methods over the state; each takes the call's parameters and returns its `result`.

Called with the state's lock held. getUpdates waits, so its waiting half is the server's.
Of what Telegram does, left out are its limits on speed and `parse_mode` (texts stay as they are).
"""

from collections.abc import Callable
from typing import Any

from bots.simulator.errors import BotApiError, bad_request
from bots.simulator.params import Params
from bots.simulator.state import SentMessage, TelegramState, Webhook
from bots.simulator.wire import JSON, MAX_DOWNLOAD_BYTES, SimulatedChat

MAX_TEXT_LENGTH = 4096  # code points; Bot API, sendMessage
MAX_BUTTON_DATA_BYTES = 64  # Bot API, InlineKeyboardButton
MAX_QUERY_ANSWER_LENGTH = 200  # Bot API, answerCallbackQuery


def get_me(state: TelegramState, _params: Params) -> JSON:
    return state.bot.as_user() | {
        "can_join_groups": True,
        "can_read_all_group_messages": state.reads_all_messages,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def send_message(state: TelegramState, params: Params) -> JSON:
    chat = _chat_to_write_in(state, params)
    text = _text(params)
    fields: JSON = {"text": text}
    if target := _reply_target(chat, params):
        fields["reply_to_message"] = {k: v for k, v in target.items() if k != "reply_to_message"}
    if markup := _markup(state, params):
        fields["reply_markup"] = markup
    message = state.write(chat, state.bot.as_user(), **fields)
    state.sent.append(
        SentMessage(
            chat_id=chat.id,
            message_id=message["message_id"],
            text=text,
            reply_to_message_id=target["message_id"] if target else None,
            params=dict(params.raw),
            at=state.clock(),
        )
    )
    return message


def edit_message_text(state: TelegramState, params: Params) -> JSON:
    message = _own_message(state, params)
    changes: JSON = {"text": _text(params)}
    return _change(state, message, changes, _markup(state, params))


def edit_message_reply_markup(state: TelegramState, params: Params) -> JSON:
    return _change(state, _own_message(state, params), {}, _markup(state, params))


def answer_callback_query(state: TelegramState, params: Params) -> bool:
    query_id = params.text("callback_query_id")
    if query_id not in state.open_queries:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if len(params.text("text")) > MAX_QUERY_ANSWER_LENGTH:
        raise bad_request("MESSAGE_TOO_LONG")
    state.open_queries.discard(query_id)
    state.answered_queries.append(
        {
            "callback_query_id": query_id,
            "text": params.text("text"),
            "show_alert": params.flag("show_alert"),
            "at": state.clock(),
        }
    )
    return True


def get_file(state: TelegramState, params: Params) -> JSON:
    file = state.files.get(params.text("file_id"))
    if file is None:
        raise bad_request("invalid file_id")
    if file.size > MAX_DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    return file.facts() | {"file_path": file.path}


def get_webhook_info(state: TelegramState, _params: Params) -> JSON:
    info: JSON = {
        "url": state.webhook.url,
        "has_custom_certificate": False,
        "pending_update_count": len(state.updates),
        "allowed_updates": state.allowed_updates,
    }
    if state.webhook.last_error is not None:
        info["last_error_date"], info["last_error_message"] = state.webhook.last_error
    return info


def set_webhook(state: TelegramState, params: Params) -> bool:
    url = params.text("url")
    if url and not url.startswith("https://"):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    state.webhook = Webhook(url=url, params=dict(params.raw))
    remember_allowed_updates(state, params)
    if params.flag("drop_pending_updates"):
        state.updates.clear()
    if url:
        state.end_poll("terminated by setWebhook request")
        state.wake_delivery()
    return True


def delete_webhook(state: TelegramState, params: Params) -> bool:
    state.webhook = Webhook()
    if params.flag("drop_pending_updates"):
        state.updates.clear()
    return True


def get_chat(state: TelegramState, params: Params) -> JSON:
    chat = _chat(state, params)
    return chat.as_chat() | {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(
            (
                "unlimited_gifts",
                "limited_gifts",
                "unique_gifts",
                "premium_subscription",
                "gifts_from_channels",
            ),
            False,
        ),
    }


def get_chat_member(state: TelegramState, params: Params) -> JSON:
    chat, user_id = _chat(state, params), params.integer("user_id")
    if user_id == state.bot.id:
        status = "kicked" if chat.refusal else chat.bot_status
        banned = {"until_date": 0} if chat.refusal else {}
        return {"status": status, "user": state.bot.as_user()} | banned
    if user_id not in chat.members:
        raise bad_request("member not found")
    return {"status": "member", "user": chat.members[user_id]}


def get_chat_member_count(state: TelegramState, params: Params) -> int:
    return len(_chat(state, params).members.keys() | {state.bot.id})


def remember_allowed_updates(state: TelegramState, params: Params) -> None:
    """Telegram keeps the last list it was given; a call without one changes nothing."""
    if (kinds := params.strings("allowed_updates")) is not None:
        state.allowed_updates = kinds


Method = Callable[[TelegramState, Params], Any]
METHODS: dict[str, Method] = {
    "getMe": get_me,
    "sendMessage": send_message,
    "editMessageText": edit_message_text,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "answerCallbackQuery": answer_callback_query,
    "getFile": get_file,
    "getWebhookInfo": get_webhook_info,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getChat": get_chat,
    "getChatMember": get_chat_member,
    "getChatMemberCount": get_chat_member_count,
}


def _chat(state: TelegramState, params: Params) -> SimulatedChat:
    if not params.text("chat_id"):
        raise bad_request("chat_id is empty")
    chat = state.chats.get(params.integer("chat_id"))
    if chat is None:
        raise bad_request("chat not found")
    return chat


def _chat_to_write_in(state: TelegramState, params: Params) -> SimulatedChat:
    chat = _chat(state, params)
    if chat.migrated_to is not None:
        raise bad_request("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to)
    if chat.refusal:
        raise BotApiError(403, chat.refusal)
    return chat


def _text(params: Params) -> str:
    text = params.text("text").strip()
    if not text:
        raise bad_request("message text is empty")
    if len(text) > MAX_TEXT_LENGTH:
        raise bad_request("message is too long")
    return text


def _reply_target(chat: SimulatedChat, params: Params) -> JSON | None:
    reply = params.mapping("reply_parameters") or {
        "message_id": params.integer("reply_to_message_id"),
        "allow_sending_without_reply": params.flag("allow_sending_without_reply"),
    }
    wanted = int(reply.get("message_id") or 0)
    target = chat.messages.get(wanted)
    if wanted and target is None and not reply.get("allow_sending_without_reply"):
        raise bad_request("message to be replied not found")
    return target


def _markup(state: TelegramState, params: Params) -> JSON | None:
    markup = params.mapping("reply_markup")
    for row in markup.get("inline_keyboard", []):
        for button in row:
            data = button.get("callback_data")
            if data is not None and not 1 <= len(data.encode()) <= MAX_BUTTON_DATA_BYTES:
                raise bad_request("BUTTON_DATA_INVALID")
            if state.refuses_button_links and "url" in button:
                raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
    return markup or None


def _own_message(state: TelegramState, params: Params) -> JSON:
    chat = _chat_to_write_in(state, params)
    message = chat.messages.get(params.integer("message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    if message.get("from", {}).get("id") != state.bot.id:
        raise bad_request("message can't be edited")
    return message


def _change(state: TelegramState, message: JSON, changes: JSON, markup: JSON | None) -> JSON:
    """Edit in place; without a markup the message loses its buttons, as in Telegram."""
    before = {"text": message["text"], "reply_markup": message.get("reply_markup")}
    after = before | changes | {"reply_markup": markup}
    if after == before:
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly "
            "the same as a current content and reply markup of the message"
        )
    message.pop("reply_markup", None)
    message |= {key: value for key, value in after.items() if value is not None}
    message["edit_date"] = int(state.clock())
    return message
