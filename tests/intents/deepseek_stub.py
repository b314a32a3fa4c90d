"""A DeepSeek on loopback: real HTTP, scripted answers, every request kept."""

import contextlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Request = dict[str, Any]
USAGE = {
    "prompt_tokens": 80,
    "completion_tokens": 20,
    "total_tokens": 100,
    "prompt_cache_hit_tokens": 64,
    "prompt_cache_miss_tokens": 16,
}


def rows_for(request: Request, **fields: Any) -> list[dict[str, Any]]:
    """A good row for every message of the request."""
    row = {"intent": "order", "sentiment": "neutral", "urgent": False, "confidence": 0.9, **fields}
    return [{"n": message["n"], **row} for message in asked_messages(request)]


def asked_messages(request: Request) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = json.loads(request["messages"][1]["content"])["messages"]
    return messages


def completion(content: str, finish_reason: str = "stop") -> bytes:
    return json.dumps({
        "model": "deepseek-flash-1017",
        "choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": finish_reason}],
        "usage": USAGE,
    }).encode()  # fmt: skip


@dataclass
class Answer:
    """What the next request gets: a body, or blank keep-alive lines until the client hangs up.

    With `drip` it gets `begins` and then these bytes for ever, in place of a head.
    """

    status: int = 200
    body: bytes | None = None
    rows: Callable[[Request], list[dict[str, Any]]] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    keep_alive_every: float | None = None
    before: Callable[[], None] | None = None
    begins: bytes = b""
    drip: bytes | None = None


class DeepSeekStub:
    """Answers from the script, then as always: good rows."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.always = Answer()
        self.requests: list[Request] = []
        self.authorizations: list[str] = []
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                stub.answer(self)

            def log_message(self, *_args: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "DeepSeekStub":
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        request = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        with self._lock:
            self.requests.append({**request, "path": handler.path})
            self.authorizations.append(handler.headers["Authorization"])
            answer = self.script.pop(0) if self.script else self.always
        if answer.before is not None:
            answer.before()
        if answer.drip is not None:
            self._drip(handler, answer)
            return
        try:
            handler.send_response(answer.status)
            for name, value in answer.headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            while answer.keep_alive_every and not self.stopped.wait(answer.keep_alive_every):
                handler.wfile.write(b"\n")
                handler.wfile.flush()
            handler.wfile.write(answer.body if answer.body is not None else self._rows(request, answer))
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client hung up, as it should

    def _drip(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            handler.wfile.write(answer.begins)
            while not self.stopped.wait(0.02):
                handler.wfile.write(answer.drip or b"")

    @staticmethod
    def _rows(request: Request, answer: Answer) -> bytes:
        rows = (answer.rows or rows_for)(request)
        return completion(json.dumps({"rows": rows}))
