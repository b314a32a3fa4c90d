"""Raw updates of the newest messages, as Telegram would have handed them over; a few that nobody can read."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from bots.models import RawUpdate
from cvgorod_hub.seeding.copying import NULL, escaped, plain
from cvgorod_hub.seeding.identity import BOT_ID

State = RawUpdate.State
# So many of the newest messages still have their update: the others' were deleted after 30 days.
KEPT = 20_000
UPDATE_COLUMNS = (
    "bot_id", "update_id", "kind", "chat_id", "payload", "parse_state", "error", "note",
    "received_at", "parsed_at",
)  # fmt: skip
Row = tuple[object, ...]
_IGNORED_EVERY = 50


def updates_of(messages: Sequence[Row], *, first_update: int) -> list[Row]:
    """Of rows as `History` makes them; the last of all is the newest."""
    return [_update(row, first_update + place) for place, row in enumerate(messages) if row[13] == "telegram"]


def broken_updates(*, first_update: int, at: datetime) -> list[Row]:
    """What could not be read, and what was set aside for it."""
    payload = escaped(json.dumps({"update_id": first_update, "message": {"message_id": "seed"}}))
    error = "ValidationError: message.message_id is no number"
    states = (State.FAILED, State.FAILED, State.DISMISSED)
    return [
        (
            BOT_ID, first_update + place, "message", NULL, payload, state.value, error, "",
            at - timedelta(hours=place + 1), at - timedelta(hours=place + 1),
        )
        for place, state in enumerate(states)
    ]  # fmt: skip


def _update(row: Row, number: int) -> Row:
    _key, chat, in_chat, person, text, kind, _state, _words, reply, _media, at, edited, *_rest = row
    assert isinstance(at, datetime)  # noqa: S101  (as History makes them)
    message: dict[str, object] = {
        "message_id": in_chat,
        "date": int(at.timestamp()),
        "chat": {"id": chat, "type": "supergroup"},
        "from": {"id": person, "is_bot": False},
    }
    if reply != NULL:
        message["reply_to_message"] = {"message_id": reply}
    message["text" if kind == "text" else str(kind)] = plain(str(text)) if kind == "text" else "…"
    if number % _IGNORED_EVERY == 0:
        poll = escaped(json.dumps({"update_id": number, "poll": {"id": "seed"}}))
        return BOT_ID, number, "poll", NULL, poll, State.IGNORED.value, "", "", at, at
    name = "edited_message" if edited != NULL else "message"
    payload = escaped(json.dumps({"update_id": number, name: message}, ensure_ascii=False))
    return BOT_ID, number, name, chat, payload, State.PARSED.value, "", "", at, at
