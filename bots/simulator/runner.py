"""The simulated Telegram as an object: its server runs in a thread, on loopback only."""

import asyncio
import copy
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Self, TypeVar

from aiohttp import web

from bots.simulator.answers import Answer
from bots.simulator.delivery import WebhookDelivery
from bots.simulator.people_acting import ActingPeople
from bots.simulator.server import SimulatorServer
from bots.simulator.state import Call, SentMessage, TelegramState
from bots.simulator.wire import JSON, Person, buttons

HOST = "127.0.0.1"
BOT = Person(id=990_000_001, first_name="Помощник (демо)", username="cvgorod_demo_bot", is_bot=True)
DEFAULT_TOKEN = f"{BOT.id}:{'simulated-telegram-is-no-secret'}"

Found = TypeVar("Found")


class SimulatedTelegram(ActingPeople):
    """A Bot API for one bot, usable from any thread.

        with SimulatedTelegram() as telegram:
            telegram.client_writes(-1001, "Есть розы?")
            ... the code under test talks to telegram.url with telegram.token ...
            telegram.wait_for(lambda: telegram.sent_messages)

    `port=0` takes a free one. `stop()` and `start()` take Telegram away and bring it back on the same
    port with everything it knew. Ids start above those of every earlier simulator (time_based_id), or
    where `first_update_id` and `first_message_id` say.
    """

    def __init__(
        self,
        *,
        token: str = DEFAULT_TOKEN,
        port: int = 0,
        first_update_id: int | None = None,
        first_message_id: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        bot = Person(
            id=int(token.split(":")[0]),
            first_name=BOT.first_name,
            username=BOT.username,
            is_bot=True,
        )
        super().__init__(
            TelegramState(
                token=token,
                bot=bot,
                first_update_id=first_update_id,
                first_message_id=first_message_id,
                clock=clock,
            )
        )
        self.token = token
        self.port = port
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._server: SimulatorServer | None = None

    # --- running ------------------------------------------------------------------------------
    @property
    def url(self) -> str:
        """What goes into TELEGRAM_API_URL."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> Self:
        """Serve until `stop()`; OSError where the port is taken."""
        listener = socket.create_server((HOST, self.port))
        self.port = listener.getsockname()[1]
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener, ready)), name="simulated-telegram"
        )
        self._thread.start()
        ready.wait()
        return self

    def stop(self) -> None:
        """End every open connection, polls and hangs included."""
        if self._thread is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._thread = self._loop = self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    async def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._server = SimulatorServer(self.state)
        runner = web.AppRunner(
            self._server.application(),
            access_log=None,
            handler_cancellation=True,  # a caller that is gone waits no longer
            shutdown_timeout=0.05,
        )
        await runner.setup()
        await web.SockSite(runner, listener).start()
        delivering = asyncio.create_task(WebhookDelivery(self.state).run())
        ready.set()
        await self._stop.wait()
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)
        # Accept nobody any more, and let those just accepted become connections that can be closed:
        # asyncio leaks a socket that is accepted while its server closes.
        self._loop.remove_reader(listener)
        await asyncio.sleep(0.01)
        await runner.cleanup()

    # --- what the bot did ---------------------------------------------------------------------
    @property
    def bot(self) -> JSON:
        """The bot as its own messages name it: `id`, `username`, `first_name`, `is_bot`."""
        return self.state.bot.as_user()

    @property
    def sent_messages(self) -> list[SentMessage]:
        """Everything the bot said that stands in a chat, oldest first."""
        with self.state.lock:
            return list(self.state.sent)

    @property
    def requests(self) -> list[Call]:
        """Every call received (downloads as `download`), oldest first."""
        with self.state.lock:
            return list(self.state.calls)

    def calls(self, method: str) -> list[Call]:
        return [call for call in self.requests if call.method == method]

    @property
    def answered_queries(self) -> list[JSON]:
        with self.state.lock:
            return list(self.state.answered_queries)

    @property
    def waiting_updates(self) -> list[Any]:
        """The updates that no getUpdates has confirmed yet."""
        with self.state.lock:
            return copy.deepcopy(self.state.updates.page(len(self.state.updates)))

    @property
    def is_polled(self) -> bool:
        """Whether a getUpdates waits at this moment."""
        with self.state.lock:
            return self.state.poll is not None

    def messages(self, chat_id: int) -> list[JSON]:
        """What stands in the chat now, by message id."""
        with self.state.lock:
            chat = self.state.chats.get(chat_id)
            return copy.deepcopy(list(chat.messages.values())) if chat else []

    def message(self, chat_id: int, message_id: int) -> JSON:
        """One message as it stands now; KeyError where it is gone."""
        with self.state.lock:
            return copy.deepcopy(self.state.chats[chat_id].messages[message_id])

    def buttons(self, chat_id: int, message_id: int) -> dict[str, JSON]:
        """The buttons under a message now, by their labels."""
        return buttons(self.message(chat_id, message_id))

    def refuse_button_links(self) -> None:
        """From now on a button with a link is answered 400, as Telegram does with a local address."""
        with self.state.lock:
            self.state.refuses_button_links = True

    def let_webhook_reach(self, address: str) -> None:
        """Deliver to `address` (http://127.0.0.1:8300) what goes to the webhook's host.

        It stands for the name, the certificate and the proxy that a hub on the internet has.
        """
        with self.state.lock:
            self.state.webhook_reach = address
            self.state.wake_delivery()

    def turn_privacy_on(self) -> None:
        """As BotFather's /setprivacy: getMe says so. What the bot is told stays the same here."""
        with self.state.lock:
            self.state.reads_all_messages = False

    # --- what goes wrong ----------------------------------------------------------------------
    def script(self, method: str, answers: Iterable[Answer]) -> None:
        """The next calls of `method` get these answers; `download` for file downloads."""
        self.state.script(method, answers)

    def release(self) -> None:
        """Let the calls that hang end, without an answer."""
        if self._loop is not None and self._server is not None:
            self._loop.call_soon_threadsafe(self._server.release)

    @property
    def hanging_calls(self) -> int:
        """How many calls a script holds at this moment."""
        return self.state.hanging

    def revoke_token(self) -> None:
        """From now on every call is answered 401."""
        with self.state.lock:
            self.state.token = None

    # --- waiting ------------------------------------------------------------------------------
    def wait_for(self, predicate: Callable[[], Found], timeout: float = 10.0) -> Found:
        """The first truthy value of the predicate; TimeoutError after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not (found := predicate()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"did not happen within {timeout} s: {predicate!r}")
            time.sleep(0.01)
        return found
