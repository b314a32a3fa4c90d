"""A sign of life for whoever watches a process from outside: a file whose time says when work last went on.

Only where `HUB_HEARTBEAT` names the file, as in a container (cvgorod_hub/container/health.py reads it).
"""

import os
from pathlib import Path

VARIABLE = "HUB_HEARTBEAT"
IDLE = "idle"


def mark() -> None:
    """Work goes on."""
    if path := os.environ.get(VARIABLE):
        Path(path).touch()


def mark_idle() -> None:
    """As it is set up there is nothing to do, and no need to look after this process."""
    if path := os.environ.get(VARIABLE):
        Path(path).write_text(IDLE, encoding="ascii")
