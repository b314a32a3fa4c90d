"""What a Telegram message holds: its text, its kind, the facts about its file."""

from dataclasses import dataclass, field
from typing import Any

from messaging.models import Message

JSON = dict[str, Any]
Type = Message.Type

BIGINT = 2**63
# Telegram's fields for a message's content, in the order in which the more telling one comes first:
# a venue also has a location, an animation also a document.
CONTENT_KINDS = (
    ("photo", Type.PHOTO),
    ("animation", Type.ANIMATION),
    ("video", Type.VIDEO),
    ("video_note", Type.VIDEO_NOTE),
    ("voice", Type.VOICE),
    ("audio", Type.AUDIO),
    ("document", Type.DOCUMENT),
    ("sticker", Type.STICKER),
    ("venue", Type.VENUE),
    ("location", Type.LOCATION),
    ("contact", Type.CONTACT),
    ("poll", Type.POLL),
    ("dice", Type.DICE),
)
SERVICE_KINDS = (
    "new_chat_members",
    "left_chat_member",
    "new_chat_title",
    "new_chat_photo",
    "delete_chat_photo",
    "group_chat_created",
    "supergroup_chat_created",
    "channel_chat_created",
    "message_auto_delete_timer_changed",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
    "pinned_message",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
    "video_chat_scheduled",
    "video_chat_started",
    "video_chat_ended",
    "video_chat_participants_invited",
    "general_forum_topic_hidden",
    "general_forum_topic_unhidden",
    "users_shared",
    "chat_shared",
    "write_access_allowed",
    "proximity_alert_triggered",
    "boost_added",
    "chat_background_set",
    "giveaway_created",
    "giveaway",
    "giveaway_winners",
    "giveaway_completed",
    "successful_payment",
    "refunded_payment",
    "passport_data",
    "connected_website",
    "gift",
    "unique_gift",
    "paid_message_price_changed",
    "direct_message_price_changed",
    "checklist_tasks_done",
    "checklist_tasks_added",
)
# What every message has around its content.
_ENVELOPE = """
    message_id message_thread_id from sender_chat sender_boost_count sender_business_bot date
    business_connection_id chat forward_origin is_topic_message is_automatic_forward reply_to_message
    external_reply quote reply_to_story via_bot edit_date has_protected_content is_from_offline
    media_group_id author_signature paid_star_count text entities caption caption_entities
    link_preview_options effect_id reply_markup
"""
ENVELOPE = frozenset(_ENVELOPE.split())
# Facts about a file that later work needs; the rest stays in the raw update.
FILE_FACTS = (
    "file_id",
    "file_unique_id",
    "file_size",
    "file_name",
    "mime_type",
    "duration",
    "width",
    "height",
    "emoji",
    "latitude",
    "longitude",
    "title",
    "address",
    "phone_number",
    "first_name",
    "last_name",
    "question",
    "value",
)


@dataclass(frozen=True, kw_only=True)
class Content:
    message_type: Type
    text: str = ""
    media: JSON = field(default_factory=dict)


def message_content(raw: JSON, notes: list[str]) -> Content:
    """The content of a message; of an unknown kind where Telegram has invented a new one."""
    text = clean(raw.get("text") or raw.get("caption"), notes)
    for name, message_type in CONTENT_KINDS:
        if raw.get(name) is not None:
            return Content(message_type=message_type, text=text, media=_facts(raw[name], notes))
    if raw.get("text") is not None:
        return Content(message_type=Type.TEXT, text=text)
    for name in SERVICE_KINDS:
        if raw.get(name) is not None:
            return Content(message_type=Type.SERVICE, media={"event": name, **_facts(raw[name], notes)})
    named = next((name for name in raw if name not in ENVELOPE), "")
    return Content(message_type=Type.UNKNOWN, text=text, media={"kind": clean(named, notes)[:64]})


def describe_sender_name(raw: object, notes: list[str]) -> str:
    """Who wrote a forwarded message, as far as Telegram tells (`forward_origin`)."""
    if not isinstance(raw, dict):
        return ""
    source = next((raw[name] for name in ("sender_user", "sender_chat", "chat") if name in raw), None)
    if isinstance(source, dict):
        parts = (source.get("title") or source.get("first_name"), source.get("last_name"))
        return " ".join(filter(None, (clean(part, notes) for part in parts)))[:256]
    return clean(raw.get("sender_user_name"), notes)[:256]


def clean(value: object, notes: list[str]) -> str:
    """A text that PostgreSQL can hold: NUL and halves of characters become U+FFFD, and a note says so."""
    if not isinstance(value, str):
        return ""
    cleaned = value.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if cleaned != value:
        notes.append("characters that cannot be stored were replaced")
    return cleaned


def read_object(value: object, name: str) -> JSON:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not an object")
    return value


def read_int(value: object, name: str) -> int:
    """A whole number that fits the database's bigint."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} is not a whole number")
    if not -BIGINT <= value < BIGINT:
        raise ValueError(f"{name} is out of range")
    return value


def _facts(value: object, notes: list[str]) -> JSON:
    """The facts worth keeping; of a photo's sizes the largest, which Telegram lists last."""
    if isinstance(value, list):
        value = value[-1] if value else None
    if not isinstance(value, dict):
        return {"value": clean(value, notes)} if isinstance(value, str) and value else {}
    return {
        name: clean(value[name], notes) if isinstance(value[name], str) else value[name]
        for name in FILE_FACTS
        if isinstance(value.get(name), str | int | float)
    }
