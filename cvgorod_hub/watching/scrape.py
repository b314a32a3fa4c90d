"""One look at everything: a statement and the problems' few, one round trip to Redis, the disk.

A server that is away costs what only it knows, and is told of; one that hangs is left after `SECONDS`.
"""

import logging
import platform
import shutil
from collections.abc import Iterator
from functools import cache
from typing import Any

import django
import redis
from django.conf import settings
from django.db import Error as DatabaseError
from prometheus_client.core import CollectorRegistry, Metric

from bots.problems import find_problems
from cvgorod_hub.common import alive
from cvgorod_hub.version import VERSION
from cvgorod_hub.watching import fact_families, families, tallies
from cvgorod_hub.watching.facts import read_facts
from cvgorod_hub.watching.patience import within

logger = logging.getLogger(__name__)

# Prometheus gives up after ten.
SECONDS = 4.0


class HubCollector:
    """What prometheus_client asks when it writes its text."""

    def collect(self) -> Iterator[Metric]:
        told = {"database": self._of_database(), "redis": self._of_redis()}
        yield from families.of_machine(
            reachable={server: metrics is not None for server, metrics in told.items()},
            disk=_disk(),
            build=_build(),
        )
        for metrics in told.values():
            yield from metrics or ()

    def _of_database(self) -> list[Metric] | None:
        try:
            with within(SECONDS):
                return [*fact_families.of_facts(read_facts()), families.of_problems(find_problems())]
        except DatabaseError as error:
            logger.warning("metrics without the database error=%s", type(error).__name__)
            return None

    def _of_redis(self) -> list[Metric] | None:
        try:
            return [*_read_redis()]
        except redis.RedisError as error:
            logger.warning("metrics without Redis error=%s", type(error).__name__)
            return None


def _read_redis() -> Iterator[Metric]:
    names = sorted({route["queue"] for route in settings.CELERY_TASK_ROUTES.values()})
    client = tallies.connect()
    with client.pipeline(transaction=False) as together:
        together.hgetall(tallies.KEY)
        together.hgetall(alive.KEY)
        together.time()
        for name in names:
            together.llen(name)
        answers: list[Any] = together.execute()
    counts, entries, (now, _microseconds), *lengths = answers
    if gone := alive.long_gone(entries, now=now):
        client.hdel(alive.KEY, *gone)
    yield from families.of_tallies(tallies.as_counts(counts))
    yield from families.of_redis(dict(zip(names, lengths, strict=True)), alive.count_alive(entries, now=now))


def _disk() -> tuple[int, int]:
    """Free and in all, where `HUB_DATA_DIR` is or will be."""
    folder = settings.DATA_DIR
    while not folder.exists():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    return usage.free, usage.total


@cache
def _build() -> dict[str, str]:
    return {
        "version": VERSION,
        "release": settings.HUB_RELEASE,
        "python": platform.python_version(),
        "django": django.get_version(),
    }


registry = CollectorRegistry(auto_describe=False)
registry.register(HubCollector())
