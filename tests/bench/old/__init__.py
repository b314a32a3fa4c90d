"""The hub before this one, brought over: a million messages with their meanings, beside the time it may take.

This module imports no Django, because the measure needs settings and servers of its own (`__main__.py`).

HUB_BENCH_DIR       keeps the old database there for the next run (else: a temporary folder)
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
        done = subprocess.run([sys.executable, "-m", "tests.bench.old", str(result)], check=False)
        if done.returncode:
            sys.exit("error: the migration could not be measured; the reason stands above")
        found = json.loads(result.read_text())
    return [Row(**{**row, "goal": Goal(**row["goal"])}) for row in found]
