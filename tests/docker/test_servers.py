"""PostgreSQL and Redis with what docker-compose.yml tells them, on the ones that come in wheels."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest
import redis
from django.db import connection
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from cvgorod_hub.embedded import free_port
from cvgorod_hub.embedded.redis_server import redis_executable
from tests.docker import compose


@pytest.mark.django_db
def test_postgresql_knows_the_settings() -> None:
    command = compose.services()["postgres"]["command"]
    assert command[0] == "postgres"
    given = dict(option.removeprefix("-c").split("=") for option in command[1:])
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_settings WHERE name = ANY(%s)", [list(given)])
        assert {name for (name,) in cursor.fetchall()} == set(given)


def test_postgresql_is_the_version_that_tests_run_on() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as session:
        assert session.info.server_version // 10_000 == 18
    assert compose.services()["postgres"]["image"].startswith("postgres:18-")


def test_redis_reads_its_configuration_and_asks_for_the_password(tmp_path: Path) -> None:
    shell, flags, script = compose.services()["redis"]["command"]
    (tmp_path / "redis-server").symlink_to(redis_executable())
    port = free_port()
    server = subprocess.Popen(
        [shell, flags, script.replace("dir /data", f"dir {tmp_path}\nport {port}\nbind 127.0.0.1")],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "REDIS_PASSWORD": "a password's own"},
        stdout=subprocess.DEVNULL,
    )
    try:
        retry = Retry(ConstantBackoff(0.05), 200)
        with redis.Redis(port=port, password="a password's own", retry=retry) as client:
            given = {
                name: client.config_get(name)[name]
                for name in ("maxmemory", "maxmemory-policy", "appendonly")
            }
            assert given == {
                "maxmemory": str(192 * 1024 * 1024),
                "maxmemory-policy": "noeviction",
                "appendonly": "yes",
            }
        with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        assert b"a password's own" not in Path(f"/proc/{server.pid}/cmdline").read_bytes()
    finally:
        server.terminate()
        assert server.wait(compose.seconds(compose.services()["redis"]["stop_grace_period"])) == 0
