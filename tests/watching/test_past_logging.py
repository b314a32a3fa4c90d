"""Where the log is JSON, what Python says past logging is a line of it, without anybody's words."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.watching.words import KEY, TEXT, TOKEN

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import threading, warnings
import django
django.setup()
from tests.watching.words import KEY, TEXT, TOKEN

class Broken:
    def __del__(self):
        raise ValueError(f"{TEXT} {KEY}")

def fail():
    raise ValueError(f"{TEXT} {TOKEN}")

warnings.warn(f"old way, token={TOKEN}", stacklevel=1)
thread = threading.Thread(target=fail)
thread.start()
thread.join()
broken = Broken()
del broken
fail()
"""


def run(**more: str) -> str:
    """What the program says; it ends by an error."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "cvgorod_hub.settings", **more}
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", PROGRAM],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


@pytest.fixture(scope="module")
def said() -> str:
    return run(HUB_LOG_FORMAT="json")


def test_each_is_a_line(said: str) -> None:
    told: list[dict[str, Any]] = [json.loads(line) for line in said.splitlines()]

    assert [(line["logger"], line["level"]) for line in told] == [
        ("py.warnings", "warning"),
        *[("cvgorod_hub.watching.past_logging", level) for level in ("critical", "error", "critical")],
    ]
    assert [line["event"] for line in told[1:]] == [
        "thread ends",
        "error that nobody could catch",
        "process ends",
    ]
    assert [line["exception"]["stack"].endswith("\nValueError") for line in told[1:]] == [True] * 3


def test_none_has_a_text_or_a_secret(said: str) -> None:
    assert not [word for word in (TEXT, TOKEN, KEY) if word in said]
