"""The hub as it runs on one machine: prepared, served, announced. Needs Django set up."""

import asyncio
import os
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from cvgorod_hub import health, hub_processes, preparation
from cvgorod_hub.orphans import ProcessNotes
from cvgorod_hub.preparation import Login
from cvgorod_hub.supervisor import Process, StopSignals, Supervisor

Say = Callable[[str], None]


def serve(
    *,
    port: int,
    demo: bool | None,
    only: frozenset[str],
    signals: StopSignals,
    notes: ProcessNotes,
    say: Say,
) -> bool:
    """Serve until told to stop (True), or until nothing is left that can run (False).

    `demo` None: a demo where no bot's token is set.
    """
    if health.check_redis() != "ok":
        raise ImproperlyConfigured("Redis cannot be reached at REDIS_URL.")
    token = settings.TELEGRAM_BOT_TOKEN
    is_demo = not token if demo is None else demo
    preparation.migrate()
    login = preparation.ensure_superuser(demo=is_demo)
    if is_demo:
        reason = "as asked for" if token else "TELEGRAM_BOT_TOKEN is not set"
        say(f"Demo ({reason}): the Telegram of this hub is simulated.")
        processes = _demo_processes(port, only)
    else:
        preparation.revoke_demo_key()
        if not token and "collector" in only:
            say("TELEGRAM_BOT_TOKEN is not set: the collector is not started.")
        processes = _processes(port, only, token)
    return asyncio.run(
        Supervisor(processes, note_start=notes.note).run(
            signals=signals, when_ready=lambda names: _announce(names, port, login, say)
        )
    )


def _processes(port: int, only: frozenset[str], token: str) -> list[Process]:
    chosen = []
    if "web" in only:
        chosen.append(hub_processes.web(port))
    if "worker" in only:
        chosen.append(hub_processes.worker())
    if "beat" in only:
        chosen.append(hub_processes.beat())
    if "collector" in only and token:
        chosen.append(hub_processes.collector(token))
    return chosen


def _demo_processes(port: int, only: frozenset[str]) -> list[Process]:
    """The chosen processes, a simulated Telegram for them, and an agent where there is work for one."""
    simulator = hub_processes.simulator()
    processes = [simulator, *_processes(port, only, os.environ["TELEGRAM_BOT_TOKEN"])]
    if {"web", "collector"} <= only:
        processes.append(hub_processes.demo_agent(port, preparation.make_demo_key()))
    return processes


def _announce(names: list[str], port: int, login: Login, say: Say) -> None:
    if "web" not in names:
        say(f"Hub is ready: {', '.join(names)}")
        return
    address = f"http://{hub_processes.HOST}:{port}/"
    say(f"Log in at {address}admin/ as {login.username} {login.hint}")
    say(f"Hub is ready: {address}")
