"""The demo, and a bot that Telegram refuses: whole hubs, each with an order to stop."""

import http.client
import json
import signal
import time
from pathlib import Path

import pytest

from tests.cvgorod_hub.running_hub import RunningHub, wait_until_gone

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("runhub")]

DRAFT_SECONDS = 60
KEY = "a-key-of-this-test-only"


def pending(hub: RunningHub) -> list[object]:
    client = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=10)
    try:
        client.request("GET", "/api/v1/sandbox/pending", headers={"X-API-Key": KEY})
        rows: list[object] = json.loads(client.getresponse().read())["results"]
    finally:
        client.close()
    return rows


def test_without_a_token_a_demo_runs_in_which_drafts_wait_for_approval(folder: Path) -> None:
    hub = RunningHub(folder / "data", HUB_API_KEY=KEY)
    try:
        hub.wait_until_ready()
        notice = "Demo (TELEGRAM_BOT_TOKEN is not set): the Telegram of this hub is simulated."
        assert notice in hub.lines
        deadline = time.monotonic() + DRAFT_SECONDS
        while not pending(hub) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert pending(hub)
        everything = hub.everything()
    finally:
        code = hub.stop()
    assert code == 0
    assert wait_until_gone(everything) == []


def test_without_a_token_and_a_demo_the_collector_is_not_started(module_folder: Path) -> None:
    hub = RunningHub(module_folder / "data", "--no-demo", "--only", "beat,collector")
    try:
        hub.wait_for_line("TELEGRAM_BOT_TOKEN is not set: the collector is not started.")
        hub.wait_for_line("Hub is ready: beat")
    finally:
        assert hub.stop(signal.SIGHUP) == 0


def test_a_token_that_telegram_refuses_is_one_line_and_the_rest_goes_on(module_folder: Path) -> None:
    hub = RunningHub(
        module_folder / "data",
        "--only",
        "beat,collector",
        TELEGRAM_BOT_TOKEN="not-a-token",
        TELEGRAM_API_URL="http://127.0.0.1:9",
    )
    try:
        hub.wait_for_line("hub       | collector cannot run as it is set up; the rest goes on without")
        hub.wait_for_line("Hub is ready: beat")
    finally:
        assert hub.stop() == 0
    assert not any("not-a-token" in line for line in hub.lines)
