"""A hub as it looks on an ordinary afternoon, the same at every run: invented people, none of them by chance.

A year of seeded history, and beside it the demo's shops, which say the same things each time and then fall
silent. Its clock shows the afternoon wherever this runs; only dates differ from run to run.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests

from bots.simulator.scenario.cast import GROUPS, REVIEW_CHAT_ID
from cvgorod_hub.embedded import free_port
from tests.cvgorod_hub.running_hub import ROOT, RunningHub, clean_environment
from tests.e2e.processes import wait_for

LOGIN, PASSWORD = "demo", "pictures-only"
BOT_ID = 7000000001
# What the demo's shops say, chosen for a voice message and a complaint among it.
SEED = 370
MESSAGES = 20_000
AFTERNOON = 15
START_SECONDS = 240
# People of ours are known before they write. Of what was seeded as open one of each trouble is left, so that
# what waits is what the shops' agent proposes.
_PREPARE = """
from bots.demo.people import introduce_people
from bots.models import RawUpdate
from cvgorod_hub.seeding.identity import FIRST_ID
from sandbox.models import PendingResponse
introduce_people(reviewer={login!r})
seeded = PendingResponse.objects.filter(chat__lte=-FIRST_ID)
for state, left in (("pending", 0), ("sending", 0), ("failed", 1), ("unknown", 1)):
    keys = list(seeded.filter(status=state).order_by("-pk").values_list("pk", flat=True)[left:])
    seeded.filter(pk__in=keys).update(status="expired")
RawUpdate.objects.filter(parse_state="failed").update(parse_state="dismissed")
"""


@dataclass(frozen=True)
class Stage:
    """Addresses of the admin and of the simulated Telegram's page."""

    web: str
    telegram: str


@contextmanager
def stage() -> Iterator[Stage]:
    """Everything runs, and the agent has been told of every message."""
    telegram, token = f"http://127.0.0.1:{free_port()}", f"{BOT_ID}:pictures-only-{'x' * 20}"
    told = _told(telegram, token)
    with ExitStack() as running:
        data = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="hub-pictures-")))
        hub = RunningHub(data, "--no-demo", "--only", "web,worker,beat", **told)
        running.callback(hub.stop)
        hub.wait_for_line("Hub is ready", seconds=START_SECONDS)
        web = f"http://127.0.0.1:{hub.port}"
        _manage(data, told, "seed_demo", "--messages", str(MESSAGES))
        _manage(data, told, "shell", "--command", _PREPARE.format(login=LOGIN))
        shops = ",".join(str(group.chat_id) for group in GROUPS)
        rights = ["--scopes", "read,propose", "--chats", shops]
        key = _manage(data, told, "create_api_key", "Агент (демо)", *rights).strip()
        # Hours pass until they would go on talking.
        port = telegram.rpartition(":")[2]
        talk = ["--talk", "--interval", "36000", "--seed", str(SEED)]
        running.enter_context(_process(data, told, "run_simulator", "--port", port, "--token", token, *talk))
        wait_for(lambda: _answers(telegram))
        running.enter_context(_process(data, told, "collect_telegram"))
        agent = ["run_demo_agent", "--url", web, "--interval", "1"]
        running.enter_context(_process(data, {**told, "DEMO_AGENT_KEY": key}, *agent))
        yield Stage(web, telegram)


def _told(telegram: str, token: str) -> dict[str, str]:
    """The environment: Telegram and SpeechKit are the simulator's, the hub's clock shows the afternoon."""
    ahead = (AFTERNOON - datetime.now(UTC).hour + 12) % 24 - 12
    return {
        "HUB_DEMO": "1",
        "TELEGRAM_BOT_TOKEN": token,
        "TELEGRAM_API_URL": telegram,
        "TELEGRAM_REVIEW_CHAT_ID": str(REVIEW_CHAT_ID),
        "HUB_PUBLIC_URL": "https://hub.example.com",
        "YANDEX_CLOUD_API_KEY": "demo",
        "YANDEX_STT_URL": telegram,
        "YANDEX_OPERATION_URL": telegram,
        "NO_PROXY": "127.0.0.1",
        "DJANGO_SUPERUSER_USERNAME": LOGIN,
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        # POSIX counts zones the other way round: Etc/GMT-3 is three hours ahead of UTC.
        "TIME_ZONE": f"Etc/GMT{-ahead:+d}" if ahead else "UTC",
        "TZ": "UTC",
    }


def _manage(data: Path, told: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=clean_environment(data, **told),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    if done.returncode:
        sys.exit(f"manage.py {arguments[0]}: {done.stderr}")
    return done.stdout


@contextmanager
def _process(data: Path, told: dict[str, str], *arguments: str) -> Iterator[None]:
    with (data / f"{arguments[0]}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=clean_environment(data, **told),
            stdout=log,
            stderr=log,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.ConnectionError:
        return False
