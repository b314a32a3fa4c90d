"""Each command of docker-compose.yml for real: it starts, answers its own health check, and stops in time."""

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from cvgorod_hub.common import heartbeat
from cvgorod_hub.container import health
from cvgorod_hub.container.__main__ import command_for
from tests.docker.containers import Containers
from tests.e2e.processes import Processes, wait_for
from tests.marks import committed

real = [committed, pytest.mark.e2e]


@pytest.fixture
def containers(processes: Processes, tmp_path: Path) -> Containers:
    return Containers(processes, tmp_path)


class TestRoles:
    pytestmark = real

    def test_all_of_them_work_and_stop_in_time(self, containers: Containers) -> None:
        # A name of its own: the check must find one under which it is let in.
        containers.start("web", DJANGO_ALLOWED_HOSTS=".hub.example.com", DJANGO_BEHIND_PROXY="true")
        for role in ("worker", "beat", "collector"):
            containers.start(role)
        for role in health.CHECKS:
            containers.wait_until_healthy(role)
        assert {role: containers.stop(role) for role in health.CHECKS} == dict.fromkeys(health.CHECKS, 0)
        for role in health.CHECKS:
            assert_json(containers.processes.log(role))
        assert containers.health("web").stderr.startswith("web: no answer: ConnectionRefusedError")

    def test_migrate_makes_a_login_whose_password_no_log_holds(self, processes: Processes) -> None:
        processes.environment["HUB_PUBLIC_URL"] = "https://hub.example.com"
        assert processes.manage("prepare").wait(60) == 0
        assert processes.log("prepare") == (
            "The database is ready.\n"
            "Log in at https://hub.example.com/admin/ as admin with a password that you set first: "
            "manage.py changepassword admin\n"
        )
        assert not User.objects.get(username="admin", is_superuser=True).has_usable_password()

    def test_a_collector_without_a_token_waits_and_says_so(self, processes: Processes, state: Path) -> None:
        assert _stays(processes, state, token="") == "TELEGRAM_BOT_TOKEN is not set."
        assert health.CHECKS["collector"]() == ""

    def test_a_collector_whose_token_is_refused_waits_and_counts_as_ill(
        self, processes: Processes, state: Path
    ) -> None:
        said = _stays(processes, state, token="1:another-bots-token-is-not-known")
        assert said.startswith("Telegram refused the bot token: ")
        assert health.CHECKS["collector"]() == "no sign of work yet"


def assert_json(log: str) -> None:
    """Each line, from the start of a process to its end."""
    for line in log.splitlines():
        told = json.loads(line)
        assert {"time", "level", "logger", "event"} <= told.keys()


def _stays(processes: Processes, state: Path, *, token: str) -> str:
    """What a collector says that cannot run as it is set up; it runs on until it is stopped."""
    processes.environment |= {
        "TELEGRAM_BOT_TOKEN": token,
        heartbeat.VARIABLE: str(state / "heartbeat"),
    }
    collector = processes.manage("collect_telegram", "--stay")
    said = wait_for(lambda: _STAYING.search(processes.log("collect_telegram")))
    collector.send_signal(signal.SIGTERM)
    assert collector.wait(20) == 0
    return said[1]


_STAYING = re.compile(
    r"collect_telegram: (.*\S) Nothing is collected until this is set up and started anew\."
)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a container keeps what its health check reads."""
    monkeypatch.setattr(health, "FOLDER", tmp_path)
    monkeypatch.setattr(health, "ROLE", tmp_path / "role")
    monkeypatch.setattr(health, "HEARTBEAT", tmp_path / "heartbeat")
    monkeypatch.setenv(heartbeat.VARIABLE, str(tmp_path / "heartbeat"))
    return tmp_path


@pytest.mark.parametrize("role", ["worker", "beat", "collector"])
def test_a_process_that_stands_still_is_ill(state: Path, role: str) -> None:
    check = health.CHECKS[role]
    assert check() == "no sign of work yet"
    heartbeat.mark()
    assert check() == ""
    os.utime(state / "heartbeat", (0, time.time() - 100))
    assert check() == "no sign of work for 100 seconds"
    heartbeat.mark()
    assert check() == ""


def test_a_process_with_nothing_to_do_is_well(state: Path) -> None:
    heartbeat.mark_idle()
    os.utime(state / "heartbeat", (0, 0))
    assert health.CHECKS["collector"]() == ""


def test_a_container_that_starts_again_has_shown_nothing_yet(state: Path) -> None:
    heartbeat.mark()
    health.begin("worker")
    assert health.CHECKS["worker"]() == "no sign of work yet"
    assert (state / "role").read_text() == "worker"


def test_what_ends_by_itself_has_no_health(state: Path) -> None:
    with pytest.raises(SystemExit, match="nothing to watch runs here"):
        health.main()


def test_other_processes_leave_no_heartbeat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(heartbeat.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    heartbeat.mark()
    heartbeat.mark_idle()
    assert list(tmp_path.iterdir()) == []


def test_anything_else_is_a_command_of_the_hub() -> None:
    assert command_for("hub_report", "--days", "2")[1:] == [
        *command_for("migrate")[1:-1],
        *("hub_report", "--days", "2"),
    ]
    assert command_for("migrate")[-1] == "prepare"


def test_a_role_takes_no_options() -> None:
    with pytest.raises(SystemExit, match=r"worker takes no options\."):
        command_for("worker", "--queues", "voice")
