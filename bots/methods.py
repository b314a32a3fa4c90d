"""The Bot API methods that the hub calls, answered as plain dicts.

aiogram's own models refuse a whole batch for one update that they cannot read, and an answer to a send that
lacks a field; the hub needs what Telegram said, not a model of it. The transport (sessions, errors, time
limits) stays aiogram's.
"""

from typing import Any

from aiogram.methods import TelegramMethod

# Everything that may hold a client's words or a person's press of a button. Always sent: Telegram remembers
# the last list, and this hub may not be the bot's first owner.
UPDATE_KINDS = [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "my_chat_member",
    "callback_query",
]


class GetMe(TelegramMethod[dict[str, Any]]):
    __returning__ = dict[str, Any]
    __api_method__ = "getMe"


class GetUpdates(TelegramMethod[list[Any]]):
    __returning__ = list[Any]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int = 100
    timeout: int = 0
    allowed_updates: list[str] = UPDATE_KINDS


class GetWebhookInfo(TelegramMethod[dict[str, Any]]):
    __returning__ = dict[str, Any]
    __api_method__ = "getWebhookInfo"


class SetWebhook(TelegramMethod[bool]):
    """Without `drop_pending_updates`, here and in DeleteWebhook: what waits stays."""

    __returning__ = bool
    __api_method__ = "setWebhook"

    url: str
    secret_token: str
    max_connections: int
    allowed_updates: list[str] = UPDATE_KINDS


class DeleteWebhook(TelegramMethod[bool]):
    __returning__ = bool
    __api_method__ = "deleteWebhook"


class GetChatMember(TelegramMethod[dict[str, Any]]):
    __returning__ = dict[str, Any]
    __api_method__ = "getChatMember"

    chat_id: int
    user_id: int


class GetFile(TelegramMethod[dict[str, Any]]):
    __returning__ = dict[str, Any]
    __api_method__ = "getFile"

    file_id: str


class SendMessage(TelegramMethod[dict[str, Any]]):
    """Plain text: no parse_mode, so nothing in a reply is ever markup."""

    __returning__ = dict[str, Any]
    __api_method__ = "sendMessage"

    chat_id: int
    text: str
    reply_parameters: dict[str, Any] | None = None
    link_preview_options: dict[str, Any] | None = None
    reply_markup: dict[str, Any] | None = None


class EditMessageText(TelegramMethod[Any]):
    """Plain text again; without `reply_markup` the message loses its buttons."""

    __returning__ = Any
    __api_method__ = "editMessageText"

    chat_id: int
    message_id: int
    text: str
    link_preview_options: dict[str, Any] | None = None
    reply_markup: dict[str, Any] | None = None


class AnswerCallbackQuery(TelegramMethod[bool]):
    """Ends the waiting of whoever pressed a button; `text` has at most 200 characters."""

    __returning__ = bool
    __api_method__ = "answerCallbackQuery"

    callback_query_id: str
    text: str | None = None
    show_alert: bool = False
