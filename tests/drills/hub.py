"""The hub's real processes on servers of their own, with a Telegram on loopback."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import redis

from bots.simulator import SimulatedTelegram
from cvgorod_hub.embedded import free_port
from cvgorod_hub.embedded.redis_server import redis_executable
from cvgorod_hub.settings.tasks import CELERY_BEAT_SCHEDULE
from tests.drills.link import Link
from tests.e2e.database import OwnPostgres
from tests.e2e.faults import Faults
from tests.e2e.processes import Process, Processes, wait_for

# Seconds stand for the minutes of a real outage: pauses and sweeps are shortened, their order stays.
QUICK: dict[str, object] = {
    "bots.collector.FIRST_PAUSE_SECONDS": 0.1,
    "bots.collector.LONGEST_PAUSE_SECONDS": 1,
    "bots.collector.POLL_SECONDS": 2,
    "bots.collector.POLL_DEADLINE_SECONDS": 5,
    "bots.voice.claims.FIRST_PAUSE": 0.2,
    "bots.voice.claims.LONGEST_PAUSE": 2,
    "bots.voice.gates.FIRST_PAUSE": 0.2,
    "bots.voice.gates.LONGEST_PAUSE": 2,
    "sandbox.delivery.FIRST_PAUSE": 0.1,
    "sandbox.delivery.LONGEST_PAUSE": 2,
    "settings.SEND_DEADLINE_SECONDS": 6,
    "settings.SEND_INTERRUPTED_AFTER_SECONDS": 14,
    "settings.CELERY_BEAT_SCHEDULE": {
        name: {**entry, "schedule": min(entry["schedule"], 2)} for name, entry in CELERY_BEAT_SCHEDULE.items()
    },
}


class OwnRedis:
    """A Redis of a drill's own, which keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen([redis_executable(), *options], stdout=subprocess.DEVNULL)
        wait_for(self._answers)

    def flush(self) -> None:
        with redis.Redis(port=self.port) as client:
            client.flushall()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with redis.Redis(port=self.port) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


class DrillHub:
    """A whole hub at work. `running`: its processes by what they do."""

    def __init__(self, folder: Path, postgres: OwnPostgres, link: Link, telegram: SimulatedTelegram) -> None:
        self.folder, self.postgres, self.link, self.telegram = folder, postgres, link, telegram
        self.redis = OwnRedis(folder)
        database = urlsplit(postgres.url).path
        self.processes = Processes(
            folder,
            DATABASE_URL=f"postgresql://postgres@127.0.0.1:{link.port}{database}",
            REDIS_URL=self.redis.url,
            TELEGRAM_API_URL=telegram.url,
            TELEGRAM_BOT_TOKEN=telegram.token,
            SANDBOX_TRANSPORT="bots.transport.TelegramTransport",
            TELEGRAM_REVIEW_CHAT_ID="",
            **Faults(constants=QUICK).as_environment(),
        )
        self.running: dict[str, Process] = {}
        self.web = ""

    def prepare(self) -> str:
        """Tables, and a key that may propose and approve; returns it."""
        assert self.processes.manage("migrate", "--verbosity", "0").wait(120) == 0
        scopes = ("--scopes", "read,propose,review")
        assert self.processes.manage("create_api_key", "drill", *scopes).wait(60) == 0
        key: str = next(
            word for word in self.processes.log("create_api_key").split() if word.startswith("cvh_")
        )
        return key

    def start(self, *names: str) -> None:
        for name in names or ("collector", "worker", "second worker", "beat", "web"):
            self._start(name)

    def kill(self, name: str) -> None:
        """As a power cut would."""
        self.processes.kill(self.running.pop(name))

    def process(self, name: str) -> psutil.Process:
        """It lives: what ended by itself is started again, as Docker would; its words are kept."""
        if (code := self.running[name].poll()) is not None:
            self.keep_logs()
            print(f"{name} had ended by itself with {code}: started again")  # noqa: T201  (a drill's output)
            self._start(name)
        return psutil.Process(self.running[name].pid)

    def query(self, statement: str) -> list[tuple]:
        return self.postgres.query(statement)

    def keep_logs(self) -> None:
        """Where somebody can look at them afterwards."""
        target = Path("test-artifacts/drill")
        target.mkdir(parents=True, exist_ok=True)
        for log in self.folder.glob("*.log"):
            shutil.copy(log, target)

    @contextmanager
    def logs_kept_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.keep_logs()
            raise

    def close(self) -> None:
        self.link.go_on()
        self.processes.close()
        self.redis.kill()

    def _start(self, name: str) -> None:
        match name:
            case "collector":
                self.running[name] = self.processes.manage("collect_telegram")
            case "worker" | "second worker":
                self.running[name] = self.processes.worker()
            case "beat":
                self.running[name] = self.processes.beat()
            case "web":
                self.web = self.processes.web()
                self.running[name] = self.processes.process_of(self.web)


@contextmanager
def drill_hub(folder: Path) -> Iterator[tuple[DrillHub, str]]:
    """A hub that works, and the key of its API. PostgreSQL's own user must reach the folder."""
    with ExitStack() as stack:
        telegram = stack.enter_context(SimulatedTelegram())
        postgres = stack.enter_context(OwnPostgres(folder / "postgres"))
        sockets = Path(parse_qs(urlsplit(postgres.url).query)["host"][0])
        link = stack.enter_context(Link(sockets))
        hub = DrillHub(folder, postgres, link, telegram)
        stack.callback(hub.close)
        key = hub.prepare()
        hub.start()
        yield hub, key


def let_pass(seconds: float) -> None:
    """The fault lasts so long; nothing is waited for."""
    time.sleep(seconds)
