"""Take the measure: `python -m tests.bench.admin RESULT.json` (started by `tests.bench`)."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from cvgorod_hub.embedded import EmbeddedServerError
from tests.bench.api import servers
from tests.bench.rows import Goal, Row

if TYPE_CHECKING:
    from django.test import Client

    from tests.bench.admin.pages import Page

MESSAGES = int(os.environ.get("HUB_BENCH_MESSAGES", "1000000"))
DATABASE = "history_admin"
WARM_UP, ROUNDS = 2, 11
MOST_QUERIES = 12
# What filling may take, on two cores.
MOST_SECONDS = 300


def main(result: str) -> None:
    try:
        with contextlib.ExitStack() as stack:
            folder = Path(
                os.environ.get("HUB_BENCH_DIR")
                or stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-bench-"))
            ).resolve()
            url = stack.enter_context(servers.postgres(folder))
            redis = stack.enter_context(servers.redis(folder))
            settings = servers.environment(servers.url_of(url, DATABASE), redis, folder)
            rows = fill(url, settings, folder) + measure(settings)
    except (EmbeddedServerError, RuntimeError) as error:
        sys.exit(f"error: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {' '.join(map(str, error.cmd[1:4]))} failed, as said above")
    Path(result).write_text(json.dumps([asdict(row) for row in rows]))


def fill(url: str, settings: dict[str, str], folder: Path) -> list[Row]:
    """The database, migrated and filled once where the folder is kept; how long that took, if it was now."""
    mark = folder / f"{DATABASE}.loaded"
    is_kept = mark.exists() and mark.read_text() == str(MESSAGES)
    with psycopg.connect(url, autocommit=True) as connection:
        name = sql.Identifier(DATABASE)
        if not is_kept:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    servers.manage(settings, "migrate", "--no-input", "--verbosity", "0")
    if is_kept:
        return []
    began = time.monotonic()
    servers.manage(settings, "seed_demo", "--messages", str(MESSAGES))
    seconds = time.monotonic() - began
    mark.write_text(str(MESSAGES))
    return [
        Row(
            name=f"admin: seed_demo, {MESSAGES:,} messages",
            value=seconds,
            bound=MOST_SECONDS,
            unit="s",
            goal=Goal(most=1.0),
        )
    ]


def measure(settings: dict[str, str]) -> list[Row]:
    """A row for each page, and one for the page of most queries."""
    import django

    os.environ.update(settings)
    django.setup()
    from django.conf import settings as configured

    from tests.bench.admin.pages import pages

    configured.ALLOWED_HOSTS = ["testserver"]
    client, rows, most = _visitor(), [], 0
    for page in pages():
        milliseconds, queries = visit(client, page)
        most = max(most, queries)
        print(f"  {page.name}: {milliseconds:.0f} ms, {queries} queries", flush=True)  # noqa: T201
        rows.append(
            Row(
                name=f"admin: {page.name}",
                value=milliseconds,
                bound=page.most,
                unit="ms",
                goal=Goal(most=1.0),
            )
        )
    return [
        *rows,
        Row(
            name="admin: queries of the page with most",
            value=most,
            bound=MOST_QUERIES,
            unit="",
            goal=Goal(most=1.0),
        ),
    ]


def visit(client: "Client", page: "Page") -> tuple[float, int]:
    """(server time in milliseconds, the median of ROUNDS; queries)."""
    from django.db import connection

    queries = 0

    def count(execute: Any, *arguments: Any) -> Any:  # noqa: ANN401  (a wrapper of Django's)
        nonlocal queries
        queries += 1
        return execute(*arguments)

    taken = []
    for number in range(-WARM_UP, ROUNDS):
        queries = 0
        began = time.perf_counter()
        with connection.execute_wrapper(count):
            answer = client.get(page.url)
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.status_code} for {page.url}")
        if number >= 0:
            taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000, queries


def _visitor() -> "Client":
    from django.contrib.auth.models import User
    from django.test import Client

    person, is_new = User.objects.get_or_create(username="bench", is_staff=True, is_superuser=True)
    if is_new:
        person.set_unusable_password()
        person.save()
    client = Client(headers={"accept-language": "ru"})
    client.force_login(person)
    return client


if __name__ == "__main__":
    main(sys.argv[1])
