"""What a message says now and said before, from states that may be read in any order.

States that look alike to people, one after the other, are one: it counts from the first of them. Of such a
run only its first and last time are kept; that is all it takes to tell, of a state that is read late, whether
it comes before, after or in the midst of the run.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from messaging.models import Message, MessageVersion

# A file is told by `file_unique_id`; these may differ between bots and deliveries of the same one.
_OF_THE_SAME_FILE = frozenset({"file_id", "file_size", "mime_type", "width", "height", "duration"})
# What stands around a message's content (bots/facts.py); nobody can edit it.
_AROUND = frozenset(
    {
        "quote",
        "reply_to",
        "external_reply",
        "story",
        "via_bot",
        "signature",
        "sender_chat",
        "topic",
        "written_by_bot",
        "is_automatic_forward",
        "direct_messages_topic",
        "receiver",
    }
)
# Somebody who shares a live location moves; nobody says anything by it.
_MOVES = frozenset({"latitude", "longitude"})


@dataclass(frozen=True, kw_only=True)
class State:
    """What a message said from `at` to `until`, as far as is known."""

    at: datetime
    is_edit: bool
    arrival: int
    until: datetime
    until_arrival: int
    text: str
    media: Any
    # None where it is not known: earlier versions do not keep it.
    message_type: str | None

    @property
    def place(self) -> tuple[datetime, bool, int]:
        """An edit comes after the original of its second; of two edits within one, the later arrival."""
        return (self.at, self.is_edit, self.arrival)

    @property
    def edited_at(self) -> datetime | None:
        return self.at if self.is_edit else None

    def looks_like(self, other: "State") -> bool:
        """Whether people see no difference."""
        one, two = self.message_type, other.message_type
        return (
            self.text == other.text
            and (one == two or one is None or two is None)
            and visible_media(self.media) == visible_media(other.media)
        )


def visible_media(media: Any) -> Any:  # noqa: ANN401  (any JSON)
    """The part of a message's media that people see."""
    if isinstance(media, list):
        return [visible_media(inner) for inner in media]
    if not isinstance(media, dict):
        return media
    unseen = _AROUND | {"file_id"}
    if "file_unique_id" in media:
        unseen |= _OF_THE_SAME_FILE
    if "live_period" in media:
        unseen |= _MOVES
    return {name: visible_media(value) for name, value in media.items() if name not in unseen}


def merge_states(states: Iterable[State]) -> list[State]:
    """These states in their order, those that look alike one after the other as one; the last is current."""
    merged: list[State] = []
    for state in sorted(_points(states), key=lambda point: point.place):
        if merged and merged[-1].looks_like(state):
            merged[-1] = _joined(merged[-1], state)
        else:
            merged.append(state)
    return merged


def state_of(row: Message) -> State:
    """What a row says, stored or just read from an update."""
    at = row.edited_at or row.timestamp
    until = max(at, row.state_at or at)
    return State(
        at=at,
        is_edit=row.edited_at is not None,
        # When it first arrived is not kept where it was seen again later.
        arrival=row.state_arrival if until == at else 0,
        until=until,
        until_arrival=row.state_arrival,
        text=row.text,
        media=row.media,
        message_type=row.message_type,
    )


def state_of_version(version: MessageVersion, message: Message) -> State:
    return State(
        at=version.valid_from,
        is_edit=version.valid_from > message.timestamp,
        arrival=0,
        until=version.seen_until or version.valid_from,
        until_arrival=0,
        text=version.text,
        media=version.media,
        message_type=None,
    )


def take_over(row: Message, state: State) -> Message:
    """Let the row say what the state says."""
    row.text, row.media = state.text, state.media
    row.message_type = state.message_type or row.message_type
    row.edited_at, row.state_at, row.state_arrival = state.edited_at, state.until, state.until_arrival
    return row


def as_versions(states: Sequence[State], message: Message) -> list[MessageVersion]:
    """The rows that say what was said before."""
    return [
        MessageVersion(
            message=message,
            text=state.text,
            media=state.media,
            valid_from=state.at,
            seen_until=state.until,
        )
        for state in states
    ]


def _points(states: Iterable[State]) -> Iterator[State]:
    """The first and the last time of each state, apart: another may lie between."""
    for state in states:
        if state.until == state.at:
            yield state
            continue
        yield replace(state, until=state.at, until_arrival=state.arrival)
        yield replace(state, at=state.until, arrival=state.until_arrival, is_edit=True)


def _joined(first: State, last: State) -> State:
    known_type = first.message_type or last.message_type
    return replace(first, until=last.until, until_arrival=last.until_arrival, message_type=known_type)
