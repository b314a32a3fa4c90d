"""The updates that wait for a bot, and how asking confirms them."""

from collections import deque

# Telegram's server: an offset further ahead of the queue's end than this is not believed.
MAX_OFFSET_AHEAD = 10


class UpdateQueue:
    """Updates by rising id. Asking with an offset drops everything before it, at once and for good."""

    def __init__(self, first_id: int) -> None:
        self.next_id = first_id
        self._waiting: deque[tuple[int, object]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, payload: object) -> int:
        """Queue an update and return its id: its own where it has one, else the next.

        A payload that is no object is handed over as it is.
        """
        update_id = self.next_id
        if isinstance(payload, dict):
            update_id = int(payload.get("update_id", update_id))
            payload = {"update_id": update_id} | payload
        self._waiting.append((update_id, payload))
        self.next_id = max(self.next_id, update_id + 1)
        return update_id

    def confirm(self, offset: int) -> None:
        """What `offset` of a getUpdates does: positive drops what is before, negative keeps that many."""
        if offset < 0:
            while len(self._waiting) > -offset:
                self._waiting.popleft()
        elif offset <= self.next_id + MAX_OFFSET_AHEAD:
            self._waiting = deque(item for item in self._waiting if item[0] >= offset)

    def page(self, limit: int) -> list[object]:
        """The oldest updates, without dropping them."""
        return [payload for _, payload in list(self._waiting)[:limit]]

    def items(self) -> list[tuple[int, object]]:
        """All that wait, with the ids they were queued under."""
        return list(self._waiting)

    def drop(self, update_id: int) -> None:
        """One was delivered to a webhook."""
        self._waiting = deque(item for item in self._waiting if item[0] != update_id)

    def clear(self) -> None:
        self._waiting.clear()
