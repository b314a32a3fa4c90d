"""What arrives at a Sentry on loopback, sent by the real SDK: what broke, and nothing anybody wrote."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from cvgorod_hub.watching.sentry import start
from tests.watching.words import KEY, TEXT, TOKEN

ROOT = Path(__file__).resolve().parents[2]
# A process of its own: the SDK's hooks stay in the one that began with it.
PROGRAM = """
import logging, sys
import django
django.setup()
import sentry_sdk
from celery.app.trace import build_tracer
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import override_settings
from cvgorod_hub.celery import app
from tests.watching.words import KEY, TEXT, TOKEN

logger = logging.getLogger("bots.collector")
logger.info("collector waits seconds=%d error=%s", 4, f"https://api.telegram.org/bot{TOKEN}/x")
with connection.cursor() as cursor:
    try:
        cursor.execute("SELECT %s::int", [TEXT])
    except DatabaseError:
        logger.exception("update cannot be stored update=%s", 5)

with override_settings(ROOT_URLCONF="tests.watching.failing_urls"):
    client = Client(raise_request_exception=False)
    client.post("/fails?q=secret-query", {"text": TEXT}, headers={
        "X-API-Key": KEY, "Authorization": f"Bearer {TOKEN}", "Cookie": "sessionid=secret-cookie",
        "X-Request-ID": "request-of-the-test"})

@app.task(name="tests.fails")
def fails(text, key):
    raise RuntimeError(f"{text} {TOKEN}")

request = {"id": "task-1", "task": "tests.fails"}
build_tracer("tests.fails", fails, app=app)("task-1", (TEXT,), {"key": KEY}, request)
logging.getLogger("asyncio").error(f"never retrieved {TEXT!r}")
sentry_sdk.flush(10)
"""


class Sentry(HTTPServer):
    """Keeps the events that come, as text."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: list[dict[str, Any]] = []
        self.bodies: list[str] = []

    @property
    def dsn(self) -> str:
        return f"http://public@127.0.0.1:{self.server_port}/1"


class _Handler(BaseHTTPRequestHandler):
    server: Sentry

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        # Said with and without escapes, so that no way of writing a text hides it.
        lines = [json.loads(line) for line in body.split(b"\n") if line.strip()]
        self.server.bodies.append(json.dumps([*lines, dict(self.headers)], ensure_ascii=False))
        self.server.events += [line for line in lines if "event_id" in line and "platform" in line]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture(scope="module")
def sentry() -> Iterator[Sentry]:
    with Sentry() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            run(PROGRAM, SENTRY_DSN=server.dsn, SENTRY_ENVIRONMENT="tests", HUB_RELEASE="abc123")
            yield server
        finally:
            server.shutdown()
            thread.join()


def run(program: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT), **more}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done


def errors(sentry: Sentry) -> dict[str, dict[str, Any]]:
    """Events by the kind of what broke; of those without, by their message."""
    found = {}
    for event in sentry.events:
        kinds = [one["type"] for one in event.get("exception", {}).get("values", [])]
        found[kinds[-1] if kinds else event["logentry"]["message"]] = event
    return found


def test_what_broke_arrives(sentry: Sentry) -> None:
    assert set(errors(sentry)) == {"DataError", "ValueError", "RuntimeError", "asyncio"}
    assert len(sentry.events) == 4
    assert {(event["release"], event["environment"]) for event in sentry.events} == {("abc123", "tests")}


def test_no_text_token_key_query_or_cookie_arrives(sentry: Sentry) -> None:
    secrets = [TEXT, TOKEN, KEY, "secret-query", "secret-cookie", "Ред Наоми", TOKEN.split(":")[1]]
    assert sentry.bodies
    assert [word for word in secrets for body in sentry.bodies if word in body] == []


def test_a_request_is_told_by_its_id_and_its_code(sentry: Sentry) -> None:
    event = errors(sentry)["ValueError"]
    assert event["tags"]["request_id"] == "request-of-the-test"
    assert event["transaction"] == "tests.watching.failing_urls.fails"
    assert event["exception"]["values"][0]["value"] == ""
    frame = event["exception"]["values"][0]["stacktrace"]["frames"][-1]
    assert frame["function"] == "fails"
    assert "raise ValueError(" in frame["context_line"]
    assert "vars" not in frame
    assert "request" not in event
    assert "user" not in event


def test_a_task_is_told_by_its_id(sentry: Sentry) -> None:
    event = errors(sentry)["RuntimeError"]
    assert event["tags"] == {"task_id": "task-1", "task": "tests.fails"}
    assert "extra" not in event


def test_the_database_says_what_it_may(sentry: Sentry) -> None:
    event = errors(sentry)["DataError"]
    assert event["logentry"]["message"] == "update cannot be stored update=5"
    assert event["exception"]["values"][-1]["value"] == '22P02 invalid input syntax for type integer: "…"'


def test_lines_of_the_log_lead_to_it_and_no_query(sentry: Sentry) -> None:
    crumbs = errors(sentry)["DataError"]["breadcrumbs"]["values"]
    assert [
        (crumb["category"], crumb["message"]) for crumb in crumbs if crumb["category"] == "bots.collector"
    ] == [("bots.collector", "collector waits seconds=4 error=https://api.telegram.org/[token]/x")]
    assert {crumb["type"] for crumb in crumbs} == {"log"}


@pytest.mark.parametrize(("dsn", "modules"), [("", ["workers"]), ("http://a@b/1", ["workers", "sentry"])])
def test_without_a_dsn_it_is_not_even_loaded(
    dsn: str, modules: list[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = Mock()
    monkeypatch.setattr("cvgorod_hub.apps.importlib", loaded)
    settings.SENTRY_DSN = dsn

    apps.get_app_config("hub").ready()

    names = [call.args[0] for call in loaded.import_module.call_args_list]
    prefix = "cvgorod_hub.watching."
    assert [name for name in names if name.startswith(prefix)] == [f"{prefix}{name}" for name in modules]


def test_a_dsn_that_is_none_is_refused(settings: Settings) -> None:
    settings.SENTRY_DSN = "http://no-key.example/1"
    with pytest.raises(ImproperlyConfigured, match="SENTRY_DSN is not the address of a project in Sentry"):
        start()
