"""A SpeechKit on loopback: real HTTP, scripted answers, every request kept.

Without a script: v1 hears `words`, v3 takes everything and has it ready at once.
"""

import base64
import contextlib
import json
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

SHORT, LONG, OPERATION, RESULT = "short", "long", "operation", "result"
_KINDS = {
    "/speech/v1/stt:recognize": SHORT,
    "/stt/v3/recognizeFileAsync": LONG,
    "/stt/v3/getRecognition": RESULT,
}


@dataclass
class Answer:
    """What the next request of a kind gets. `drip` bytes come for ever, in place of the head or the body."""

    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    drips: str = ""
    hangs: bool = False
    before: Callable[[], None] | None = None


@dataclass(frozen=True)
class Asked:
    kind: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def audio(self) -> bytes:
        """The sound that was handed over."""
        return self.body if self.kind == SHORT else base64.b64decode(json.loads(self.body)["content"])


def final(text: str, index: int = 0, **fields: Any) -> dict[str, Any]:
    alternatives = [{"text": text, "confidence": 1}]
    cursors = {"finalIndex": str(index)}
    return {"result": {"final": {"alternatives": alternatives}, "audioCursors": cursors, **fields}}


def refined(text: str, index: int = 0, **fields: Any) -> dict[str, Any]:
    words = {"alternatives": [{"text": text}]}
    refinement = {"finalIndex": str(index), "normalizedText": words}
    return {"result": {"finalRefinement": refinement, **fields}}


def lines(*events: dict[str, Any]) -> bytes:
    return "\n".join(json.dumps(event, ensure_ascii=False) for event in events).encode()


class SpeechKitStub:
    def __init__(self) -> None:
        self.words = "Нужна роза Эксплорер"
        self.scripts: dict[str, list[Answer]] = defaultdict(list)
        self.requests: list[Asked] = []
        self.is_away = False
        self.finished = True
        self.stopped = threading.Event()
        self.hanging = 0
        self._lock = threading.Lock()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                stub.answer(self)

            def do_GET(self) -> None:
                stub.answer(self)

            def log_message(self, *_args: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "SpeechKitStub":
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def asked(self, kind: str) -> list[Asked]:
        return [request for request in self.requests if request.kind == kind]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        place = urlsplit(handler.path)
        kind = _KINDS.get(place.path, OPERATION)
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._lock:
            self.requests.append(Asked(kind, place.path, parse_qs(place.query), headers, body))
            number = len(self.asked(LONG))
            answer = self.scripts[kind].pop(0) if self.scripts[kind] else Answer()
        if answer.before is not None:
            answer.before()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the hub hung up, as it should
            self._write(handler, kind, answer, number)

    def _write(self, handler: BaseHTTPRequestHandler, kind: str, answer: Answer, number: int) -> None:
        if answer.hangs:
            self.hanging += 1
            self.stopped.wait()
            return
        if answer.drips == "head":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            self._drip(handler)
            return
        handler.send_response(503 if self.is_away else answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        if answer.drips == "body":
            self._drip(handler)
            return
        handler.wfile.write(answer.body if answer.body is not None else self._usual(kind, number))

    def _drip(self, handler: BaseHTTPRequestHandler) -> None:
        while not self.stopped.wait(0.02):
            handler.wfile.write(b" ")
            handler.wfile.flush()

    def _usual(self, kind: str, number: int) -> bytes:
        if self.is_away:
            return b"<html>away</html>"
        match kind:
            case "short":
                return json.dumps({"result": self.words}).encode()
            case "long":
                return json.dumps({"id": f"operation-{number}", "done": False}).encode()
            case "operation":
                return json.dumps({"id": "operation", "done": self.finished}).encode()
        return lines(final(self.words.lower()), refined(self.words))
