"""A demo agent: reads what clients write, proposes replies, and never sends anything itself."""

import logging
from collections import Counter, deque
from typing import Protocol

from bots.demo.hub import Hub, HubAwayError, RefusedError, Row
from bots.demo.replies import Reply, reply_to

logger = logging.getLogger(__name__)

# More drafts than a person can look at help nobody.
MOST_PENDING = 12
MOST_PENDING_PER_CHAT = 2
NEWEST_LIMIT = 50
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
REMEMBERED_MESSAGES = 5_000


class Stop(Protocol):
    def wait(self, timeout: float | None = None, /) -> bool:
        """Whether to stop, known at once or within `timeout` seconds."""


class DemoAgent:
    """Proposes at most one reply per message, also over restarts: the hub knows it by the message's key."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._cursor: str | None = "latest"
        self._started = False
        self._proposed: deque[int] = deque(maxlen=REMEMBERED_MESSAGES)

    def run(self, *, stop: Stop, interval: float) -> None:
        """Step every `interval` seconds until stopped; a hub that is away is asked again, less and less
        often. Raises KeyRefusedError, which no waiting mends.
        """
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                self.step()
            except HubAwayError as error:
                wait = error.retry_after or pause
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                logger.warning("hub away, next try in %.0f s: %s", wait, error)
            else:
                wait, pause = interval, FIRST_PAUSE_SECONDS
            if stop.wait(wait):
                return

    def step(self) -> int:
        """Look once at what is new and propose where it makes sense; how many drafts were made.

        A step that the hub's absence cuts short is done again from the same place.
        """
        rows, cursor = self._new_rows()
        proposed = self._propose_for(rows)
        self._cursor, self._started = cursor, True
        return proposed

    def _new_rows(self) -> tuple[list[Row], str | None]:
        """Oldest first: at the start what stands unanswered, later the feed (or the newest page)."""
        rows, cursor = self._feed()
        if self._started and cursor is not None:
            return rows, cursor
        return list(reversed(self._hub.newest(limit=NEWEST_LIMIT))), cursor

    def _feed(self) -> tuple[list[Row], str | None]:
        if self._cursor is None:
            return [], None
        try:
            return self._hub.feed(self._cursor)
        except RefusedError as error:
            if not self._started:
                return [], None  # a hub without a feed
            self._cursor, self._started = "latest", False  # a cursor it knows no more: begin again
            raise HubAwayError(str(error)) from None

    def _propose_for(self, rows: list[Row]) -> int:
        answers = {row["id"]: reply_to(row) for row in rows if row["id"] not in self._proposed}
        wanted = _latest_per_chat([row for row in rows if answers.get(row["id"])])
        if not wanted:
            return 0
        pending = Counter(row["chat_id"] for row in self._hub.pending(limit=MOST_PENDING))
        proposed = 0
        for row in wanted:
            reply = answers[row["id"]]
            if reply is None or not _has_room(pending, row["chat_id"]):
                continue
            if self._propose(row, reply):
                pending[row["chat_id"]] += 1
                proposed += 1
        return proposed

    def _propose(self, row: Row, reply: Reply) -> bool:
        try:
            self._hub.propose(
                chat_id=row["chat_id"],
                text=reply.text,
                context=reply.context,
                reply_to=row.get("telegram_message_id"),
                idempotency_key=f"demo-agent-message-{row['id']}",
            )
        except RefusedError as error:
            # 409: proposed before the message was edited. 400, 404: not a chat to write to.
            logger.info("draft refused message=%s: %s", row["id"], error)
            self._proposed.append(row["id"])
            return False
        self._proposed.append(row["id"])
        return True


def _latest_per_chat(rows: list[Row]) -> list[Row]:
    """Of several messages at once only a chat's last is worth an answer."""
    return list({row["chat_id"]: row for row in rows}.values())


def _has_room(pending: "Counter[int]", chat_id: int) -> bool:
    return pending.total() < MOST_PENDING and pending[chat_id] < MOST_PENDING_PER_CHAT
