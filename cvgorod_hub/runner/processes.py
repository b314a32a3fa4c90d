"""Which processes make a hub on one machine, and when each counts as ready. Needs Django set up.

Starting is work for the processor, of which the collector has most: importing aiogram takes four seconds.
So on two cores the collector has one to itself, and the others start one after another on the second.
"""

import http.client
import os
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.http.request import validate_host
from django.utils import timezone

from bots.demo.people import DEMO_BOT_ID
from bots.models import TelegramBot
from bots.simulator.scenario.cast import REVIEW_CHAT_ID
from cvgorod_hub.celery import app
from cvgorod_hub.embedded import free_port
from cvgorod_hub.runner import commands
from cvgorod_hub.runner.supervisor import Process

HOST = "127.0.0.1"
PROBE_SECONDS = 2
# A worker's stop waits for its tasks; a send may take SEND_DEADLINE_SECONDS until its outcome is known.
WORKER_STOP_SECONDS = settings.SEND_DEADLINE_SECONDS + 5


def web(port: int) -> Process:
    return Process(
        name="web",
        command=commands.web(host=HOST, port=port),
        is_ready=lambda: _answers(port),
        starts_after="telegram",
    )


def worker() -> Process:
    node = f"runhub-{os.getpid()}@{socket.gethostname()}"
    return Process(
        name="worker",
        command=commands.worker(node=node),
        is_ready=lambda: bool(app.control.ping(destination=[node], timeout=0.5)),
        starts_after="web",
        stop_seconds=WORKER_STOP_SECONDS,
    )


def beat() -> Process:
    return Process(name="beat", command=commands.beat(), starts_after="worker")


def collector(token: str) -> Process:
    return Process(
        name="collector",
        command=commands.collector(),
        is_ready=_has_polled(token, since=timezone.now()),
    )


def simulator() -> Process:
    """A Telegram, and a SpeechKit, on loopback; puts their addresses and keys into the environment of all
    processes.
    """
    port, token = _free_port_of_ours(), f"{DEMO_BOT_ID}:{secrets.token_urlsafe(26)}"
    proxied = os.environ.get("NO_PROXY") or os.environ.get("no_proxy")
    os.environ.update(
        HUB_DEMO="1",
        TELEGRAM_BOT_TOKEN=token,
        TELEGRAM_API_URL=f"http://{HOST}:{port}",
        TELEGRAM_REVIEW_CHAT_ID=str(REVIEW_CHAT_ID),
        # Invented words for invented voices; a real key is not to pay for them.
        YANDEX_CLOUD_API_KEY="demo",
        YANDEX_STT_ENABLED="1",
        YANDEX_STT_URL=f"http://{HOST}:{port}",
        YANDEX_OPERATION_URL=f"http://{HOST}:{port}",
        NO_PROXY=f"{proxied},{HOST}" if proxied else HOST,
    )
    return Process(
        name="telegram",
        command=[*commands.MANAGE, "run_simulator", "--port", str(port), "--token", token, "--talk"],
        is_ready=lambda: _listens(port),
    )


def demo_agent(port: int, key: str) -> Process:
    """The key goes through the environment, where `ps` does not show it."""
    os.environ["DEMO_AGENT_KEY"] = key
    return Process(
        name="agent",
        command=[*commands.MANAGE, "run_demo_agent", "--url", f"http://{HOST}:{port}"],
        starts_after="collector",  # until then there is nothing to answer
    )


def _answers(port: int) -> bool:
    """Whether the web process is ready to serve, by its own word."""
    allowed: list[str] = settings.ALLOWED_HOSTS
    host = HOST if not allowed or validate_host(HOST, allowed) else allowed[0].lstrip(".")
    client = http.client.HTTPConnection(HOST, port, timeout=PROBE_SECONDS)
    try:
        client.request("GET", "/health/ready", headers={"Host": host})
        return client.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        client.close()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((HOST, port), timeout=PROBE_SECONDS):
        return True
    return False


def _has_polled(token: str, *, since: datetime) -> Callable[[], bool]:
    """Whether the bot of this token has heard of Telegram since then."""
    bot_id = token.partition(":")[0]

    def probe() -> bool:
        try:
            return bot_id.isdigit() and (
                TelegramBot.objects.filter(pk=int(bot_id), last_poll_at__gte=since).exists()
            )
        finally:
            connection.close()  # each probe may run in another thread

    return probe


def _free_port_of_ours() -> int:
    """A free port, of the project's range (8301 to 8399) if one is left there."""
    for port in range(8301, 8400):
        with suppress(OSError), socket.socket() as probe:
            probe.bind((HOST, port))
            return port
    return free_port()
