"""`python …/health.py`: whether the process of this container does its work; ends with 1 and says why if not.

Docker asks every ten seconds in each container, so this is a script that imports nothing of the hub: reading
the settings alone would take a second of the processor each time.

web         answers /health/live
worker      its loop, which takes tasks from Redis, has turned
beat        has handed a task to Redis
collector   has stored what Telegram answered
"""

import http.client
import os
import sys
import tempfile
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

TIMEOUT_SECONDS = 4
FOLDER = Path(tempfile.gettempdir()) / "hub"
ROLE, HEARTBEAT = FOLDER / "role", FOLDER / "heartbeat"
IDLE = "idle"  # as cvgorod_hub/common/heartbeat.py writes it


def begin(role: str) -> Path:
    """Note which role this container has; returns the file that shows its heartbeat."""
    FOLDER.mkdir(exist_ok=True)
    HEARTBEAT.unlink(missing_ok=True)
    ROLE.write_text(role, encoding="ascii")
    return HEARTBEAT


def listening() -> tuple[str, int]:
    """Where the web process listens: `HUB_LISTEN`, by default everywhere in the container."""
    host, _, port = os.environ.get("HUB_LISTEN", "0.0.0.0:8000").rpartition(":")
    return host, int(port)


def answers() -> str:
    """Nothing, or why the web process does not answer."""
    client = http.client.HTTPConnection("127.0.0.1", listening()[1], timeout=TIMEOUT_SECONDS)
    try:
        # Said to have come by HTTPS, or a hub that insists on it would send us elsewhere.
        client.request("GET", "/health/live", headers={"Host": _host(), "X-Forwarded-Proto": "https"})
        status = client.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"no answer: {error!r}"
    finally:
        client.close()
    return "" if status == HTTPStatus.OK else f"answers {status}"


def beats(*, within: float) -> Callable[[], str]:
    """A check: nothing, or that no heartbeat was seen for so many seconds."""

    def check() -> str:
        try:
            if HEARTBEAT.read_text(encoding="ascii") == IDLE:
                return ""
            age = time.time() - HEARTBEAT.stat().st_mtime
        except FileNotFoundError:
            return "no sign of work yet"
        return "" if age <= within else f"no sign of work for {age:.0f} seconds"

    return check


def _host() -> str:
    """A name under which the web process lets itself be called: the first that it allows."""
    first = os.environ.get("DJANGO_ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
    return first if first not in {"", "*"} else "127.0.0.1"


CHECKS: dict[str, Callable[[], str]] = {
    "web": answers,
    "worker": beats(within=30),
    "beat": beats(within=30),
    # A poll may take 40 seconds, and what it brought is read before the next one.
    "collector": beats(within=90),
}


def main() -> None:
    role = ROLE.read_text(encoding="ascii") if ROLE.exists() else ""
    if role not in CHECKS:
        sys.exit("nothing to watch runs here")
    if problem := CHECKS[role]():
        sys.exit(f"{role}: {problem}")


if __name__ == "__main__":
    main()
