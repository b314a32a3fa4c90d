"""What is measured, running: one PostgreSQL as `make run` has it, our web process on either history, and
the lean server.
"""

import contextlib
import hashlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from cvgorod_hub.common.leash import leashed
from cvgorod_hub.embedded import embedded_postgres, embedded_redis, free_port

ROOT = Path(__file__).resolve().parents[3]
WORKERS = 2
CONNECTIONS = 16
START_SECONDS = 60
# A small server's; everything else as the embedded PostgreSQL comes, so fsync is on.
POSTGRES = {"shared_buffers": "512MB", "max_wal_size": "4GB"}


@dataclass(frozen=True)
class Server:
    """Where a server listens, and the key that it knows."""

    url: str
    key: str


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run PostgreSQL on the folder; yields the URL of its first database."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # as root, PostgreSQL runs as a user of its own
    with embedded_postgres(folder / "postgres") as url, psycopg.connect(url, autocommit=True) as connection:
        for name, value in POSTGRES.items():
            connection.execute(
                sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
            )
    with embedded_postgres(folder / "postgres") as url:  # started again, or the setting would not count
        yield url


def url_of(url: str, database: str) -> str:
    """The same server's other database."""
    before, _, query = url.partition("?")
    return f"{before.rpartition('/')[0]}/{database}" + (f"?{query}" if query else "")


def environment(database_url: str, redis_url: str, folder: Path) -> dict[str, str]:
    """The settings of production, nothing of this machine's in them."""
    ours = ("DJANGO_", "HUB_", "TELEGRAM_", "DEEPSEEK_", "SECRETS_", "LANGUAGE_CODE", "TIME_ZONE")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return inherited | {
        "DJANGO_SETTINGS_MODULE": "cvgorod_hub.settings",
        "DJANGO_SECRET_KEY": "bench-only",
        "SECRETS_PATH": os.devnull,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "HUB_DATA_DIR": str(folder / "data"),
    }


def manage(settings: dict[str, str], *arguments: str) -> str:
    """Run a management command; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=settings,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    with embedded_redis(folder / "redis") as url:
        yield url


@contextlib.contextmanager
def ours(settings: dict[str, str], key: str) -> Iterator[Server]:
    """The web process as `make run` starts it, with as many workers as the lean server."""
    from cvgorod_hub.runner import processes

    port = free_port()
    command = processes.web(port).command
    changed = {"--workers": str(WORKERS)}
    if threads := os.environ.get("HUB_BENCH_THREADS"):
        changed["--blocking-threads"] = threads
    for name, value in changed.items():
        command[command.index(name) + 1] = value
    with _running(command, settings, f"http://127.0.0.1:{port}", "/health/ready", folder_of(settings)) as url:
        yield Server(url, key)


@contextlib.contextmanager
def lean(database_url: str, settings: dict[str, str]) -> Iterator[Server]:
    port, key = free_port(), hashlib.sha256(os.urandom(16)).hexdigest()
    command = [
        *(sys.executable, "-m", "uvicorn", "tests.bench.api.lean:app", "--host", "127.0.0.1"),
        *("--port", str(port), "--workers", str(WORKERS), "--loop", "uvloop", "--http", "httptools"),
        *("--no-access-log", "--log-level", "warning"),
    ]
    own = {
        "LEAN_DATABASE_URL": _plain(database_url),
        "LEAN_API_KEY": key,
        "LEAN_CONNECTIONS": str(CONNECTIONS // WORKERS),
    }
    url = f"http://127.0.0.1:{port}"
    with _running(command, settings | own, url, "/api/v1/chats", folder_of(settings), key):
        yield Server(url, key)


def folder_of(settings: dict[str, str]) -> Path:
    return Path(settings["HUB_DATA_DIR"])


def _plain(url: str) -> str:
    """asyncpg wants no empty password in the address."""
    parts = conninfo_to_dict(url)
    return f"postgresql://{parts['user']}@/{parts['dbname']}?host={parts['host']}"


@contextlib.contextmanager
def _running(
    command: list[str], settings: dict[str, str], url: str, probe: str, folder: Path, key: str = ""
) -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{command[command.index('-m') + 1]}-{url.rpartition(':')[2]}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(leashed(command), cwd=ROOT, env=settings, stdout=output, stderr=output)
        try:
            _wait_for(process, f"{url}{probe}", key, log)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(process: "subprocess.Popen[bytes]", url: str, key: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    request = urllib.request.Request(url, headers={"X-API-Key": key})  # noqa: S310  (our own server)
    while True:
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError),
            urllib.request.urlopen(request, timeout=2),  # noqa: S310
        ):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{url} does not answer: {log.read_text()[-600:]}")
        time.sleep(0.1)
