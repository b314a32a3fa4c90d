"""The poll loop: getUpdates, store, read, and only then ask for more.

Asking with a higher offset is what confirms updates to Telegram, so the batch is committed first; a process
that dies at any point is handed the unconfirmed part again. aiogram's own polling confirms before its
handlers have run, and loses what they were working on.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from aiogram import Bot
from aiogram.exceptions import TelegramConflictError
from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, close_old_connections

from bots.client import FAILURES, TokenRefusedError, translate
from bots.methods import GetMe, GetUpdates, GetWebhookInfo
from bots.models import TelegramBot
from bots.poller_lock import PollerLock
from bots.raw_updates import store_updates
from bots.updates import parse_all_waiting_updates
from bots.watching import (
    note_conflict,
    note_poll,
    note_poll_error,
    note_refused_token,
    note_webhook,
    register_bot,
)
from cvgorod_hub.common import heartbeat
from cvgorod_hub.common.external import ExternalServiceError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

logger = logging.getLogger(__name__)

# Seconds. Telegram caps the long poll at 50; the deadline leaves it time to answer.
POLL_SECONDS = 25
POLL_DEADLINE_SECONDS = 40
CALL_DEADLINE_SECONDS = 20
# How often the bot's rights and its webhook are looked at beside polling.
LOOK_SECONDS = 600.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
LONGEST_BELIEVED_PAUSE_SECONDS = 3600.0
# An empty answer that comes sooner than this is no long poll; without a pause the loop would spin.
SHORTEST_EMPTY_POLL_SECONDS = 0.5


class WebhookIsSetError(ExternalServiceError):
    """Telegram delivers to a webhook, which this process must not take away."""

    def __init__(self) -> None:
        super().__init__(
            "A webhook is set for this bot, so Telegram refuses polling. Remove it "
            "(manage.py delete_webhook) to collect by polling, or do not run the collector.",
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
    _looked_at: float = field(default=0.0, init=False)

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
            await self._note_conflict(bot_id)
            await self._wait_out(translate(error), bot_id)
        except FAILURES as error:
            await self._wait_out(translate(error), bot_id)
        except ExternalServiceError as error:
            await self._wait_out(error, bot_id)
        except (OperationalError, InterfaceError) as error:
            # Nothing was confirmed: Telegram keeps the batch until the database is back.
            await self._wait_out(ExternalServiceError(f"database: {type(error).__name__}"))
        else:
            self._pause = FIRST_PAUSE_SECONDS
            heartbeat.mark()

    async def _poll(self, bot_id: int, lock: PollerLock) -> None:
        if time.monotonic() - self._looked_at >= LOOK_SECONDS:
            await self._unless_stopped(self._look())
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
                bot_id: int | None = await self._unless_stopped(self._look())
                return bot_id
            except FAILURES as error:
                await self._wait_out(translate(error))
            except ExternalServiceError as error:
                await self._wait_out(error)
            except (OperationalError, InterfaceError) as error:
                await self._wait_out(ExternalServiceError(f"database: {type(error).__name__}"))
        return None

    async def _look(self) -> int:
        """Who the bot is and what it may, and that no webhook is set; each can change while we run."""
        facts = await self.bot(GetMe(), request_timeout=CALL_DEADLINE_SECONDS)
        bot_id = await sync_to_async(_in_database)(register_bot, facts)
        info = await self.bot(GetWebhookInfo(), request_timeout=CALL_DEADLINE_SECONDS)
        await sync_to_async(_in_database)(note_webhook, bot_id, info)
        if info.get("url"):
            raise WebhookIsSetError
        self._looked_at = time.monotonic()
        return bot_id

    async def _note_conflict(self, bot_id: int) -> None:
        """A 409 has two reasons: a webhook, which waiting does not cure, or another program that polls."""
        with suppress(*FAILURES, OperationalError, InterfaceError):
            await self._unless_stopped(self._look())
        conflicts = await sync_to_async(_noted)(note_conflict, bot_id)
        logger.warning("another program polls this bot as well conflicts=%s", conflicts)

    async def _wait_out(self, error: ExternalServiceError, bot_id: int | None = None) -> None:
        if isinstance(error, TokenRefusedError):
            await sync_to_async(_noted)(note_refused_token, self.bot.token)
        elif bot_id is not None:
            await sync_to_async(_noted)(note_poll_error, bot_id, str(error))
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


def _in_database(
    work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Database work of a loop that lives for months: on a connection that still works."""
    close_old_connections()
    return work(*args, **kwargs)


def _noted(
    work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result | None:
    """The same for a note about a failure, which must not become a failure of its own."""
    try:
        return _in_database(work, *args, **kwargs)
    except (OperationalError, InterfaceError) as error:
        logger.warning("the database did not take a note error=%s", type(error).__name__)
        return None


def _prepare(bot_id: int, lock: PollerLock) -> int | None:
    """Before a poll: the lock is ours, and the offset is the one that was committed last."""
    close_old_connections()
    lock.hold()
    return TelegramBot.objects.values_list("next_offset", flat=True).get(pk=bot_id)


def _take(bot_id: int, batch: list[object]) -> int | None:
    """Store the batch, then read it; what an earlier process left unread comes along."""
    next_offset = store_updates(bot_id=bot_id, raw=batch) if batch else None
    note_poll(bot_id)
    parse_all_waiting_updates(bot_id=bot_id)
    return next_offset
