"""How each process of the hub is started: on one machine (processes.py) as in containers
(cvgorod_hub/container).
"""

import os
import sys

from cvgorod_hub import environment

QUEUES = "default,classify,voice,delivery,webhooks"
MANAGE = [sys.executable, str(environment.BASE_DIR / "manage.py")]
# The web server's own words, where those of the hub are JSON (settings/logs.py).
SERVER_LOG = environment.BASE_DIR / "cvgorod_hub/watching/server_log.json"
CELERY = ["-m", "celery", "--quiet", "--app", "cvgorod_hub"]


def web(*, host: str, port: int) -> list[str]:
    logs_json = os.environ.get("HUB_LOG_FORMAT", "").strip().lower() == "json"
    return [
        # Where nothing was collected into it, WhiteNoise misses its folder.
        *(sys.executable, "-W", "ignore:No directory at"),
        *("-m", "granian", "cvgorod_hub.wsgi:application"),
        *("--interface", "wsgi", "--host", host, "--port", str(port)),
        *("--workers", "1", "--blocking-threads", "4", "--no-ws", "--log-level", "warning"),
        *("--workers-kill-timeout", "5"),
        *(("--log-config", str(SERVER_LOG)) if logs_json else ()),
    ]


def worker(*, node: str) -> list[str]:
    """`node` is the name that other workers must not have; Celery replaces %h by the host's."""
    return [
        # As root Celery warns of pickle, which it does not accept by default.
        *(sys.executable, "-W", "ignore:You're running the worker with superuser", *CELERY, "worker"),
        # Its tasks wait for neighbours most of the time; threads share what one process has imported.
        *("--hostname", node, "--queues", QUEUES, "--pool", "threads", "--concurrency", "4"),
        *("--without-gossip", "--without-mingle", "--loglevel", "INFO"),
    ]


def beat() -> list[str]:
    return [sys.executable, *CELERY, "beat", "--loglevel", "WARNING"]


def collector(*options: str) -> list[str]:
    return [*MANAGE, "collect_telegram", *options]
