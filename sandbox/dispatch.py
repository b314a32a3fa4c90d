"""Sending what is due, as fast as Telegram's limits allow and no faster: many chats at once, each in order.

Any number of processes may do this at the same time: a moment is reserved in Redis (sandbox/pacing.py), a
reply is claimed in the database (sandbox/delivery.py). Within one process one call does the work, and
another one only says that there is more.
"""

import logging
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from sandbox.delivery import deliver_one
from sandbox.models import PendingResponse
from sandbox.pacing import pacer
from sandbox.sending import is_sending_paused

logger = logging.getLogger(__name__)

# Sends on their way at once. Thirty a second at half a second each are fifteen.
SENDERS = 16
# Seconds. How long the list of what is due is believed; how long a call waits for a turn before it leaves
# the rest to the sweep (which comes every five).
LIST_SECONDS = 0.25
PATIENCE_SECONDS = 5.0

_at_work = threading.Lock()
_asked = threading.Event()


def deliver_due(*, seconds: float) -> int:
    """Send what may be sent, for at most so long; returns how many replies were attempted."""
    attempted, end = 0, time.monotonic() + seconds
    _asked.set()
    # Asked again while at work: what was approved meanwhile may have been overlooked.
    while _asked.is_set() and _at_work.acquire(blocking=False):
        try:
            _asked.clear()
            with Senders() as senders:
                attempted += _send_until(end, senders)
        finally:
            _at_work.release()
    return attempted


class Senders:
    """Threads that deliver; their database connections are closed with them."""

    def __init__(self) -> None:
        self._connections: list[BaseDatabaseWrapper] = []
        self._pool = ThreadPoolExecutor(SENDERS, "sender", initializer=self._begin)
        self._chats: dict[Future[bool], int] = {}

    def __enter__(self) -> "Senders":
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown()
        for opened in self._connections:
            opened.close()

    @property
    def busy_chats(self) -> set[int]:
        return set(self._chats.values())

    @property
    def is_idle(self) -> bool:
        return not self._chats

    @property
    def is_full(self) -> bool:
        return len(self._chats) >= SENDERS

    def send(self, response_id: int, chat_id: int) -> None:
        self._chats[self._pool.submit(_deliver, response_id)] = chat_id

    def settle(self) -> bool:
        """Forget the sends that are over; False where one of them says that nothing more can be done now."""
        over = [future for future in self._chats if future.done()]
        for future in over:
            del self._chats[future]
        return all(future.result() for future in over)

    def wait(self, seconds: float) -> None:
        """Wait so long, or until a send is over."""
        if self._chats:
            wait(self._chats, timeout=seconds, return_when=FIRST_COMPLETED)
        else:
            time.sleep(seconds)

    def _begin(self) -> None:
        opened = connections[DEFAULT_DB_ALIAS]  # this thread's own
        opened.inc_thread_sharing()  # closed by the thread that opened the pool
        self._connections.append(opened)


def _deliver(response_id: int) -> bool:
    try:
        return deliver_one(response_id=response_id)
    except Exception:
        # The row says how far it came; the sweeps and people go on from there.
        logger.exception("delivery broke off response=%s", response_id)
        return False


def _send_until(end: float, senders: Senders) -> int:
    attempted = 0
    due: list[PendingResponse] = []
    listed_at = 0.0
    while (now := time.monotonic()) < end:
        if not senders.settle() or now - listed_at > LIST_SECONDS:
            due = []
        if senders.is_full:
            senders.wait(LIST_SECONDS)
            continue
        if not due:
            due, listed_at = list_due(senders.busy_chats), now
        if not due:
            if senders.is_idle:
                break
            senders.wait(LIST_SECONDS)
            continue
        slot = pacer.reserve([response.target_chat for response in due])
        if slot.place is None:
            if slot.wait_seconds > PATIENCE_SECONDS and senders.is_idle:
                break
            senders.wait(min(slot.wait_seconds, LIST_SECONDS))
            continue
        response = due.pop(slot.place)
        senders.send(response.pk, response.target_chat)
        attempted += 1
    return attempted


def list_due(busy_chats: set[int]) -> list[PendingResponse]:
    """The next reply of each chat, the longest approved first; nothing while sending is paused."""
    if is_sending_paused():
        return []
    heads = PendingResponse.objects.heads().only("id")
    return [response for response in heads if response.target_chat not in busy_chats]
