"""What a test does to a process of the hub before its work begins: other constants, a death at a commit.

The test writes it into the environment (`Faults.as_environment`), the process reads it there (forking.py), so
the hub's own code knows nothing of it.
"""

import importlib
import itertools
import json
import os
import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal, TypeVar

VARIABLE = "HUB_TEST_FAULTS"
_WRITES = re.compile(r'\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)')

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Faults:
    """`constants`: values by dotted name, such as `bots.collector.POLL_SECONDS` or `settings.HUB_DEMO`.

    `dies`: whether right before or right after the `commit`-th commit of the process (from 1); then the
    file `notes` holds a line with the tables written since the commit before.
    """

    constants: Mapping[str, object] = field(default_factory=dict)
    dies: Literal["", "before", "after"] = ""
    commit: int = 0
    notes: str = ""

    def as_environment(self) -> dict[str, str]:
        return {VARIABLE: json.dumps(asdict(self))}


def apply() -> None:
    """Do what the environment asks for; nothing where it does not."""
    if VARIABLE not in os.environ:
        return
    faults = Faults(**json.loads(os.environ[VARIABLE]))
    import django

    django.setup()
    for name, value in faults.constants.items():
        _replace(name, value)
    if faults.dies:
        _die_at_commit(faults)


def _replace(name: str, value: object) -> None:
    """One that is gone shall not pass for a changed one. JSON knows no times: seconds stand for them."""
    path, _, constant = name.rpartition(".")
    if path == "settings":
        place = importlib.import_module("django.conf").settings
    else:
        place = importlib.import_module(path)
    if isinstance(getattr(place, constant), timedelta):
        assert isinstance(value, int | float)
        value = timedelta(seconds=value)
    setattr(place, constant, value)


def _die_at_commit(faults: Faults) -> None:
    """Count what makes rows last: a transaction's commit, and each write outside of one."""
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.utils import CursorWrapper

    numbers, tables = itertools.count(1), list[str]()

    def counted(commit: Callable[[], Result]) -> Result:
        is_the_one = next(numbers) == faults.commit
        if is_the_one and faults.dies == "before":
            die()
        result = commit()
        if is_the_one:
            die()
        tables.clear()
        return result

    def die() -> None:
        Path(faults.notes).write_text(" ".join(dict.fromkeys(tables)), encoding="utf-8")
        os.kill(os.getpid(), signal.SIGKILL)

    def watched(execute: Callable[..., Result]) -> Callable[..., Result]:
        def executed(cursor: CursorWrapper, sql: object, *arguments: object) -> Result:
            written = _WRITES.findall(str(sql))
            tables.extend(written)
            if written and cursor.db.get_autocommit():
                return counted(lambda: execute(cursor, sql, *arguments))
            return execute(cursor, sql, *arguments)

        return executed

    commit = BaseDatabaseWrapper._commit
    BaseDatabaseWrapper._commit = lambda database: counted(lambda: commit(database))  # type: ignore[method-assign]
    CursorWrapper._execute = watched(CursorWrapper._execute)
    CursorWrapper._executemany = watched(CursorWrapper._executemany)
