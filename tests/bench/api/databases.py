"""The two histories, migrated, filled once and kept where the folder is."""

import hashlib
import importlib
import secrets
from pathlib import Path

import psycopg
from psycopg import sql

from tests.bench.api import population, servers

LONG, SHORT = "history_long", "history_short"
NAME = "bench"


def prepare(url: str, redis_url: str, folder: Path) -> dict[str, dict[str, str]]:
    """Both databases, each as settings for the programs that use it. Sets Django up on the long one."""
    settings = {
        name: servers.environment(servers.url_of(url, name), redis_url, folder) for name in (LONG, SHORT)
    }
    marks = {name: folder / f"{name}.loaded" for name in settings}
    wanted = _fingerprint()
    for name, mark in marks.items():
        if not mark.exists() or mark.read_text() != wanted:
            _create(url, name)
        servers.manage(settings[name], "migrate", "--no-input", "--verbosity", "0")
    _set_up_django(settings[LONG])
    for name, mark in marks.items():
        if not mark.exists() or mark.read_text() != wanted:
            _fill(settings[name], name)
            mark.write_text(wanted)
    return settings


def make_key(settings: dict[str, str]) -> str:
    """A key of the database that may do everything an agent may."""
    from cvgorod_hub.api.models import Scope

    name = f"{NAME} {secrets.token_hex(4)}"
    return servers.manage(settings, "create_api_key", name, "--scopes", ",".join(Scope.values)).strip()


def remove_what_was_sent(url: str, after: int) -> None:
    """Take away the drafts with greater keys, so that the next measure reads what this one read."""
    with psycopg.connect(url) as connection:
        # Its trigger refuses to delete from the log.
        connection.execute("ALTER TABLE pending_response_events DISABLE TRIGGER USER")
        connection.execute("DELETE FROM pending_response_events WHERE response_id > %s", [after])
        connection.execute("ALTER TABLE pending_response_events ENABLE TRIGGER USER")
        connection.execute("DELETE FROM pending_responses WHERE id > %s", [after])
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) pending_responses, pending_response_events")


def last_draft(url: str) -> int:
    with psycopg.connect(url) as connection:
        [key] = connection.execute("SELECT max(id) FROM pending_responses").fetchone() or (0,)
    return int(key)


def _fingerprint() -> str:
    """Changes with what the data is made by."""
    sources = sorted(
        [
            *(Path(__file__).parent / f"{name}.py" for name in ("data", "population", "words")),
            *(servers.ROOT / "cvgorod_hub" / "seeding" / f"{name}.py" for name in ("activity", "copying")),
        ]
    )
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _create(url: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        identifier = sql.Identifier(name)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(identifier))


def _set_up_django(settings: dict[str, str]) -> None:
    import os

    import django

    os.environ.update(settings)
    django.setup()


def _fill(settings: dict[str, str], name: str) -> None:
    from django.core.management import get_commands

    data = importlib.import_module("tests.bench.api.data")
    data.load(settings["DATABASE_URL"], population.LONG if name == LONG else population.SHORT)
    if "rebuild_statistics" in get_commands():
        servers.manage(settings, "rebuild_statistics")
    with psycopg.connect(settings["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
