"""The processes of docker-compose.yml, started by the image's own entry point outside of any container."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cvgorod_hub.embedded import free_port
from tests.docker import compose
from tests.e2e.processes import Process, Processes, wait_for


class Containers:
    """Each role with the environment that compose gives it, on the servers of this test run."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        self.processes, self.folder = processes, folder
        self.port = free_port()
        self._started: dict[str, Process] = {}
        Path(processes.environment["HUB_DATA_DIR"]).mkdir()  # a volume that is there
        redis = urlsplit(processes.environment["REDIS_URL"])
        self._here = {
            "DATABASE_URL": processes.database_url,
            # As in compose: the address by itself, the password by itself.
            "REDIS_URL": redis._replace(netloc=f"{redis.hostname}:{redis.port}").geturl(),
            "REDIS_PASSWORD": unquote(redis.password or ""),
            "HUB_DATA_DIR": processes.environment["HUB_DATA_DIR"],
            "SECRETS_PATH": "/dev/null",
            "HUB_LISTEN": f"127.0.0.1:{self.port}",
            "HUB_LOG_FORMAT": "json",
        }

    def start(self, role: str, **more: str) -> Process:
        service = compose.services()[role]
        given = {name: value for name, value in service["environment"].items() if value is not None}
        (self.folder / role).mkdir()
        self.processes.environment |= given | self._here | {"TMPDIR": str(self.folder / role)} | more
        command = [sys.executable, "-m", "cvgorod_hub.container", *service["command"]]
        self._started[role] = self.processes.start(command, name=role)
        return self._started[role]

    def health(self, role: str) -> "subprocess.CompletedProcess[str]":
        """What Docker is told when it asks."""
        return subprocess.run(
            [sys.executable, "-I", "-S", "cvgorod_hub/container/health.py"],
            cwd=compose.ROOT,
            env=self.processes.environment | {"TMPDIR": str(self.folder / role)},
            capture_output=True,
            text=True,
        )

    def wait_until_healthy(self, role: str) -> None:
        """Within what a start of all at once may take on a busy machine."""
        wait_for(lambda: self.health(role).returncode == 0, seconds=120)

    def stop(self, role: str) -> int:
        """As `docker stop` does; fails when the process needs longer than compose grants. Its exit code."""
        process = self._started[role]
        process.terminate()
        return process.wait(compose.seconds(compose.services()[role].get("stop_grace_period", "10s")))
