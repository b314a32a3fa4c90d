"""The hub as it runs on one machine: prepared, served, announced. Needs Django set up."""

import asyncio
import os
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from bots.demo.people import forget_cards, introduce_people
from cvgorod_hub import health
from cvgorod_hub.runner import preparation
from cvgorod_hub.runner import processes as makes
from cvgorod_hub.runner.orphans import ProcessNotes
from cvgorod_hub.runner.preparation import Login
from cvgorod_hub.runner.supervisor import Process, StopSignals, Supervisor

Say = Callable[[str], None]


def serve(
    *,
    port: int,
    demo: bool,
    only: frozenset[str],
    signals: StopSignals,
    notes: ProcessNotes,
    say: Say,
) -> bool:
    """Serve until told to stop (True), or until nothing is left that can run (False)."""
    if health.check_redis() != {"redis": health.OK}:
        raise ImproperlyConfigured("Redis cannot be reached at REDIS_URL.")
    token = settings.TELEGRAM_BOT_TOKEN
    preparation.migrate()
    if demo:
        preparation.refuse_demo_among_real_chats()
    login = preparation.ensure_superuser(demo=demo)
    # Approval cards link to the hub; where nobody said under which name people open it, it is this one.
    os.environ.setdefault("HUB_PUBLIC_URL", f"http://{makes.HOST}:{port}")
    if demo:
        reason = "as asked for" if token else "TELEGRAM_BOT_TOKEN is not set"
        say(f"Demo ({reason}): the Telegram of this hub is simulated.")
        processes = _demo_processes(port, only, login)
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
        chosen.append(makes.web(port))
    if "worker" in only:
        chosen.append(makes.worker())
    if "beat" in only:
        chosen.append(makes.beat())
    if "collector" in only and token:
        chosen.append(makes.collector(token))
    return chosen


def _demo_processes(port: int, only: frozenset[str], login: Login) -> list[Process]:
    """The chosen processes, a simulated Telegram for them, and an agent where there is work for one."""
    simulator = makes.simulator()
    processes = [simulator, *_processes(port, only, os.environ["TELEGRAM_BOT_TOKEN"])]
    forget_cards()
    introduce_people(reviewer=login.username)
    if {"web", "collector"} <= only:
        processes.append(makes.demo_agent(port, preparation.make_demo_key()))
    return processes


def _announce(names: list[str], port: int, login: Login, say: Say) -> None:
    if "web" not in names:
        say(f"Hub is ready: {', '.join(names)}")
        return
    address = f"http://{makes.HOST}:{port}/"
    say(f"Log in at {address}{settings.ADMIN_PATH} as {login.username} {login.hint}")
    say(f"Hub is ready: {address}")
