"""What a message of an export holds: its words, its kind, the facts about its file, its service event.

The names in `media` are those that the collector uses (bots/content.py), so that pages know them.
"""

from collections.abc import Iterator
from typing import Any

from cvgorod_hub.common.texts import storable
from messaging.history.files import ExportFolder
from messaging.history.streaming import JSON
from messaging.models import Message

Type = Message.Type

MEDIA_TYPES = {
    "voice_message": Type.VOICE,
    "video_message": Type.VIDEO_NOTE,
    "animation": Type.ANIMATION,
    "video_file": Type.VIDEO,
    "audio_file": Type.AUDIO,
    "sticker": Type.STICKER,
}
# The Bot API's name for what an export calls otherwise; an action without one keeps the export's name.
EVENTS = {
    "create_group": "group_chat_created",
    "edit_group_title": "new_chat_title",
    "edit_group_photo": "new_chat_photo",
    "delete_group_photo": "delete_chat_photo",
    "invite_members": "new_chat_members",
    "join_group_by_link": "new_chat_members",
    "join_group_by_request": "new_chat_members",
    "remove_members": "left_chat_member",
    "create_channel": "channel_chat_created",
    "migrate_to_supergroup": "migrate_to_chat_id",
    "migrate_from_group": "migrate_from_chat_id",
    "pin_message": "pinned_message",
    "topic_created": "forum_topic_created",
    "topic_edit": "forum_topic_edited",
    "group_call_scheduled": "video_chat_scheduled",
    "invite_to_group_call": "video_chat_participants_invited",
    "set_messages_ttl": "message_auto_delete_timer_changed",
    "proximity_reached": "proximity_alert_triggered",
    "allow_sending_messages": "write_access_allowed",
    "send_payment": "successful_payment",
    "boost_apply": "boost_added",
    "set_chat_wallpaper": "chat_background_set",
    "set_same_chat_wallpaper": "chat_background_set",
    "giveaway_launch": "giveaway_created",
    "giveaway_results": "giveaway_completed",
    "send_star_gift": "gift",
    "todo_completions": "checklist_tasks_done",
    "todo_append_tasks": "checklist_tasks_added",
    "paid_messages_price_change": "paid_message_price_changed",
}
_FACTS = {
    "file_name": "file_name",
    "mime_type": "mime_type",
    "duration_seconds": "duration",
    "width": "width",
    "height": "height",
    "sticker_emoji": "emoji",
    "title": "title",
}
# What a kind of content is called in the export, where the hub has no kind for it.
_OTHER_KINDS = (
    "todo_list",
    "game_title",
    "invoice_information",
    "giveaway_information",
    "giveaway_results",
    "paid_stars_amount",
)


def read_text(raw: JSON) -> str:
    """`text_entities`, where there are any, else `text`: a string, or a list of strings and objects."""
    entities = raw.get("text_entities")
    return storable(_joined(entities if isinstance(entities, list) and entities else raw.get("text")))


def read_content(raw: JSON, text: str, folder: ExportFolder) -> tuple[Type, JSON]:
    """The kind of a message with this text that is no service message, and the facts worth keeping."""
    if raw.get("type") == "unsupported":
        return Type.UNKNOWN, {"kind": "unsupported"}
    if "photo" in raw:
        return Type.PHOTO, _file(raw, "photo", folder)
    if "file" in raw or "media_type" in raw:
        return MEDIA_TYPES.get(str(raw.get("media_type")), Type.DOCUMENT), _file(raw, "file", folder)
    if isinstance(poll := raw.get("poll"), dict):
        return Type.POLL, _poll(poll)
    if "place_name" in raw or "address" in raw:
        return Type.VENUE, {**_words(raw, {"place_name": "title", "address": "address"}), **_point(raw)}
    if "location_information" in raw:
        return Type.LOCATION, _point(raw)
    if isinstance(contact := raw.get("contact_information"), dict):
        return Type.CONTACT, _words(
            contact, {name: name for name in ("first_name", "last_name", "phone_number")}
        )
    other = next((name for name in _OTHER_KINDS if name in raw), None)
    if other is not None:
        return Type.UNKNOWN, {"kind": other}
    return (Type.TEXT, {}) if text else (Type.UNKNOWN, {"kind": ""})


def read_event(raw: JSON, chat_type: str) -> JSON:
    """`media` of a service message: its event, the title or the period that it set, whom it was about."""
    action = str(raw.get("action") or ("information_text" if "information_text" in raw else ""))
    event = EVENTS.get(action, action)
    if action == "group_call":
        event = "video_chat_ended" if raw.get("duration") else "video_chat_started"
    if action == "create_channel" and chat_type == "supergroup":
        event = "supergroup_chat_created"
    facts: JSON = {"event": storable(event)[:64]}
    value = next(
        (raw[name] for name in ("title", "new_title", "information_text") if isinstance(raw.get(name), str)),
        "",
    )
    if value:
        facts["value"] = storable(value)[:256]
    if isinstance(members := raw.get("members"), list):
        names = [storable(name)[:256] for name in members if isinstance(name, str)]
        facts |= {"members": names[:100]} if names else {}
    return facts


def _joined(text: object) -> str:
    if isinstance(text, str):
        return text
    return "".join(_pieces(text)) if isinstance(text, list) else ""


def _pieces(parts: list[Any]) -> Iterator[str]:
    for part in parts:
        piece = part.get("text") if isinstance(part, dict) else part
        if isinstance(piece, str):
            yield piece


def _file(raw: JSON, label: str, folder: ExportFolder) -> JSON:
    facts = {**_words(raw, _FACTS), **folder.facts(raw.get(label))}
    size = raw.get(f"{label}_file_size", raw.get("file_size"))
    if isinstance(size, int) and not isinstance(size, bool):
        facts["file_size"] = size
    return facts


def _words(raw: JSON, names: dict[str, str]) -> JSON:
    return {
        ours: storable(value)[:1024] if isinstance(value, str) else value
        for theirs, ours in names.items()
        if isinstance(value := raw.get(theirs), str | int | float) and not isinstance(value, bool)
    }


def _point(raw: JSON) -> JSON:
    point = raw.get("location_information")
    return (
        _words(point, {"latitude": "latitude", "longitude": "longitude"}) if isinstance(point, dict) else {}
    )


def _poll(poll: JSON) -> JSON:
    answers = poll.get("answers")
    options = (
        [read_text(answer)[:256] for answer in answers if isinstance(answer, dict)]
        if isinstance(answers, list)
        else []
    )
    return {"question": storable(_joined(poll.get("question")))[:512], "options": options[:50]}
