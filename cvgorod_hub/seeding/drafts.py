"""Replies in all states, each with the log that the hub would have written."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cvgorod_hub.seeding.copying import NULL, escaped
from cvgorod_hub.seeding.history import History, Proposal
from cvgorod_hub.seeding.identity import AGENT, chat_id, chat_name
from cvgorod_hub.seeding.scenes import Scene
from sandbox.models import PendingResponse, ResponseEvent

Status = PendingResponse.Status
Kind = ResponseEvent.Kind
# For each reply that went out, so many that did not.
_OTHERS = ((Status.REJECTED, 0.12), (Status.EXPIRED, 0.05), (Status.CANCELLED, 0.03), (Status.FAILED, 0.005))
# What waits at the end, of each kind.
_OPEN = (
    (Status.PENDING, 18), (Status.UNKNOWN, 2), (Status.APPROVED, 2), (Status.FAILED, 2), (Status.SENDING, 1),
    (Status.REJECTED, 2), (Status.EXPIRED, 2), (Status.CANCELLED, 2), (Status.SENT, 0),
)  # fmt: skip
_MANAGERS = ("demo_manager", "demo_manager_2", "demo_director")
_REASONS = ("Цена уже другая", "Клиенту ответили по телефону", "Не на тот вопрос", "Слишком общо")
HUB = "hub"
# Columns of each row: `reply` and `event` below give them in this order.
REPLY_COLUMNS = (
    "id", "chat_id", "client_name", "response_text", "original_text", "context", "reply_to_message_id",
    "status", "version", "requested_by", "approved_by", "approved_at", "rejected_reason", "scheduled_at",
    "expires_at", "claimed_at", "attempts", "sent_at", "telegram_message_id", "last_error", "created_at",
)  # fmt: skip
EVENT_COLUMNS = ("response_id", "kind", "actor_name", "text_before", "text_after", "detail", "created_at")
Row = tuple[object, ...]


@dataclass(frozen=True)
class Written:
    """Rows of replies and of their log."""

    replies: list[Row]
    events: list[Row]


class DraftWriter:
    """Makes replies under keys that go on from the first."""

    def __init__(self, *, first_key: int, seed: int) -> None:
        self._key = first_key
        self._dice = random.Random(seed)  # noqa: S311  (the same for the same seed)

    def of_sent(self, proposals: Iterable[Proposal]) -> Written:
        """The replies that became these messages, and beside them some that did not."""
        written = Written([], [])
        for proposal in proposals:
            self._add(written, Status.SENT, proposal)
            for status, share in _OTHERS:
                if self._dice.random() < share:
                    self._add(written, status, proposal)
        return written

    def open_ones(self, history: History, scenes: Sequence[Scene]) -> Written:
        """What a manager finds in the morning: drafts that wait, and one of each trouble."""
        written = Written([], [])
        answerable = [scene for scene in scenes if scene.proposal]
        waiting = [place for place, state in enumerate(history.states) if state.waiting is not None]
        places = self._places(waiting, len(history.states))
        for status, count in _OPEN:
            for _ in range(min(count, max(len(history.states), 2))):
                scene = self._dice.choice(answerable)
                chat = next(places)
                at = history.until - timedelta(minutes=self._dice.randint(2, 90))
                number = history.states[chat].count
                proposal = Proposal(
                    chat, at, at, scene.proposal, scene.proposal, scene.reason, number, number
                )
                self._add(written, status, proposal)
        return written

    def _places(self, waiting: list[int], chats: int) -> Iterator[int]:
        """Chats where somebody waits come first, then the others, over and over."""
        order = [*waiting, *(place for place in range(chats) if place not in set(waiting))]
        while True:
            yield from order

    def _add(self, written: Written, status: Status, said: Proposal) -> None:
        key, who = self._key, self._dice.choice(_MANAGERS)
        self._key += 1
        proposed = said.asked_at + timedelta(seconds=20)
        decided = max(said.sent_at - timedelta(seconds=5), proposed + timedelta(seconds=1))
        done = max(said.sent_at, decided)
        is_edited = said.text != said.original and status == Status.SENT
        reason = self._dice.choice(_REASONS) if status == Status.REJECTED else ""
        error = "Bad Request: chat not found" if status == Status.FAILED else ""
        approved = status in (
            Status.APPROVED,
            Status.SENDING,
            Status.SENT,
            Status.FAILED,
            Status.UNKNOWN,
            Status.CANCELLED,
        )
        tried = status in (Status.SENDING, Status.SENT, Status.FAILED, Status.UNKNOWN)
        text = said.text if is_edited else said.original
        written.replies.append((
            key, chat_id(said.chat), escaped(chat_name(said.chat)), text, said.original, said.reason,
            said.asked_number or NULL, status.value, 2 if is_edited else 1, AGENT,
            who if approved else "", decided if approved else NULL, reason,
            done + timedelta(days=1) if status == Status.APPROVED else NULL,
            proposed + timedelta(hours=24) if status == Status.PENDING else NULL,
            done if tried else NULL, 1 if tried else 0, done if status == Status.SENT else NULL,
            said.number if status == Status.SENT else NULL, error, proposed,
        ))  # fmt: skip
        for kind, actor, detail, at in _log(status, who, reason or error, proposed, decided, done, is_edited):
            before, after = (said.original, text) if kind == Kind.EDITED else ("", "")
            written.events.append((key, kind.value, actor, before, after, detail, at))


def _log(
    status: Status,
    who: str,
    detail: str,
    proposed: datetime,
    decided: datetime,
    done: datetime,
    is_edited: bool,
) -> Iterator[tuple[Kind, str, str, datetime]]:
    yield Kind.PROPOSED, AGENT, "", proposed
    if is_edited:
        yield Kind.EDITED, who, "", decided
    if status == Status.REJECTED:
        yield Kind.REJECTED, who, detail, decided
    elif status == Status.EXPIRED:
        yield Kind.EXPIRED, HUB, "", done
    elif status != Status.PENDING:
        yield Kind.APPROVED, who, "", decided
        if status == Status.CANCELLED:
            yield Kind.CANCELLED, who, "", done
        elif status != Status.APPROVED:
            yield Kind.CLAIMED, HUB, "", done
            ends = {Status.SENT: Kind.SENT, Status.FAILED: Kind.FAILED, Status.UNKNOWN: Kind.UNKNOWN}
            if status in ends:
                yield ends[status], HUB, detail, done
