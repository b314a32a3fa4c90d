"""A real PgBouncer that gives each transaction one of a few connections; skips where none is on PATH."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from cvgorod_hub.embedded import free_port
from cvgorod_hub.embedded.postgres import USER_FOR_ROOT
from tests.e2e.processes import wait_for

# Fewer than the processes that share them, and each transaction gets the next: so each serves all in turn.
CONNECTIONS = 4
_SETTINGS = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
server_round_robin = 1
max_client_conn = 200
"""


@contextmanager
def pgbouncer(database_url: str, folder: Path) -> Iterator[str]:
    """Run it before the database; yields the URL that leads through it."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        if os.environ.get("HUB_REQUIRE_PGBOUNCER"):
            pytest.fail("HUB_REQUIRE_PGBOUNCER is set, and there is no pgbouncer on PATH.")
        pytest.skip("There is no pgbouncer on PATH.")
    server, port = conninfo_to_dict(database_url), free_port()
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        _SETTINGS.format(
            host=server["host"],
            port=server.get("port", 5432),
            user=server["user"],
            listen_port=port,
            connections=CONNECTIONS,
        )
    )
    as_user = ["-u", USER_FOR_ROOT] if os.geteuid() == 0 else []  # it refuses to run as root
    process = subprocess.Popen(
        [program, *as_user, str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: _listens(port), seconds=10)
        yield f"postgresql://{server['user']}@127.0.0.1:{port}/{server['dbname']}"
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
