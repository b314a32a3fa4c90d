"""The demo's speech recognition: SpeechKit's calls, answered with invented words that say so.

It stands beside the simulated Telegram, so that the whole journey of a voice message can be seen without a
key and without paying. What is handed over is never listened to.
"""

import base64
import binascii
import itertools
import json
import time

from aiohttp import web

from bots.simulator.wire import JSON

MARK = "[демо]"
SAID = (
    "Добрый день, подскажите, что с доставкой на пятницу, во сколько ждать машину?",
    "Запишите нам, пожалуйста, розу Облако шестьдесят сантиметров, десять пачек",
    "Половина хризантемы пришла мятая, посмотрите фото, очень расстроены",
    "Да, всё верно, подтверждаем заказ, спасибо",
    "А пионовидная роза на следующей неделе будет?",
)
# How long an operation takes here.
OPERATION_SECONDS = 6.0


class DemoSpeech:
    """The routes of API v1 and v3; lives in the event loop that serves them."""

    def __init__(self) -> None:
        self._said = itertools.cycle(SAID)
        self._numbers = itertools.count(1)
        self._operations: dict[str, tuple[float, str]] = {}

    def add_routes(self, app: web.Application) -> None:
        app.router.add_post("/speech/v1/stt:recognize", self._recognise)
        app.router.add_post("/stt/v3/recognizeFileAsync", self._submit)
        app.router.add_get("/operations/{id}", self._operation)
        app.router.add_get("/stt/v3/getRecognition", self._result)

    async def _recognise(self, request: web.Request) -> web.Response:
        if not await request.read():
            return _refusal(400, "audio is empty")
        return web.json_response({"result": self._words()})

    async def _submit(self, request: web.Request) -> web.Response:
        try:
            content = base64.b64decode((await request.json())["content"], validate=True)
        except (ValueError, KeyError, TypeError, binascii.Error):
            return _refusal(400, "content is not base64")
        if not content:
            return _refusal(400, "audio is empty")
        operation = f"demo-{next(self._numbers)}"
        self._operations[operation] = (time.monotonic() + OPERATION_SECONDS, self._words())
        return web.json_response({"id": operation, "done": False})

    async def _operation(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if name not in self._operations:
            return _refusal(404, "operation is not found")
        return web.json_response({"id": name, "done": time.monotonic() >= self._operations[name][0]})

    async def _result(self, request: web.Request) -> web.Response:
        ready, words = self._operations.get(request.query.get("operation_id", ""), (0.0, ""))
        if not words or time.monotonic() < ready:
            return _refusal(404, "result is not found")
        update = {"alternatives": [{"text": words}]}
        events: list[JSON] = [
            {"result": {"final": update, "audioCursors": {"finalIndex": "0"}, "channelTag": "0"}},
            {"result": {"finalRefinement": {"finalIndex": "0", "normalizedText": update}, "channelTag": "0"}},
        ]
        return web.Response(text="\n".join(map(json.dumps, events)), content_type="application/json")

    def _words(self) -> str:
        return f"{MARK} {next(self._said)}"


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"error_code": "BAD_REQUEST", "error_message": message}, status=status)
