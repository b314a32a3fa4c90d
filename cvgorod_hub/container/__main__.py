"""`python -m cvgorod_hub.container ROLE`: become the process that this container is for.

`web`, `worker`, `beat` and `collector` run until they are stopped, `migrate` prepares the database and ends.
Anything else is a command of manage.py: `docker compose run --rm web hub_report`.
"""

import os
import sys
from collections.abc import Callable

from cvgorod_hub.common import heartbeat
from cvgorod_hub.container import health
from cvgorod_hub.runner import commands


def main() -> None:
    command = command_for(*sys.argv[1:])
    os.execv(command[0], command)  # noqa: S606  (what this container was told to run)


def command_for(role: str = "web", *options: str) -> list[str]:
    """The command line of a role; leaves word for the health check of which role it is."""
    if role not in health.CHECKS:
        return [*commands.MANAGE, "prepare" if role == "migrate" else role, *options]
    if options:
        sys.exit(f"error: {role} takes no options.")
    os.environ[heartbeat.VARIABLE] = str(health.begin(role))
    host, port = health.listening()
    starts: dict[str, Callable[[], list[str]]] = {
        "web": lambda: commands.web(host=host, port=port),
        # Each container has a host name of its own, so each worker has, however many there are.
        "worker": lambda: commands.worker(node="worker@%h"),
        "beat": commands.beat,
        # Docker starts whatever ends again, also what cannot run as it is set up.
        "collector": lambda: commands.collector("--stay"),
    }
    return starts[role]()


if __name__ == "__main__":
    main()
