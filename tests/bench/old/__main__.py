"""Take the measure: `python -m tests.bench.old RESULT.json` (started by `tests.bench`)."""

import contextlib
import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from cvgorod_hub.embedded import EmbeddedServerError
from tests.bench.api import servers
from tests.bench.rows import Goal, Row

MESSAGES = int(os.environ.get("HUB_BENCH_MESSAGES", "1000000"))
OLD, OURS = "old_hub", "history_of_old_hub"
# What each million may take, on two cores.
MOST_SECONDS = 180


def main(result: str) -> None:
    try:
        with contextlib.ExitStack() as stack:
            folder = Path(
                os.environ.get("HUB_BENCH_DIR")
                or stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-bench-"))
            ).resolve()
            url = stack.enter_context(servers.postgres(folder))
            redis = stack.enter_context(servers.redis(folder))
            rows = measure(url, redis, folder)
    except (EmbeddedServerError, RuntimeError) as error:
        sys.exit(f"error: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {' '.join(map(str, error.cmd[1:4]))} failed, as said above")
    Path(result).write_text(json.dumps([asdict(row) for row in rows]))


def measure(url: str, redis: str, folder: Path) -> list[Row]:
    create(url, OURS)
    settings = servers.environment(servers.url_of(url, OURS), redis, folder)
    servers.manage(settings, "migrate", "--no-input", "--verbosity", "0")
    old = servers.url_of(url, OLD)
    mark = folder / f"{OLD}.loaded"
    if not mark.exists() or mark.read_text() != str(MESSAGES):
        create(url, OLD)
        fill(settings, old)
        mark.write_text(str(MESSAGES))
    postmaster = psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]))
    began, used, served = time.monotonic(), cpu_of_children(), cpu_of(postmaster)
    report = json.loads(servers.manage({**settings, "OLD_DATABASE_URL": old}, "migrate_from_old", "--json"))
    seconds = time.monotonic() - began
    check(report, settings)
    print(  # noqa: T201
        f"  {MESSAGES:,} messages in {seconds:.0f} s; CPU: {cpu_of_children() - used:.0f} s ours, "
        f"{cpu_of(postmaster) - served:.0f} s PostgreSQL's, old and new",
        flush=True,
    )
    return [
        Row(
            name=f"old: migrate_from_old, {MESSAGES:,} messages",
            value=seconds,
            bound=MOST_SECONDS * MESSAGES / 1_000_000,
            unit="s",
            goal=Goal(most=1.0),
        )
    ]


def create(url: str, database: str) -> None:
    with psycopg.connect(url, autocommit=True) as session:
        name = sql.Identifier(database)
        session.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        session.execute(sql.SQL("CREATE DATABASE {}").format(name))


def fill(settings: dict[str, str], old: str) -> None:
    import django

    os.environ.update(settings)
    django.setup()
    importlib.import_module("tests.bench.old.filling").fill(old, MESSAGES)


def check(report: dict[str, object], settings: dict[str, str]) -> None:
    """What was measured is the whole of it, and its statistics are right."""
    tables = report["tables"]
    if not isinstance(tables, dict) or tables["messages"]["copied"] != MESSAGES or report["broken"]:
        raise RuntimeError("not every message came over")
    servers.manage(settings, "rebuild_statistics", "--check")


def cpu_of(postmaster: psutil.Process) -> float:
    """Seconds of the sessions that are over, and of those that are not."""
    times = postmaster.cpu_times()
    running = [child.cpu_times() for child in postmaster.children(recursive=True)]
    return float(
        times.children_user + times.children_system + sum(child.user + child.system for child in running)
    )


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(sys.argv[1])
