"""Whether this process answers, and whether it can do its work. For load balancers; no key, no secrets."""

from collections.abc import Callable
from http import HTTPStatus

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_SECONDS = 2


@never_cache
@require_safe
def live(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(_request: HttpRequest) -> JsonResponse:
    """`{"status": "ok" | "unavailable", "checks": {name: "ok" or what is wrong}}`; 503 unless all are ok."""
    checks = {name: check() for name, check in CHECKS.items()}
    is_ok = set(checks.values()) == {"ok"}
    return JsonResponse(
        {"status": "ok" if is_ok else "unavailable", "checks": checks},
        status=HTTPStatus.OK if is_ok else HTTPStatus.SERVICE_UNAVAILABLE,
    )


def check_database() -> str:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{TIMEOUT_SECONDS}s"])
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "unreachable"
    return "ok"


def check_migrations() -> str:
    """Once applied they stay so for the code that runs here, and reading them all is slow."""
    global _migrations_are_applied
    if not _migrations_are_applied:
        try:
            executor = MigrationExecutor(connection)
            missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError:
            return "unknown"
        _migrations_are_applied = not missing
    return "ok" if _migrations_are_applied else "pending"


def check_redis() -> str:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            client.ping()
    except redis.RedisError:
        return "unreachable"
    return "ok"


CHECKS: dict[str, Callable[[], str]] = {
    "database": check_database,
    "migrations": check_migrations,
    "redis": check_redis,
}
_migrations_are_applied = False
