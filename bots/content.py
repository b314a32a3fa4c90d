"""What a Telegram message holds: its kind, its words, the facts about its file, place or event.

Kinds and fields are those of the Bot API 10.3 (Message). `text` has whatever the message says in words, so
that people, search and the classifier read it in one place; `media` has the facts.
"""

from dataclasses import dataclass, field

from bots.facts import event_facts, file_facts, kind_facts
from bots.values import JSON, clean, plain
from bots.words import event_words, kind_words
from messaging.models import Message

Type = Message.Type

# Telegram's fields for a message's content, in the order in which the more telling one comes first:
# a venue also has a location, an animation also a document, a live photo also a photo.
CONTENT_KINDS = (
    ("photo", Type.PHOTO),
    ("live_photo", Type.PHOTO),
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
    ("checklist", Type.CHECKLIST),
    ("story", Type.STORY),
    ("paid_media", Type.PAID_MEDIA),
    ("game", Type.GAME),
    ("invoice", Type.INVOICE),
    ("rich_message", Type.TEXT),
)
SERVICE_KINDS = (
    # First: what was pinned stands inside it.
    "pinned_message",
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
    "chat_owner_left",
    "chat_owner_changed",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
    "general_forum_topic_hidden",
    "general_forum_topic_unhidden",
    "video_chat_scheduled",
    "video_chat_started",
    "video_chat_ended",
    "video_chat_participants_invited",
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
    "gift_upgrade_sent",
    "paid_message_price_changed",
    "direct_message_price_changed",
    "checklist_tasks_done",
    "checklist_tasks_added",
    "poll_option_added",
    "poll_option_deleted",
    "suggested_post_approved",
    "suggested_post_approval_failed",
    "suggested_post_declined",
    "suggested_post_paid",
    "suggested_post_refunded",
    "managed_bot_created",
    "web_app_data",
    "community_chat_added",
    "community_chat_removed",
    "community_chat_joined",
)
# What every message has around its content.
_ENVELOPE = """
    message_id message_thread_id direct_messages_topic from sender_chat sender_boost_count
    sender_business_bot sender_tag date guest_query_id business_connection_id chat forward_origin
    is_topic_message is_automatic_forward reply_to_message external_reply quote reply_to_story
    reply_to_checklist_task_id reply_to_poll_option_id via_bot guest_bot_caller_user guest_bot_caller_chat
    edit_date has_protected_content is_from_offline is_paid_post media_group_id author_signature
    paid_star_count text entities link_preview_options suggested_post_info effect_id caption
    caption_entities show_caption_above_media has_media_spoiler reply_markup receiver_user
    ephemeral_message_id
"""
ENVELOPE = frozenset(_ENVELOPE.split())


@dataclass(frozen=True, kw_only=True)
class Content:
    message_type: Type
    text: str = ""
    media: JSON = field(default_factory=dict)


def message_content(raw: JSON, notes: list[str]) -> Content:
    """The content of a message; of an unknown kind, kept whole, where Telegram has invented a new one."""
    said = clean(raw.get("text") or raw.get("caption"), notes)
    for name, message_type in CONTENT_KINDS:
        if raw.get(name) is not None:
            return Content(
                message_type=message_type,
                text=_joined(said, kind_words(name, raw[name], notes)),
                media=kind_facts(name, raw[name], notes),
            )
    if raw.get("text"):
        return Content(message_type=Type.TEXT, text=said)
    for name in SERVICE_KINDS:
        if raw.get(name) is not None:
            return Content(
                message_type=Type.SERVICE,
                text=_joined(said, event_words(name, raw[name], notes)),
                media={"event": name, **event_facts(name, raw[name], notes)},
            )
    return Content(message_type=Type.UNKNOWN, text=said, media=_unknown(raw, notes))


def _unknown(raw: JSON, notes: list[str]) -> JSON:
    """The first field that no envelope has, with what it holds: nobody knows yet what of it matters."""
    name = next((name for name in raw if name not in ENVELOPE), "")
    kind = {"kind": clean(name, notes)[:64]}
    if not name or raw[name] is None:
        return kind
    return {**kind, "content": plain(raw[name], notes), **file_facts(raw[name], notes)}


def _joined(*parts: str) -> str:
    return "\n".join(filter(None, parts))
