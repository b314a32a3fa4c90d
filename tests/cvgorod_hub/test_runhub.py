"""`manage.py runhub` as people start it: one hub shared by the tests that leave it running."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.cvgorod_hub.running_hub import RunningHub, manage, wait_until_gone

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("runhub")]

READY_AFTER_RESTART_SECONDS = 30
METRICS_SECONDS = 30


@pytest.fixture(scope="module")
def hub(module_folder: Path) -> Iterator[RunningHub]:
    hub = RunningHub(module_folder / "data", "--no-demo", "--only", "web,worker,beat", HUB_LOG_FORMAT="json")
    try:
        hub.wait_until_ready()
        yield hub
    finally:
        hub.stop()


def test_says_where_to_go_and_with_which_login(hub: RunningHub) -> None:
    login, ready = [line for line in hub.lines if "http://" in line][-2:]
    address = f"http://127.0.0.1:{hub.port}/"
    assert login.startswith(f"Log in at {address}admin/ as admin with the password ")
    assert ready == f"Hub is ready: {address}"


def test_health_answers(hub: RunningHub) -> None:
    assert hub.get("/health/live") == (200, {"status": "ok"})
    checks = {"database": "ok", "migrations": "ok", "redis": "ok"}
    assert hub.get("/health/ready") == (200, {"status": "ok", "checks": checks})


def test_metrics_tell_of_all_processes(hub: RunningHub) -> None:
    deadline = time.monotonic() + METRICS_SECONDS
    while time.monotonic() < deadline:
        said = requests.get(f"http://127.0.0.1:{hub.port}/metrics", timeout=10).text.splitlines()
        tasks = [
            line
            for line in said
            if line.startswith('hub_tasks_total{outcome="success"') and not line.endswith(" 0.0")
        ]
        if tasks and 'hub_processes_alive{kind="beat"} 1.0' in said:
            break
        time.sleep(0.2)
    assert {line for line in said if line.startswith("hub_processes_alive{")} == {
        'hub_processes_alive{kind="worker"} 1.0',
        'hub_processes_alive{kind="beat"} 1.0',
        'hub_processes_alive{kind="collector"} 0.0',
    }
    assert tasks
    assert 'hub_reachable{server="redis"} 1.0' in said


def test_each_line_of_the_log_is_an_object(hub: RunningHub) -> None:
    requests.get(f"http://127.0.0.1:{hub.port}/nowhere", headers={"X-Request-ID": "by-the-test"}, timeout=10)
    hub.wait_for_line('"request_id":"by-the-test"')
    said = [line.partition(" | ") for line in hub.lines if " | " in line]
    told = [json.loads(line) for name, _bar, line in said if name.strip() != "hub"]
    assert told[-1]["event"] == "request"
    assert {"celery.apps.worker", "cvgorod_hub.watching.requests"} <= {line["logger"] for line in told}


def test_commands_in_another_terminal_reach_the_running_hub(hub: RunningHub) -> None:
    code = "from django.contrib.auth.models import User; print(User.objects.get().username)"
    assert manage(hub.data, "shell", "--no-imports", "-c", code).stdout == "admin\n"


def test_secrets_are_for_their_owner_only(hub: RunningHub) -> None:
    private = ("secret_key", "services.json", "hub.lock", "redis/redis.conf")
    assert {name: oct((hub.data / name).stat().st_mode & 0o777) for name in private} == dict.fromkeys(
        private, "0o600"
    )


def test_a_second_hub_on_the_same_data_is_refused(hub: RunningHub) -> None:
    second = manage(hub.data, "runhub", "--no-demo", "--only", "beat")
    assert second.returncode == 1
    assert second.stderr == (
        f"error: another hub (process {hub.process.pid}) runs on {hub.data}; "
        "stop it, or choose another HUB_DATA_DIR.\n"
    )


def test_a_port_in_use_is_one_clear_line(hub: RunningHub, folder: Path) -> None:
    second = manage(folder / "data", "runhub", "--no-demo", "--port", str(hub.port))
    assert second.returncode == 1
    assert second.stderr == (
        f"error: port {hub.port} cannot be used (Address already in use): choose another with --port "
        "or HUB_PORT, or stop what listens there.\n"
    )


@pytest.mark.parametrize(("name", "part"), [("web", "granian"), ("worker", " worker ")])
def test_a_process_that_was_killed_is_restarted(hub: RunningHub, name: str, part: str) -> None:
    victim = hub.process_of(part)
    helpers = victim.children(recursive=True)
    victim.kill()
    hub.wait_for_line(f"hub    | {name} ended (killed by SIGKILL), restarting it in 0.5 s")
    assert wait_until_gone(helpers) == []
    if name == "worker":
        hub.wait_for_line(" ready.")  # by its own word: it takes tasks
        return
    deadline = time.monotonic() + READY_AFTER_RESTART_SECONDS
    while not _serves(hub) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _serves(hub)


def _serves(hub: RunningHub) -> bool:
    try:
        return hub.get("/health/ready")[0] == 200
    except (OSError, ValueError):
        return False


def test_a_killed_hub_leaves_nothing_that_the_next_start_cannot_take_over(folder: Path) -> None:
    data = folder / "data"
    killed = RunningHub(data, "--no-demo", "--only", "web,beat")
    killed.wait_until_ready()
    postmaster = killed.postmaster()
    orphans = [each for each in killed.everything()[1:] if each.name() != "postgres"]
    killed.process_of("granian").suspend()  # it does not hear that its hub dies
    killed.stop(signal.SIGKILL)
    assert postmaster.is_running()

    again = RunningHub(data, "--no-demo", "--only", "web")
    try:
        again.wait_until_ready()
        assert wait_until_gone(orphans) == []
        assert "as admin with the password set before" in again.lines[-2]
        everything = again.everything()
        assert again.postmaster() == postmaster
    finally:
        code = again.stop(signal.SIGINT)
    assert code == 0
    assert wait_until_gone(everything) == []
    assert not (data / "services.json").exists()
    stopped = manage(data, "check", "--database", "default")
    assert stopped.stderr == (
        f"error: DATABASE_URL is not set, and no hub runs on {data}. "
        "Set it, or start the hub with `make run` first.\n"
    )
