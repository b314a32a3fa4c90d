"""`manage.py migrate_from_old`: what it says, and what it asks for."""

import json
import re
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from cvgorod_hub.old_hub import checkpoints
from cvgorod_hub.old_hub.models import LegacyMigration
from cvgorod_hub.old_hub.tally import Tally
from messaging.models import Message
from tests.marks import committed
from tests.old_hub.old_database import OldHub

pytestmark = pytest.mark.django_db


@pytest.fixture
def named(old: OldHub, settings: Settings) -> OldHub:
    settings.OLD_DATABASE_URL = old.url
    old.chat()
    old.person()
    return old


def run(**options: Any) -> str:
    out = StringIO()
    call_command("migrate_from_old", stdout=out, **options)
    return out.getvalue()


def refused(**options: Any) -> CommandError:
    with pytest.raises(CommandError) as caught:
        run(**options)
    assert "\n" not in str(caught.value)
    assert "secret-word" not in str(caught.value)
    return caught.value


def test_it_says_what_became_of_every_row(named: OldHub) -> None:
    named.message(telegram_message_id=9)
    named.message(telegram_message_id=9)

    lines = run().splitlines()

    assert "messages: 2 rows = 1 copied + 0 merged + 1 skipped" in lines
    assert "    skipped 1: a later row of the same message; the earliest is the true one (2)" in lines
    assert "user_roles: 6 rows = 0 copied + 6 merged + 0 skipped" in lines
    assert lines[-1] == "Every row is accounted for."
    assert run(report=True).splitlines() == lines
    assert LegacyMigration.objects.get().state == "finished"


def test_a_dry_run_writes_nothing(named: OldHub) -> None:
    named.message()

    lines = run(dry_run=True).splitlines()

    assert "messages: 1 rows = 1 to be copied + 0 merged + 0 skipped" in lines
    assert lines[-1] == "Nothing was written: a dry run."
    assert not Message.objects.exists()
    assert not LegacyMigration.objects.exists()


def test_it_speaks_json(named: OldHub) -> None:
    named.message()

    said = json.loads(run(json=True))

    assert said["tables"]["messages"] == {
        "old": 1, "copied": 1, "merged": {}, "skipped": {}, "notes": {},
    }  # fmt: skip
    assert (said["broken"], said["is_dry_run"]) == ([], False)


def test_sums_that_do_not_add_up_are_an_error(named: OldHub, monkeypatch: pytest.MonkeyPatch) -> None:
    named.message()
    monkeypatch.setattr(Tally, "settled", property(lambda tally: tally.copied - 1))

    error = refused()

    assert "messages: 1 rows there, 0 accounted for" in str(error)
    assert error.returncode == 1
    assert LegacyMigration.objects.get().state == "failed"


@pytest.mark.parametrize(
    ("url", "words", "code"),
    [
        ("", "OLD_DATABASE_URL is not set", 78),
        ("postgres//user:secret-word@host/name", "OLD_DATABASE_URL cannot be read", 78),
        (
            "postgres://user:secret-word@127.0.0.1:9/name",
            "The old database 127.0.0.1:9/name cannot be reached",
            1,
        ),
    ],
)
def test_an_address_that_leads_nowhere(settings: Settings, url: str, words: str, code: int) -> None:
    settings.OLD_DATABASE_URL = url

    error = refused()

    assert str(error).startswith(words)
    assert error.returncode == code


def test_a_database_that_is_no_old_hubs(named: OldHub) -> None:
    named.session.execute("DROP TABLE messages CASCADE")

    error = refused()

    assert "is not an old hub's database: it has no messages.chat_id" in str(error)
    assert error.returncode == 78


def test_this_hubs_own_database(named: OldHub) -> None:
    named.session.execute("ALTER TABLE messages ADD changed_xid bigint")

    assert "a database of this hub" in str(refused())


def test_a_user_who_must_not_read(named: OldHub, settings: Settings) -> None:
    session = named.session
    session.execute("DROP ROLE IF EXISTS only_some")
    session.execute("CREATE ROLE only_some LOGIN")
    session.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO only_some")
    session.execute("GRANT USAGE ON SCHEMA public TO only_some")
    session.execute("REVOKE SELECT ON users, agent_sessions FROM only_some")
    settings.OLD_DATABASE_URL = re.sub("//[^:]+:", "//only_some:", named.url)
    try:
        error = refused()
        session.execute("GRANT SELECT ON users TO only_some")
        said = run()
    finally:
        session.execute("DROP OWNED BY only_some")
        session.execute("DROP ROLE only_some")

    assert str(error).endswith("does not let us read users: there, GRANT SELECT ON users TO this user.")
    assert error.returncode == 78
    assert "agent_sessions (not readable)" in said


@committed
def test_the_old_database_is_only_read(named: OldHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "cvgorod_hub.old_hub.migrating.select_duplicates",
        lambda _shape: "SELECT nextval('messages_id_seq'), 1",
    )

    assert "read-only transaction" in str(refused())


def test_only_one_at_a_time(named: OldHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "PATIENCE_SECONDS", 0)
    own = connection.get_connection_params()
    keys = {key: own[key] for key in ("dbname", "user", "password", "host", "port") if own.get(key)}
    with psycopg.connect(**keys) as other:
        assert other.execute("SELECT pg_try_advisory_lock(%s)", [0x_C7_60_1D]).fetchone() == (True,)

        assert str(refused()) == "Another migration from the old hub is running; wait for its end."


def test_nothing_to_report_yet() -> None:
    assert str(refused(report=True)) == "Nothing has come from the old hub yet."
