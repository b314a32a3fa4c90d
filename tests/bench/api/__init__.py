"""The API beside a lean server and beside PostgreSQL alone, all in one run on the same cores.

This module imports no Django, because the measure needs settings and servers of its own: those of
production, in a process of its own (`tests/bench/api/__main__.py`).

HUB_BENCH_DIR      keeps the loaded databases there for the next run (else: a temporary folder)
HUB_BENCH_SECONDS  length of a round (2), HUB_BENCH_ROUNDS their number (3)
HUB_BENCH_THREADS  threads of each of our two web workers (else as `make run` has them)
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.api.calls import CALLS
from tests.bench.rows import Goal, Row


class BenchError(Exception):
    """The measure cannot be taken, or what it measured was wrong; one line says why and what to do."""


def names() -> list[str]:
    return [call.name for call in CALLS]


def measure(calls: list[str]) -> tuple[list[Row], list[str]]:
    """The rows, and what went wrong with calls that have none. Raises BenchError where none began."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-result-") as folder:
        result = Path(folder) / "result.json"
        done = subprocess.run([sys.executable, "-m", "tests.bench.api", str(result), *calls], check=False)
        if done.returncode:
            raise BenchError("the API could not be measured; the reason stands above")
        found = json.loads(result.read_text())
    return [Row(**{**row, "goal": Goal(**row["goal"])}) for row in found["rows"]], found["errors"]
