"""JSON lines: events with fields, without secrets and texts."""

import json
import logging
import runpy
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from cvgorod_hub.settings import logs
from cvgorod_hub.watching.context import about
from cvgorod_hub.watching.logs import JsonFormatter, Name
from tests.watching.words import KEY, TEXT, TOKEN


def told(template: object, *values: object, name: str = "bots.collector", **more: Any) -> dict[str, Any]:
    record = logging.LogRecord(
        name, logging.WARNING, __file__, 1, template, values, more.pop("exc_info", None)
    )
    vars(record).update(more)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    document: dict[str, Any] = json.loads(line)
    assert document.pop("time").endswith("Z")
    assert (document.pop("level"), document.pop("logger")) == ("warning", name)
    return document


@pytest.mark.parametrize(
    ("template", "values", "document"),
    [
        ("sending works again", (), {"event": "sending works again"}),
        (
            "collector waits seconds=%.0f error=%s",
            (4.2, "HTTP 502"),
            {"event": "collector waits", "seconds": 4.2, "error": "HTTP 502"},
        ),
        ("send %s response=%s", ("unknown", 5), {"event": "send unknown", "response": 5}),
        ("%d%% done of=%s", (50, None), {"event": "50% done", "of": None}),
        ("hub away, next try in %.0f s: %s", (4.0, "no"), {"event": "hub away, next try in 4 s: no"}),
        ("key=%s from=%s", (Name('a"b'), Name(None)), {"event": "", "key": 'a"b', "from": None}),
        ("taken time=%s event=%s", (1, 2), {"event": "taken", "time_": 1, "event_": 2}),
        ("50%% of %(what)s", ({"what": "it"},), {"event": "50% of it"}),
        ("ended big=%s", (2**70,), {"event": "ended", "big": str(2**70)}),
        ("half %s", ("\ud800!",), {"event": "half ?!"}),
        (ValueError("no text"), (), {"event": "no text"}),
    ],
)
def test_named_values_become_fields(
    template: object, values: tuple[object, ...], document: dict[str, Any]
) -> None:
    assert told(template, *values) == document


def test_a_request_and_a_task_are_named() -> None:
    before = about.set({"request_id": "r1", "task_id": "t1", "task": "sandbox.tasks.deliver"})
    try:
        document = told("x request_id=%s", "of the event")
    finally:
        about.reset(before)
    assert document == {
        "event": "x",
        "request_id": "r1",
        "task_id": "t1",
        "task": "sandbox.tasks.deliver",
        "request_id_": "of the event",
    }


@pytest.mark.parametrize(
    ("template", "values"),
    [
        (f"asked https://api.telegram.org/bot{TOKEN}/getMe", ()),
        ("asked url=%s", (f"https://api.telegram.org/bot{TOKEN}/getMe",)),
        ("refused %s", (KEY,)),
        ("refused header=%s", (f"Authorization: Bearer {KEY}",)),
        ("refused headers=%s", ({"X-API-Key": "plain-words-only"},)),
        ("refused password=%s", ("plain-words-only",)),
        ("refused bot_token=%s", ("plain-words-only",)),
        ("at url=%s", ("postgres://hub:plain-words-only@db/hub",)),
        ("at error=%s", (ConnectionError(f"https://api.telegram.org/bot{TOKEN}/x"),)),
    ],
)
def test_secrets_are_taken_out(template: str, values: tuple[object, ...]) -> None:
    line = json.dumps(told(template, *values))
    assert TOKEN not in line
    assert KEY not in line
    assert "plain-words-only" not in line


def test_what_a_record_carries_beside_is_left_out() -> None:
    assert told("Task %(name)s raised", {"name": "x", "args": TEXT}, data={"args": TEXT}, request=TEXT) == {
        "event": "Task x raised"
    }


class TestException:
    @pytest.fixture
    def document(self) -> Iterator[dict[str, Any]]:
        try:
            raise ValueError(f"{TEXT} {TOKEN} {KEY}")
        except ValueError as error:
            yield told(
                "Task x: %s",
                repr(error),
                name="celery.app.trace",
                exc_info=(ValueError, error, error.__traceback__),
            )

    def test_has_its_place_and_kind(self, document: dict[str, Any]) -> None:
        assert document["event"] == "Task x: ValueError"
        assert document["exception"]["type"] == "ValueError"
        assert document["exception"]["words"] == ""
        assert document["exception"]["stack"].endswith("\nValueError")
        assert "test_logs.py" in document["exception"]["stack"]

    def test_has_no_text_and_no_secret(self, document: dict[str, Any]) -> None:
        assert not [word for word in (TEXT, TOKEN, KEY) if word in json.dumps(document, ensure_ascii=False)]


@pytest.mark.parametrize(
    ("more", "is_json", "logs_reads"),
    [
        ({}, False, False),
        ({"HUB_LOG_FORMAT": "json"}, True, True),
        ({"HUB_LOG_FORMAT": "JSON", "HUB_ACCESS_LOG": "changes"}, True, False),
        ({"HUB_ACCESS_LOG": "all"}, False, True),
    ],
)
def test_settings_say_the_format(
    more: dict[str, str], is_json: bool, logs_reads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HUB_LOG_FORMAT", "HUB_ACCESS_LOG"):
        monkeypatch.setenv(name, more.get(name, ""))
    said = runpy.run_path(logs.__file__)
    assert (list(said["LOGGING"]["formatters"]) == ["json"], said["LOGS_READS"]) == (is_json, logs_reads)


@pytest.mark.parametrize("name", ["HUB_LOG_FORMAT", "HUB_ACCESS_LOG"])
def test_another_format_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "xml")
    with pytest.raises(ImproperlyConfigured, match=f"^{name} is neither "):
        runpy.run_path(logs.__file__)
