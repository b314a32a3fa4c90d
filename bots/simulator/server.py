"""The Bot API's HTTP face over the state: methods, long polling, file downloads, the page."""

import asyncio
import json

from aiohttp import web

from bots.simulator import page
from bots.simulator.answers import Answer
from bots.simulator.errors import BotApiError, conflict
from bots.simulator.methods import METHODS, remember_allowed_updates
from bots.simulator.params import Params, read_params
from bots.simulator.speech import DemoSpeech
from bots.simulator.state import Poll, TelegramState
from bots.simulator.wire import JSON

MAX_POLL_SECONDS = 50  # what Telegram's server makes of a longer `timeout`
GET_UPDATES = "getUpdates"
PAGE_HEADER = "X-Simulator-Page"
DOWNLOAD = "download"  # scripts speak of file downloads by this name
_NAMES = {name.lower(): name for name in (*METHODS, GET_UPDATES)}


class SimulatorServer:
    """The routes of one simulated Telegram; lives in the event loop that serves them."""

    def __init__(self, state: TelegramState) -> None:
        self.state = state
        self._released = asyncio.Event()

    def application(self) -> web.Application:
        app = web.Application(client_max_size=50 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        app.router.add_get("/", self._page)
        app.router.add_get("/conversations", self._conversations)
        app.router.add_post("/press", self._press)
        DemoSpeech().add_routes(app)
        return app

    def release(self) -> None:
        """End the scripted hangs of this moment."""
        self._released.set()
        self._released = asyncio.Event()

    # --- methods ------------------------------------------------------------------------------
    async def _call(self, request: web.Request) -> web.StreamResponse:
        asked = request.match_info["method"]
        method = _NAMES.get(asked.lower(), asked)
        try:
            params = await read_params(request)
            self.state.record(method, params)
            if answer := self.state.next_answer(method):
                return await self._scripted(request, method, params, answer)
            return _json(await self._carry_out(request, method, params))
        except BotApiError as error:
            return _refusal(error)

    async def _scripted(
        self, request: web.Request, method: str, params: JSON, answer: Answer
    ) -> web.StreamResponse:
        await asyncio.sleep(answer.seconds)
        usual = b""
        if answer.carried_out:
            usual = await self._carry_out(request, method, params)
        response = await self._spoiled(request, answer) or _json(usual)
        if answer.seconds_per_byte:
            return await _byte_by_byte(request, response, answer.seconds_per_byte)
        return response

    async def _spoiled(self, request: web.Request, answer: Answer) -> web.Response | None:
        """What the caller gets instead of the usual answer; None where nothing is spoiled."""
        if answer.hangs:
            await self._hang()
        if answer.drops:
            if request.transport is not None:
                request.transport.close()
            return web.Response()
        if answer.status is None:
            return None
        return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)

    async def _hang(self) -> None:
        self.state.hanging += 1
        try:
            await self._released.wait()
        finally:
            self.state.hanging -= 1

    async def _carry_out(self, request: web.Request, method: str, params: JSON) -> bytes:
        """Do what the method does; its result as the body of a 200."""
        self._check_token(request)
        if method == GET_UPDATES:
            return await self._get_updates(Params(params))
        if method not in METHODS:
            raise BotApiError(404, "Not Found")
        with self.state.lock:
            return _ok(METHODS[method](self.state, Params(params)))

    def _check_token(self, request: web.Request) -> None:
        if request.match_info["token"] != self.state.token:
            raise BotApiError(401, "Unauthorized")

    # --- long polling -------------------------------------------------------------------------
    async def _get_updates(self, params: Params) -> bytes:
        """Confirm what `offset` confirms at once, then wait up to `timeout` for something to give."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        poll = Poll(wake=lambda: loop.call_soon_threadsafe(woken.set))
        limit = params.between("limit", low=1, high=100, default=100)
        seconds = params.between("timeout", low=0, high=MAX_POLL_SECONDS, default=0)
        deadline = loop.time() + seconds
        with self.state.lock:
            self._begin_poll(poll, params)
        try:
            while True:
                woken.clear()
                body, found = self._page_of_updates(poll, limit)
                if found or (left := deadline - loop.time()) <= 0:
                    return body
                await _wait_at_most(woken, left)
        finally:
            self.state.forget_poll(poll)

    def _begin_poll(self, poll: Poll, params: Params) -> None:
        if self.state.webhook.url:
            raise conflict(
                "can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first"
            )
        self.state.begin_poll(poll)
        remember_allowed_updates(self.state, params)
        self.state.updates.confirm(params.integer("offset"))

    def _page_of_updates(self, poll: Poll, limit: int) -> tuple[bytes, bool]:
        with self.state.lock:
            if poll.ended_by:
                raise conflict(poll.ended_by)
            updates = self.state.updates.page(limit)
            return _ok(updates), bool(updates)

    # --- files and the page -------------------------------------------------------------------
    async def _download(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        self.state.record(DOWNLOAD, {"path": path})
        try:
            if answer := self.state.next_answer(DOWNLOAD):
                await asyncio.sleep(answer.seconds)
                if spoiled := await self._spoiled(request, answer):
                    return spoiled
            self._check_token(request)
            return web.Response(body=self._content(path), content_type="application/octet-stream")
        except BotApiError as error:
            return _refusal(error)

    def _content(self, path: str) -> bytes:
        with self.state.lock:
            for file in self.state.files.values():
                if file.path == path:
                    return file.content
        raise BotApiError(404, "Not Found")

    async def _page(self, _request: web.Request) -> web.Response:
        return page.whole(self.state)

    async def _press(self, request: web.Request) -> web.Response:
        # A header of one's own: pages of other sites cannot send it here without being asked first.
        if PAGE_HEADER not in request.headers:
            return web.Response(status=403)
        params = Params(await read_params(request))
        return page.press(
            self.state,
            chat_id=params.integer("chat"),
            message_id=params.integer("message"),
            label=params.text("label"),
        )

    async def _conversations(self, _request: web.Request) -> web.Response:
        return page.fragment(self.state)


async def _wait_at_most(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


async def _byte_by_byte(request: web.Request, response: web.Response, seconds: float) -> web.StreamResponse:
    body = response.body if isinstance(response.body, bytes) else b""
    stream = web.StreamResponse(status=response.status, headers={"Content-Type": response.content_type})
    stream.content_length = len(body)
    await stream.prepare(request)
    for byte in body:
        await stream.write(bytes([byte]))
        await asyncio.sleep(seconds)
    return stream


def _ok(result: object) -> bytes:
    return json.dumps({"ok": True, "result": result}).encode()


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


def _refusal(error: BotApiError) -> web.Response:
    return web.json_response(error.as_json(), status=error.code)
