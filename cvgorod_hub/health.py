"""Whether this process answers, and whether it can do its work. For load balancers; no key, no secrets.

`/health/ready` is over in `SECONDS` whatever the servers do: each is asked in a thread of its own, by one
caller at a time, whose answer all share who ask meanwhile.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYetError
from functools import cache
from http import HTTPStatus

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.backoff import NoBackoff
from redis.retry import Retry

from cvgorod_hub.watching.patience import within

# A server that has not answered by then is as good as away.
SECONDS = 2.0
# What each check says while its server hangs.
NO_ANSWER = "no answer"
OK = "ok"
Answers = dict[str, str]


class Check:
    """A question to one server; `names` are those of its answers."""

    def __init__(self, ask: Callable[[], Answers], *names: str) -> None:
        self._ask = ask
        self._names = names
        self._lock = threading.Lock()
        self._asked: Future[Answers] | None = None

    def begin(self) -> "Future[Answers]":
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = Future()
                threading.Thread(target=self._run, args=[self._asked], daemon=True, name="ready").start()
            return self._asked

    def _run(self, asked: "Future[Answers]") -> None:
        try:
            asked.set_result(self._ask())
        except Exception as error:  # whoever waits for it raises it
            asked.set_exception(error)

    def wait(self, asked: "Future[Answers]", *, until: float) -> Answers:
        try:
            return asked.result(timeout=max(until - time.monotonic(), 0))
        except NotYetError:
            return dict.fromkeys(self._names, NO_ANSWER)


@never_cache
@require_safe
def live(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": OK})


@never_cache
@require_safe
def ready(_request: HttpRequest) -> JsonResponse:
    """`{"status": "ok" | "unavailable", "checks": {name: "ok" or what is wrong}}`; 503 unless all are ok."""
    until = time.monotonic() + SECONDS
    asked = [(check, check.begin()) for check in CHECKS]
    checks = {
        name: answer for check, future in asked for name, answer in check.wait(future, until=until).items()
    }
    is_ok = set(checks.values()) == {OK}
    return JsonResponse(
        {"status": OK if is_ok else "unavailable", "checks": checks},
        status=HTTPStatus.OK if is_ok else HTTPStatus.SERVICE_UNAVAILABLE,
    )


def check_database() -> Answers:
    """Whether it answers, takes what is written, and has every migration that the code here knows."""
    try:
        with within(SECONDS), connection.cursor() as cursor:
            cursor.execute(
                "SELECT to_regclass('django_migrations') IS NOT NULL,"
                " current_setting('transaction_read_only')"
            )
            has_tables, is_read_only = cursor.fetchone()
            applied: set[tuple[str, str]] = set()
            if has_tables:
                cursor.execute("SELECT app, name FROM django_migrations")
                applied = set(cursor.fetchall())
    except DatabaseError:
        return {"database": "unreachable", "migrations": "unknown"}
    finally:
        connection.close()
    return {
        # A standby, or one into which a restore was not finished (keeping/target.py).
        "database": "read only" if is_read_only == "on" else OK,
        "migrations": OK if migrations() <= applied else "pending",
    }


@cache
def migrations() -> frozenset[tuple[str, str]]:
    """Every migration that the code here knows, by app and name; read once, which takes a while."""
    return frozenset(MigrationLoader(None).graph.nodes)


def check_redis() -> Answers:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=SECONDS,
            socket_connect_timeout=SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            client.ping()
    except redis.RedisError:
        return {"redis": "unreachable"}
    return {"redis": OK}


CHECKS = (Check(check_database, "database", "migrations"), Check(check_redis, "redis"))
