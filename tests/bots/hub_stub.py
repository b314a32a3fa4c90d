"""A hub of four endpoints on loopback, for the demo agent's tests."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

KEY = "cvh_test_key_of_the_stub"
CHAT = -1_001_234_567_890


def row(message_id: int, text: str, *, intent: str | None = "question", **fields: Any) -> dict[str, Any]:
    """A message as the API lists it."""
    return {
        "id": message_id,
        "chat_id": CHAT,
        "chat_name": "Магазин «Пример»",
        "user_id": 1001,
        "role": "client",
        "text": text,
        "message_type": "text",
        "telegram_message_id": 10_000 + message_id,
        "is_automatic": False,
        "intent": intent,
        **fields,
    }


@dataclass
class HubStub:
    """Messages in the order they came; a feed's cursor is a position among them."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    pending: list[dict[str, Any]] = field(default_factory=list)
    drafts: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    failures: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    has_feed: bool = True
    key: str = KEY

    def __enter__(self) -> Self:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stub.answer(self, None)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stub.answer(self, json.loads(body))

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
                """Nothing on the test's terminal."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def proposed(self) -> list[dict[str, Any]]:
        return list(self.drafts.values())

    def answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any] | None) -> None:
        url = urlsplit(handler.path)
        query = parse_qs(url.query, keep_blank_values=True)
        self.requests.append((url.path, query))
        headers: dict[str, str] = {}
        answer: dict[str, Any]
        if handler.headers["X-API-Key"] != self.key:
            status, answer = 401, {"detail": "No."}
        elif self.failures:
            status, headers = self.failures.pop(0)
            answer = {"detail": "Scripted."}
        elif url.path == "/api/v1/messages":
            status, answer = self._messages(query)
        elif url.path == "/api/v1/sandbox/pending":
            limit = int(query["limit"][0])
            status, answer = 200, _page(self.pending[:limit])
        else:
            status, answer = self._send(handler.headers["Idempotency-Key"], body or {})
        content = json.dumps(answer).encode()
        handler.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    def _messages(self, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        if "after" not in query:
            rows = self.messages[::-1][: int(query["limit"][0])]
            return 200, _page(rows)
        if not self.has_feed:
            return 400, {"after": ["Unknown filter."]}
        after = query["after"][0]
        if not (after == "latest" or after.isdecimal()):
            return 400, {"after": ["Cannot be read."]}
        position = len(self.messages) if after == "latest" else int(after)
        url = f"http://elsewhere.test/api/v1/messages?after={len(self.messages)}"
        return 200, _page(self.messages[position:]) | {"next": url}

    def _send(self, key: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if key in self.drafts:
            return (200, {"id": 1}) if self.drafts[key] == body else (409, {"detail": "Other body."})
        self.drafts[key] = body
        self.pending.append(body)
        return 201, {"id": len(self.drafts), "status": "pending"}


def _page(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"next": None, "previous": None, "results": rows}
