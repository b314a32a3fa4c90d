"""The webhook's side of the simulated Telegram: several deliveries at once, each repeated until a 2xx.

As Telegram's server does it (WebhookActor.cpp): a failed delivery waits, twice as long each time, or as long
as the answer's Retry-After says; deliveries may overtake each other.
"""

import asyncio
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp

from bots.simulator.state import TelegramState
from bots.simulator.wire import JSON

USUAL_CONNECTIONS = 40  # Bot API, setWebhook: max_connections
FIRST_PAUSE_SECONDS = 0.1  # Telegram begins with a second; tests need not
LONGEST_PAUSE_SECONDS = 60.0
DELIVERY_SECONDS = 30
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  (a name)


class WebhookDelivery:
    """Runs beside the server, in its event loop; `state.webhook_reach` is where the webhook's host is."""

    def __init__(self, state: TelegramState) -> None:
        self._state = state
        self._busy: dict[int, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        loop = asyncio.get_running_loop()
        state.wake_delivery = lambda: loop.call_soon_threadsafe(self._woken.set)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with aiohttp.ClientSession() as session:
                while True:
                    self._begin(session)
                    await self._woken.wait()
                    self._woken.clear()
        finally:
            self._state.wake_delivery = lambda: None
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    def _begin(self, session: aiohttp.ClientSession) -> None:
        with self._state.lock:
            if not self._is_set():
                return
            most = int(self._state.webhook.params.get("max_connections") or USUAL_CONNECTIONS)
            idle = [item for item in self._state.updates.items() if item[0] not in self._busy]
        for update_id, payload in idle[: most - len(self._busy)]:
            self._busy[update_id] = asyncio.create_task(self._deliver(session, update_id, payload))

    async def _deliver(self, session: aiohttp.ClientSession, update_id: int, payload: object) -> None:
        pause = FIRST_PAUSE_SECONDS
        try:
            while self._is_set():
                error, told = await self._try(session, payload)
                with self._state.lock:
                    if not error:
                        self._state.updates.drop(update_id)
                        return
                    self._state.webhook.last_error = (int(self._state.clock()), error)
                await asyncio.sleep(pause if told is None else told)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        finally:
            del self._busy[update_id]
            self._woken.set()

    async def _try(self, session: aiohttp.ClientSession, payload: object) -> tuple[str, float | None]:
        """What went wrong ("" nothing), and for how long the hub asks to be left alone."""
        url, headers = self._address()
        try:
            async with session.post(
                url, json=payload, headers=headers, timeout=aiohttp.ClientTimeout(total=DELIVERY_SECONDS)
            ) as answer:
                if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
                    return "", None
                retry_after = answer.headers.get("Retry-After", "")
                told = float(retry_after) if retry_after.isdecimal() else None
                return f"Wrong response from the webhook: {answer.status} {answer.reason}", told
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"Connection failed: {type(error).__name__}", None

    def _address(self) -> tuple[str, JSON]:
        webhook = self._state.webhook
        parts = urlsplit(webhook.url)
        headers = {"Host": parts.netloc}
        if secret := webhook.params.get("secret_token"):
            headers[SECRET_HEADER] = str(secret)
        return f"{self._state.webhook_reach}{parts.path}", headers

    def _is_set(self) -> bool:
        return bool(self._state.webhook.url and self._state.webhook_reach)
