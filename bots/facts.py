"""The facts about a message that are kept in its `media`: files, places, people, and what surrounds it."""

from collections.abc import Callable

from bots.values import JSON, clean, describe_sender_name, full_name, objects, scalar, scalars

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
    "set_name",
    "title",
    "performer",
    "value",
)
PLACE_FACTS = ("latitude", "longitude", "live_period")
EVENT_FACTS = (
    "name",
    "title",
    "duration",
    "start_date",
    "message_auto_delete_time",
    "message_id",
    "chat_id",
    "user_id",
    "distance",
    "boost_count",
    "currency",
    "total_amount",
    "star_count",
    "number",
    "paid_message_star_count",
    "direct_message_star_count",
    "winner_count",
    "giveaway_message_id",
    "reason",
    "button_text",
)
# Fields in which a service message names people (User, SharedUser).
PEOPLE_FIELDS = ("users", "winners", "new_owner", "traveler", "watcher", "bot")
# How much of another message's words is kept to recognise it by.
LONGEST_EXCERPT = 300

_Facts = Callable[[JSON, list[str]], JSON]


def kind_facts(kind: str, value: object, notes: list[str]) -> JSON:
    """The facts about a message's content; of a photo's sizes the largest, which Telegram lists last."""
    facts = _KINDS.get(kind)
    if facts is None:
        return file_facts(value, notes)
    return facts(value, notes) if isinstance(value, dict) else {}


def event_facts(event: str, value: object, notes: list[str]) -> JSON:
    """What a service message is about: who joined or left, the new title, which message was pinned."""
    if event == "pinned_message":
        return _pinned(value, notes)
    if event in {"new_chat_members", "left_chat_member"}:
        return _members(value if isinstance(value, list) else [value], notes)
    if isinstance(value, list):  # a new picture's sizes
        return file_facts(value, notes)
    if not isinstance(value, dict):
        single = scalar(value, notes)
        return {} if single is None or isinstance(single, bool) else {"value": single}
    named = [person for name in PEOPLE_FIELDS for person in _as_list(value.get(name))]
    gift = value.get("gift")
    inner = gift if isinstance(gift, dict) else value
    return {
        **scalars(inner, EVENT_FACTS, notes),
        **scalars(value, EVENT_FACTS, notes),
        **_members(named, notes),
    }


def file_facts(value: object, notes: list[str]) -> JSON:
    """One file's facts, from its object or from a list of a picture's sizes."""
    if isinstance(value, list):
        value = value[-1] if value else None
    return scalars(value, FILE_FACTS, notes)


def surroundings(raw: JSON, notes: list[str]) -> JSON:
    """What stands around a message's content and has no column: whom it quotes, who speaks, in which topic.

    No edit changes these, so they never make a version (messaging/versions.py).
    """
    quote, sender_chat, topic = raw.get("quote"), raw.get("sender_chat"), raw.get("direct_messages_topic")
    spoken_as = sender_chat if isinstance(sender_chat, dict) else {}
    is_own_chat = spoken_as.get("id") == (
        raw["chat"].get("id") if isinstance(raw.get("chat"), dict) else None
    )
    facts: JSON = {
        "quote": clean(quote.get("text"), notes) if isinstance(quote, dict) else "",
        "reply_to": _replied(raw.get("reply_to_message"), notes),
        "external_reply": _external(raw.get("external_reply"), notes),
        "story": _story(raw["reply_to_story"], notes) if isinstance(raw.get("reply_to_story"), dict) else {},
        "via_bot": full_name(raw.get("via_bot"), notes),
        "signature": clean(raw.get("author_signature"), notes)[:256],
        "sender_chat": "" if is_own_chat else full_name(spoken_as, notes),
        "topic": _topic_name(raw.get("reply_to_message"), notes),
        "written_by_bot": full_name(raw.get("sender_business_bot"), notes),
        "is_automatic_forward": raw.get("is_automatic_forward") is True,
        "direct_messages_topic": scalar(topic.get("topic_id"), notes) if isinstance(topic, dict) else None,
        "receiver": full_name(raw.get("receiver_user"), notes),
    }
    return {name: value for name, value in facts.items() if value}


def opens_topic(reply: object) -> bool:
    """Whether this is the service message that every message of a forum's topic is tied to."""
    return isinstance(reply, dict) and isinstance(reply.get("forum_topic_created"), dict)


def _replied(reply: object, notes: list[str]) -> JSON:
    """The words of the message that this one answers: it may be older than the hub."""
    if not isinstance(reply, dict) or opens_topic(reply):
        return {}
    speaker = reply.get("sender_chat") if isinstance(reply.get("sender_chat"), dict) else reply.get("from")
    return _named({"name": full_name(speaker, notes), "text": _excerpt(reply, notes)})


def _external(reply: object, notes: list[str]) -> JSON:
    """A reply to a message of another chat (ExternalReplyInfo)."""
    if not isinstance(reply, dict):
        return {}
    chat = reply.get("chat")
    return _named(
        {
            "name": describe_sender_name(reply.get("origin"), notes),
            "chat": full_name(chat, notes),
            **scalars(reply, ("message_id",), notes),
        }
    )


def _pinned(value: object, notes: list[str]) -> JSON:
    """Which message was pinned, and its words; an inaccessible one has only its number."""
    if not isinstance(value, dict):
        return {}
    return _named({**scalars(value, ("message_id",), notes), "text": _excerpt(value, notes)})


def _excerpt(message: JSON, notes: list[str]) -> str:
    return clean(message.get("text") or message.get("caption"), notes)[:LONGEST_EXCERPT]


def _topic_name(reply: object, notes: list[str]) -> str:
    created = reply.get("forum_topic_created") if isinstance(reply, dict) else None
    return clean(created.get("name"), notes)[:128] if isinstance(created, dict) else ""


def _members(people: list[object], notes: list[str]) -> JSON:
    members = []
    for person in people:
        if not isinstance(person, dict):
            continue
        facts = {
            "id": scalar(person.get("id", person.get("user_id")), notes),
            "name": full_name(person, notes),
            "username": clean(person.get("username"), notes),
        }
        members.append(_named(facts))
    return {"members": members} if any(members) else {}


def _poll(poll: JSON, notes: list[str]) -> JSON:
    """Without the counts of votes: those change and nobody has written anything."""
    return {
        **scalars(poll, ("question", "type"), notes),
        "options": [clean(option.get("text"), notes) for option in objects(poll.get("options"))],
        **({"is_closed": True} if poll.get("is_closed") is True else {}),
    }


def _venue(venue: JSON, notes: list[str]) -> JSON:
    place = scalars(venue.get("location"), PLACE_FACTS, notes)
    return {**scalars(venue, ("title", "address"), notes), **place}


def _contact(contact: JSON, notes: list[str]) -> JSON:
    return scalars(contact, ("first_name", "last_name", "phone_number", "user_id", "vcard"), notes)


def _paid_media(paid: JSON, notes: list[str]) -> JSON:
    files = [
        {**scalars(item, ("type",), notes), **file_facts(item.get(str(item.get("type"))), notes)}
        for item in objects(paid.get("paid_media"))
    ]
    return {**scalars(paid, ("star_count",), notes), "files": files}


def _story(story: JSON, notes: list[str]) -> JSON:
    return _named({"chat": full_name(story.get("chat"), notes), **scalars(story, ("id",), notes)})


def _location(location: JSON, notes: list[str]) -> JSON:
    return scalars(location, PLACE_FACTS, notes)


def _invoice(invoice: JSON, notes: list[str]) -> JSON:
    return scalars(invoice, ("title", "currency", "total_amount"), notes)


def _checklist(checklist: JSON, notes: list[str]) -> JSON:
    return scalars(checklist, ("title",), notes)


def _rich_message(message: JSON, notes: list[str]) -> JSON:
    """The files of its blocks, named by their kind; its words are the message's text."""
    files = [
        {"type": kind, **file_facts(block[kind], notes)}
        for block in objects(message.get("blocks"))
        for kind in ("photo", "video", "animation", "audio", "voice_note", "document")
        if kind in block
    ]
    return {"kind": "rich_message", **({"files": files} if files else {})}


def _named(facts: JSON) -> JSON:
    return {name: value for name, value in facts.items() if value}


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


_KINDS: dict[str, _Facts] = {
    "poll": _poll,
    "venue": _venue,
    "location": _location,
    "contact": _contact,
    "checklist": _checklist,
    "paid_media": _paid_media,
    "story": _story,
    "invoice": _invoice,
    "rich_message": _rich_message,
}
