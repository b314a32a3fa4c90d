"""`HUB_DATA_DIR` in use: held by one hub at a time, with the embedded servers that it needs."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from cvgorod_hub import environment
from cvgorod_hub.embedded import embedded_postgres, embedded_redis

LOCK = "hub.lock"
# What a data folder of the hub may hold before its first `runhub`: other commands made these.
OURS = frozenset({LOCK, "postgres", "redis", "media", "logs", "secret_key", "services.json"})


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


@contextmanager
def running_services(folder: Path) -> Iterator[None]:
    """Start PostgreSQL and Redis where no URL is given, and put their URLs into the environment.

    Other commands find them by `services.json`, which is gone before they are stopped.
    """
    services: environment.EmbeddedServices = {}
    with ExitStack() as servers:
        if not os.environ.get("DATABASE_URL"):
            services["database_url"] = servers.enter_context(embedded_postgres(folder / "postgres"))
            os.environ["DATABASE_URL"] = services["database_url"]
        if not os.environ.get("REDIS_URL"):
            services["redis_url"] = servers.enter_context(embedded_redis(folder / "redis"))
            os.environ["REDIS_URL"] = services["redis_url"]
        servers.callback(environment.withdraw_embedded_services)
        environment.publish_embedded_services(services)
        yield


def _refuse_foreign(folder: Path) -> None:
    """Raise when the folder holds files, and none of them is the hub's."""
    try:
        names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    except OSError:
        return  # not there yet, or not ours to read: taking the lock says which
    names.discard("lost+found")
    if names and not names & OURS:
        raise ImproperlyConfigured(f"{folder} is not a data folder of the hub; choose another HUB_DATA_DIR.")
