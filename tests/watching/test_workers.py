"""Tasks are counted, timed, and named in the log beside the request that asked for them."""

import json
import logging
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Task
from celery.app.trace import build_tracer
from celery.exceptions import Retry

from cvgorod_hub.celery import app
from cvgorod_hub.watching.context import about
from cvgorod_hub.watching.logs import JsonFormatter
from cvgorod_hub.watching.workers import HEADER, count_expired, hand_on_request_id
from tests.watching.conftest import Scrape, counted

pytestmark = pytest.mark.django_db
logger = logging.getLogger(__name__)
seen: list[dict[str, str]] = []


@pytest.fixture
def task() -> Iterator["Task[Any, Any]"]:
    @app.task(name="tests.watching.one", bind=True)
    def one(self: "Task[Any, Any]", way: str) -> None:
        seen.append(dict(about.get()))
        logger.warning("at work way=%s", way)
        if way == "fails":
            raise ValueError(way)
        if way == "again":
            raise Retry("later")

    seen.clear()
    yield one
    app.tasks.pop(one.name)


def run(task: "Task[Any, Any]", way: str, **headers: str) -> str:
    """As a worker does, up to the outcome."""
    task_id = str(uuid.uuid4())
    request = {"id": task_id, "task": task.name, "retries": 0, "is_eager": False, **headers}
    build_tracer(task.name, task, app=app)(task_id, (way,), {}, request)
    return task_id


def test_tasks_by_outcome(task: "Task[Any, Any]", scrape: Scrape) -> None:
    for way in ("well", "well", "fails", "again"):
        run(task, way)
    count_expired(request=task, expired=True)
    count_expired(request=task, expired=False)

    said = scrape()

    assert counted(said["hub_tasks"], "task", "outcome") == {
        (task.name, "success"): 2,
        (task.name, "failure"): 1,
        (task.name, "retry"): 1,
        (task.name, "expired"): 1,
    }
    [count] = [one.value for one in said["hub_task_seconds"].samples if one.name.endswith("_count")]
    assert count == 4


def test_the_log_names_the_task_and_its_request(
    task: "Task[Any, Any]", caplog: pytest.LogCaptureFixture
) -> None:
    lines: list[dict[str, Any]] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(json.loads(JsonFormatter().format(record)))  # type: ignore[method-assign]
    logger.addHandler(handler)
    try:
        task_id = run(task, "well", **{HEADER: "request-1"})
    finally:
        logger.removeHandler(handler)

    assert seen == [{"task_id": task_id, "task": task.name, "request_id": "request-1"}]
    [line] = lines
    assert {name: line[name] for name in ("event", "way", "task", "task_id", "request_id")} == {
        "event": "at work",
        "way": "well",
        **seen[0],
    }
    assert about.get() == {}


def test_a_task_hears_which_request_asked_for_it() -> None:
    headers: dict[str, Any] = {}
    hand_on_request_id(headers=headers)
    assert headers == {}

    before = about.set({"request_id": "request-2"})
    hand_on_request_id(headers=headers)
    about.reset(before)
    assert headers == {HEADER: "request-2"}
