"""`HUB_DATA_DIR` in use: held by one hub at a time, with the embedded servers that it needs."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg import sql

from cvgorod_hub import environment
from cvgorod_hub.embedded import embedded_postgres, embedded_redis

LOCK = "hub.lock"
DEMO_DATABASE = "demo"
# What a data folder of the hub may hold before its first `runhub`: other commands made these.
OURS = frozenset({LOCK, "postgres", "redis", "media", "logs", "alive", "secret_key", "services.json"})


@contextmanager
def held_data_folder() -> Iterator[Path]:
    """Hold the data folder; raises ImproperlyConfigured when another hub does, or it is not ours.

    The lock is the system's: it ends with this process, however that ends.
    """
    folder = environment.data_dir()
    _refuse_foreign(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{folder} cannot be used ({error.strerror}): HUB_DATA_DIR must be a folder of this user's."
        ) from None
    with os.fdopen(descriptor, "r+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ImproperlyConfigured(
                f"another hub (process {lock.read().strip() or 'unknown'}) runs on {folder}; "
                "stop it, or choose another HUB_DATA_DIR."
            ) from None
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        yield folder


def is_held() -> bool:
    """Whether a hub, or a command that stands in for one, is at work on the data folder now."""
    try:
        with (environment.data_dir() / LOCK).open("r", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # no hub ever ran there, or not ours to look at: taking the lock says which
    return False


@contextmanager
def running_services(folder: Path, *, demo: bool) -> Iterator[None]:
    """Start PostgreSQL and Redis where no URL is given, and put their URLs into the environment.

    Other commands find them by `services.json`, which is gone before they are stopped. A demo has a
    database of its own, so that its invented people never stand among real ones.
    """
    services: environment.EmbeddedServices = {}
    with ExitStack() as servers:
        if not os.environ.get("DATABASE_URL"):
            url = servers.enter_context(embedded_postgres(folder / "postgres"))
            services["database_url"] = _database_of(url, DEMO_DATABASE) if demo else url
            os.environ["DATABASE_URL"] = services["database_url"]
        if not os.environ.get("REDIS_URL"):
            services["redis_url"] = servers.enter_context(embedded_redis(folder / "redis"))
            os.environ["REDIS_URL"] = services["redis_url"]
        servers.callback(environment.withdraw_embedded_services)
        environment.publish_embedded_services(services)
        yield


def _database_of(server_url: str, name: str) -> str:
    """The URL of this database of the server; made where it is not there yet."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


def _refuse_foreign(folder: Path) -> None:
    """Raise when the folder holds files, and none of them is the hub's."""
    try:
        names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    except OSError:
        return  # not there yet, or not ours to read: taking the lock says which
    names.discard("lost+found")
    if names and not names & OURS:
        raise ImproperlyConfigured(f"{folder} is not a data folder of the hub; choose another HUB_DATA_DIR.")
