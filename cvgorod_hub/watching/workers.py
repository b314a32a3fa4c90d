"""What Celery's processes do, counted and named in the log; and that they live."""

import time
from collections.abc import Mapping
from contextvars import Token
from typing import Any

from celery import signals
from django.conf import settings

from cvgorod_hub.beat import SteadyScheduler
from cvgorod_hub.common.alive import Kind, say_alive, say_gone
from cvgorod_hub.common.redaction import redact_uncaught
from cvgorod_hub.watching import past_logging
from cvgorod_hub.watching.context import about
from cvgorod_hub.watching.tallies import tallies

# Within the message of a task: the request that asked for it.
HEADER = "hub_request_id"
# When each task at work began, and what its thread was busy with before.
_at_work: dict[str, tuple[float, Token[Mapping[str, str]]]] = {}
_OUTCOMES = {"SUCCESS": "success", "FAILURE": "failure", "RETRY": "retry"}


@signals.worker_init.connect
@signals.beat_init.connect
def redact_what_ends_it(**_more: object) -> None:
    """As manage.py and wsgi.py do; in JSON it is a line of the log."""
    if settings.LOG_FORMAT != "json":
        redact_uncaught()


@signals.worker_init.connect
def log_last_words(**_more: object) -> None:
    if settings.LOG_FORMAT == "json":
        past_logging.take_over_worker()


@signals.before_task_publish.connect
def hand_on_request_id(headers: dict[str, Any], **_more: object) -> None:
    if request_id := about.get().get("request_id"):
        headers[HEADER] = request_id


@signals.task_prerun.connect
def begin(task_id: str, task: Any, **_more: object) -> None:  # noqa: ANN401  (Celery's)
    busy_with = {"task_id": task_id, "task": task.name}
    if request_id := getattr(task.request, HEADER, None):
        busy_with["request_id"] = str(request_id)
    _at_work[task_id] = time.perf_counter(), about.set(busy_with)


@signals.task_postrun.connect
def end(task_id: str, task: Any, state: str | None, **_more: object) -> None:  # noqa: ANN401
    began, before = _at_work.pop(task_id, (None, None))
    if began is None or before is None:
        return
    about.reset(before)
    outcome = _OUTCOMES.get(state or "", "other")
    tallies.note("tasks", (task.name, outcome), of=(task.name,), seconds=time.perf_counter() - began)


@signals.task_revoked.connect
def count_expired(request: Any, expired: bool, **_more: object) -> None:  # noqa: ANN401
    """A sweep that no worker took before the next one was due is left to that one."""
    if expired:
        tallies.count("tasks", request.name, "expired")


@signals.heartbeat_sent.connect
def worker_lives(**_more: object) -> None:
    """The loop that takes tasks from the broker goes round."""
    say_alive(Kind.WORKER, settings.REDIS_URL)


@signals.worker_shutdown.connect
def worker_ends(**_more: object) -> None:
    say_gone(Kind.WORKER, settings.REDIS_URL)


class WatchedScheduler(SteadyScheduler):
    """The hub's, which says that it goes on."""

    def tick(self, *args: Any, **options: Any) -> float:
        say_alive(Kind.BEAT, settings.REDIS_URL)
        seconds: float = super().tick(*args, **options)
        return seconds

    def close(self) -> None:
        super().close()
        say_gone(Kind.BEAT, settings.REDIS_URL)
