"""The demo's two programs as real processes."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command

from bots.demo.stopping import StopSignal
from bots.simulator import DEFAULT_TOKEN
from bots.simulator.scenario.cast import GROUPS
from cvgorod_hub.embedded import free_port
from tests.bots.hub_stub import KEY, HubStub, row

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 30


@contextmanager
def manage(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """`manage.py …`, killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "cvgorod_hub.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def stopped_by(process: "subprocess.Popen[str]", number: signal.Signals) -> tuple[int, str]:
    process.send_signal(number)
    output, _ = process.communicate(timeout=SECONDS)
    return process.returncode, output


def until(happened: Callable[[], object], process: "subprocess.Popen[str]") -> None:
    pause = threading.Event()
    for _ in range(SECONDS * 20):
        if happened():
            return
        assert process.poll() is None, process.communicate()
        pause.wait(0.05)
    raise TimeoutError


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_simulator_talks_until_it_is_told_to_stop(number: signal.Signals) -> None:
    port = free_port()
    with manage("run_simulator", "--port", str(port), "--talk", "--seed", "1") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"Simulated Telegram: http://127.0.0.1:{port}/ (the chats)\n"
        api = f"http://127.0.0.1:{port}/bot{DEFAULT_TOKEN}/getUpdates"
        until(lambda: requests.get(api, timeout=SECONDS).json()["result"], process)
        assert (
            GROUPS[0].title.split("«")[0] in requests.get(f"http://127.0.0.1:{port}/", timeout=SECONDS).text
        )
        code, output = stopped_by(process, number)
    assert (code, "Traceback" in output) == (0, False)


def test_the_agent_proposes_until_it_is_told_to_stop() -> None:
    with (
        HubStub(messages=[row(1, "Почём роза?")]) as stub,
        manage("run_demo_agent", "--url", stub.url, "--key", KEY) as process,
    ):
        until(lambda: stub.drafts, process)
        code, output = stopped_by(process, signal.SIGTERM)
    assert (code, output) == (0, "")
    assert len(stub.proposed) == 1


def test_a_port_in_use_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"^Port {port} of 127.0.0.1 cannot be used: .*in use"):
            call_command("run_simulator", port=port)


def test_a_token_that_is_none_is_refused() -> None:
    with pytest.raises(CommandError, match="must look like 123456:letters"):
        call_command("run_simulator", port=0, token="no-token")


def test_a_refused_key_ends_the_agent_with_one_line() -> None:
    with HubStub() as stub, pytest.raises(CommandError, match=r"refuses the key \(401\)") as refused:
        call_command("run_demo_agent", url=stub.url, key="cvh_another_key_of_the_stub")
    assert "cvh_" not in str(refused.value)


def test_the_agent_needs_a_key() -> None:
    with pytest.raises(CommandError, match="needs an API key"):
        call_command("run_demo_agent", key="")


def test_a_signal_is_heard_by_every_wait_and_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with StopSignal() as stop:
        assert stop.wait(0) is False
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert stop.wait() is True
        assert stop.wait(0) is True
    assert signal.getsignal(signal.SIGTERM) is before
