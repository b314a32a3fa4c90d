"""The poll loop: getUpdates, store, read, and only then ask for more.

Asking with a higher offset is what confirms updates to Telegram, so the batch is committed first; a process
that dies at any point is handed the unconfirmed part again. aiogram's own polling confirms before its
handlers have run, and loses what they were working on.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

from aiogram import Bot
from aiogram.exceptions import TelegramConflictError
from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

from bots.client import FAILURES, translate
from bots.methods import GetMe, GetUpdates, GetWebhookInfo
from bots.models import TelegramBot
from bots.poller_lock import PollerLock
from bots.updates import parse_waiting_updates, store_updates
from cvgorod_hub.common.external import ExternalServiceError

logger = logging.getLogger(__name__)

# Seconds. Telegram caps the long poll at 50; the deadline leaves it time to answer.
POLL_SECONDS = 25
POLL_DEADLINE_SECONDS = 40
CALL_DEADLINE_SECONDS = 20
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
LONGEST_BELIEVED_PAUSE_SECONDS = 3600.0
# An empty answer that comes sooner than this is no long poll; without a pause the loop would spin.
SHORTEST_EMPTY_POLL_SECONDS = 0.5


class WebhookIsSetError(ExternalServiceError):
    """Telegram delivers to a webhook, which this process must not take away."""

    def __init__(self) -> None:
        super().__init__(
            "A webhook is set for this bot, so Telegram refuses polling. "
            "Remove it (Bot API: deleteWebhook), or do not run the collector.",
            permanent=True,
        )


@dataclass
class Collector:
    """Polls for one bot until `stop` is set. `once`: until nothing is left that waits."""

    bot: Bot
    once: bool = False
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    _pause: float = field(default=FIRST_PAUSE_SECONDS, init=False)
    _has_polled: bool = field(default=False, init=False)
    _is_drained: bool = field(default=False, init=False)

    async def run(self) -> None:
        """Raises TokenRefusedError, WebhookIsSetError, PollerLockError; with `once` any failure."""
        bot_id = await self._introduce()
        if bot_id is None:
            return
        lock = PollerLock(bot_id)
        try:
            while not self.stop.is_set():
                await self._step(bot_id, lock)
                if self.once and self._is_drained:
                    return
        finally:
            lock.release()

    async def _step(self, bot_id: int, lock: PollerLock) -> None:
        """One poll; a neighbour's failure is logged and waited out."""
        try:
            await self._poll(bot_id, lock)
        except TelegramConflictError as error:
            await self._refuse_webhook()
            await self._wait_out(translate(error))
        except FAILURES as error:
            await self._wait_out(translate(error))
        except (OperationalError, InterfaceError) as error:
            # Nothing was confirmed: Telegram keeps the batch until the database is back.
            await self._wait_out(ExternalServiceError(f"database: {type(error).__name__}"))
        else:
            self._pause = FIRST_PAUSE_SECONDS

    async def _poll(self, bot_id: int, lock: PollerLock) -> None:
        offset = await sync_to_async(_prepare)(bot_id, lock)
        asked_at = time.monotonic()
        # The first poll does not wait, so that a start is soon known to have worked.
        waits = self._has_polled and not self.once
        method = GetUpdates(offset=offset, timeout=POLL_SECONDS if waits else 0)
        batch = await self._unless_stopped(self.bot(method, request_timeout=POLL_DEADLINE_SECONDS))
        if batch is None:
            return
        next_offset = await sync_to_async(_take)(bot_id, batch)
        # The poll that finds nothing has also confirmed the last batch.
        self._has_polled, self._is_drained = True, next_offset is None
        spins = next_offset is None and time.monotonic() - asked_at < SHORTEST_EMPTY_POLL_SECONDS
        if spins and not self.once:
            await self._sleep(SHORTEST_EMPTY_POLL_SECONDS)

    async def _introduce(self) -> int | None:
        """Ask Telegram who this bot is until it answers, and keep that; None when a stop came first."""
        while not self.stop.is_set():
            try:
                call = self.bot(GetMe(), request_timeout=CALL_DEADLINE_SECONDS)
                facts = await self._unless_stopped(call)
                return None if facts is None else await sync_to_async(register_bot)(facts)
            except FAILURES as error:
                await self._wait_out(translate(error))
            except (OperationalError, InterfaceError) as error:
                await self._wait_out(ExternalServiceError(f"database: {type(error).__name__}"))
        return None

    async def _refuse_webhook(self) -> None:
        """A 409 has two reasons; this tells whether it is the one that waiting does not cure."""
        try:
            info = await self.bot(GetWebhookInfo(), request_timeout=CALL_DEADLINE_SECONDS)
        except FAILURES:
            return
        if info.get("url"):
            raise WebhookIsSetError

    async def _wait_out(self, error: ExternalServiceError) -> None:
        if error.permanent or self.once:
            raise error
        pause = min(error.retry_after or self._pause, LONGEST_BELIEVED_PAUSE_SECONDS)
        logger.warning("collector waits seconds=%.0f error=%s", pause, error)
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        await self._sleep(pause)

    async def _unless_stopped(self, call: Awaitable[Any]) -> Any:  # noqa: ANN401  (the call's own type)
        """The call's result, or None when a stop came first; giving a poll up confirms nothing."""
        work, stop = asyncio.ensure_future(call), asyncio.ensure_future(self.stop.wait())
        done, _pending = await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        if work in done:
            stop.cancel()
            return work.result()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        return None

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.stop.wait(), seconds)
        except TimeoutError:
            return


def register_bot(facts: dict[str, Any]) -> int:
    """Keep what getMe says about our bot; returns its id."""
    close_old_connections()
    bot_id = facts.get("id")
    if not isinstance(bot_id, int):
        raise ExternalServiceError("getMe did not say which bot this is.", permanent=True)
    TelegramBot.objects.update_or_create(
        pk=bot_id,
        defaults={
            "username": str(facts.get("username") or ""),
            "name": str(facts.get("first_name") or ""),
            "can_read_all_group_messages": facts.get("can_read_all_group_messages") is True,
        },
    )
    return bot_id


def _prepare(bot_id: int, lock: PollerLock) -> int | None:
    """Before a poll: the lock is ours, and the offset is the one that was committed last."""
    close_old_connections()
    lock.hold()
    return TelegramBot.objects.values_list("next_offset", flat=True).get(pk=bot_id)


def _take(bot_id: int, batch: list[object]) -> int | None:
    """Store the batch, then read it; what an earlier process left unread comes along."""
    next_offset = store_updates(bot_id=bot_id, raw=batch) if batch else None
    TelegramBot.objects.filter(pk=bot_id).update(last_poll_at=timezone.now())
    while parse_waiting_updates(bot_id=bot_id):
        pass
    return next_offset
