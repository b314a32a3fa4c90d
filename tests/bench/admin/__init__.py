"""The admin over a million messages: each page as a superuser opens it, beside the 200 ms it may take.

This module imports no Django, because the measure needs settings and servers of its own: those of
production, in a process of its own (`tests/bench/admin/__main__.py`).

HUB_BENCH_DIR       keeps the filled database there for the next run (else: a temporary folder)
HUB_BENCH_MESSAGES  how many messages (1,000,000)
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.rows import Goal, Row


def measure() -> list[Row]:
    """The rows; ends the run where nothing could be measured, as said by then."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-result-") as folder:
        result = Path(folder) / "result.json"
        done = subprocess.run([sys.executable, "-m", "tests.bench.admin", str(result)], check=False)
        if done.returncode:
            sys.exit("error: the admin could not be measured; the reason stands above")
        found = json.loads(result.read_text())
    return [Row(**{**row, "goal": Goal(**row["goal"])}) for row in found]
