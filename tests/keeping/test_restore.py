"""A backup comes back whole into an empty hub, nothing goes out by itself; what does not fit is refused."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.utils import timezone

from bots.models import TelegramBot
from bots.simulator import SimulatedTelegram
from cvgorod_hub.keeping import restore as restoring
from cvgorod_hub.keeping.folder import MANIFEST
from cvgorod_hub.keeping.settling import NUMBERS_APART
from sandbox.models import PendingResponse
from sandbox.restored import VERSIONS_APART
from tests.bots.test_hub_report import BOT_ID
from tests.cvgorod_hub.running_hub import manage
from tests.e2e.ledger import Ledger
from tests.e2e.processes import Processes, wait_for
from tests.factories import ChatFactory, MessageFactory, ResponseFactory
from tests.keeping.conftest import Reseal
from tests.keeping.databases import all_rows, own_url, query
from tests.keeping.test_backup import recording
from tests.marks import committed

pytestmark = [committed, pytest.mark.e2e]

# What a restore itself writes, and why it may differ from the original (cvgorod_hub/keeping/settling.py).
SETTLED = {
    "pending_responses",
    "pending_response_events",
    "django_session",
    "collection_gaps",
    "telegram_bots",
}


def restore(folder: Path, url: str, data: Path, **more: str) -> "CompletedProcess[str]":
    return manage(
        data,
        "restore",
        str(folder),
        DATABASE_URL=url,
        REDIS_URL=os.environ["REDIS_URL"],
        DJANGO_SECRET_KEY=os.environ["DJANGO_SECRET_KEY"],
        **more,
    )


def hub(url: str, data: Path, *arguments: str, **more: str) -> "CompletedProcess[str]":
    environment = {
        "DATABASE_URL": url,
        "REDIS_URL": os.environ["REDIS_URL"],
        "DJANGO_SECRET_KEY": os.environ["DJANGO_SECRET_KEY"],
        **more,
    }
    return manage(data, *arguments, **environment)


def test_a_restored_hub_is_the_original(
    backup: Callable[[], Path], media: Path, empty_database: str, tmp_path: Path
) -> None:
    call_command("seed_demo", messages=1500, days=30)
    kept = recording(media)
    TelegramBot.objects.create(id=BOT_ID, last_poll_at=timezone.now())
    Session.objects.create(session_key="k" * 32, session_data="", expire_date=timezone.now())
    before = all_rows(own_url())
    folder = backup()
    data = tmp_path / "new"

    done = restore(folder, empty_database, data)

    assert (done.returncode, done.stderr) == (0, "")
    after = all_rows(empty_database)
    assert after.keys() == before.keys()
    assert {name for name in before if after[name] != before[name]} == SETTLED
    assert {name: len(after[name]) for name in SETTLED - {"pending_response_events", "django_session"}} == {
        "pending_responses": len(before["pending_responses"]),
        "collection_gaps": 1,
        "telegram_bots": len(before["telegram_bots"]),
    }
    assert after["django_session"] == []
    assert (data / "media" / kept.file.name).read_bytes() == b"OggS"
    assert hub(empty_database, data, "rebuild_statistics", "--check").returncode == 0
    held = "SELECT status, count(*) FROM pending_responses GROUP BY 1"
    states, restored = dict(query(own_url(), held)), dict(query(empty_database, held))
    moved = states.pop("approved", 0) + states.pop("sending", 0)
    assert moved > 0
    assert restored == {**states, "unknown": states.get("unknown", 0) + moved}


def test_rows_go_on_with_numbers_that_nobody_was_given_before(
    backup: Callable[[], Path], empty_database: str, tmp_path: Path
) -> None:
    message, reply = MessageFactory(), ResponseFactory()

    assert restore(backup(), empty_database, tmp_path / "new").returncode == 0

    given = (
        "SELECT nextval(pg_get_serial_sequence('messages', 'id')), "
        "nextval(pg_get_serial_sequence('pending_responses', 'id'))"
    )
    [(next_message, next_reply)] = query(empty_database, given)
    assert (next_message, next_reply) == (message.pk + NUMBERS_APART + 1, reply.pk + NUMBERS_APART + 1)


def test_what_is_written_meanwhile_is_there_whole_or_not_at_all(
    processes: Processes,
    telegram: SimulatedTelegram,
    backup: Callable[[], Path],
    empty_database: str,
    tmp_path: Path,
) -> None:
    ledger = Ledger(telegram, own_url())
    processes.manage("collect_telegram")
    with ledger.talk():
        wait_for(lambda: ledger.stored_count() > 50)
        folder = backup()
        at_the_end = ledger.stored_count()

    assert restore(folder, empty_database, tmp_path / "new").returncode == 0

    numbers = [
        row[0] for row in query(empty_database, "SELECT update_id FROM raw_updates ORDER BY update_id")
    ]
    assert 50 < len(numbers) <= at_the_end
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    # What was stored and not yet read at that moment is read by the restored hub.
    replayed = "from bots.updates import parse_all_waiting_updates as read; read()"
    assert hub(empty_database, tmp_path / "new", "shell", "--no-imports", "-c", replayed).returncode == 0
    assert query(empty_database, "SELECT DISTINCT parse_state FROM raw_updates") == [("parsed",)]
    messages = query(empty_database, "SELECT count(*) FROM messages")
    news = "SELECT count(*) FROM raw_updates WHERE kind = 'message'"
    assert messages == query(empty_database, news)
    assert hub(empty_database, tmp_path / "new", "rebuild_statistics", "--check").returncode == 0


def test_what_went_out_after_the_backup_does_not_go_out_again(
    processes: Processes,
    telegram: SimulatedTelegram,
    backup: Callable[[], Path],
    empty_database: str,
    tmp_path: Path,
) -> None:
    chat = ChatFactory()
    telegram.add_chat(chat.pk, title=chat.name)
    now = timezone.now()
    for text, status in (("Одобрен.", "approved"), ("Ждёт.", "pending")):
        ResponseFactory(chat=chat, status=status, approved_at=now, response_text=text)
    folder = backup()
    processes.worker()
    processes.beat()
    wait_for(lambda: PendingResponse.objects.filter(status="sent").exists())
    processes.close()

    done = restore(folder, empty_database, tmp_path / "new")
    processes.environment["DATABASE_URL"] = empty_database
    rows = query(
        empty_database, "SELECT status, version, last_error <> '' FROM pending_responses ORDER BY id"
    )
    assert rows == [("unknown", 1, True), ("pending", 1 + VERSIONS_APART, True)]
    assert "1 replies that were approved then may have been sent since" in done.stdout
    with psycopg.connect(empty_database) as session:  # a person approves the other one
        session.execute("UPDATE pending_responses SET status = 'approved' WHERE status = 'pending'")
    processes.worker()
    processes.beat()
    wait_for(lambda: query(empty_database, "SELECT 1 FROM pending_responses WHERE status = 'sent'"))

    assert [sent.text for sent in telegram.sent_messages] == ["Одобрен.", "Ждёт."]


def test_a_pooler_is_passed_by(empty_database: str, tmp_path: Path) -> None:
    """Nobody listens where DATABASE_URL leads: nothing of either may go through it."""
    MessageFactory.create_batch(3)
    nobody, pooled = "postgres://127.0.0.1:9/hub", {"DATABASE_POOLER": "transaction"}
    first, data = tmp_path / "first", tmp_path / "new"

    backed_up = hub(nobody, data, "backup", str(first), DATABASE_DIRECT_URL=own_url(), **pooled)
    done = restore(first, nobody, data, DATABASE_DIRECT_URL=empty_database, **pooled)

    assert (backed_up.returncode, backed_up.stderr) == (0, "")
    assert (done.returncode, done.stderr) == (0, "")
    assert query(empty_database, "SELECT count(*) FROM messages") == [(3,)]


def test_a_restore_that_fails_closes_the_hub_until_the_next_one(
    backup: Callable[[], Path], empty_database: str, tmp_path: Path, reseal: Reseal
) -> None:
    MessageFactory.create_batch(3)
    folder = backup()
    good = (folder / MANIFEST).read_text(encoding="utf-8")
    manifest = json.loads(good)
    manifest["tables"]["messages"]["hash"] = "1"
    (folder / MANIFEST).write_text(json.dumps(manifest))
    reseal(folder)

    failed = restore(folder, empty_database, tmp_path / "new")

    assert failed.returncode == 1
    assert "1 tables are not what was backed up: messages: 3 rows (1) in the backup" in failed.stderr
    with psycopg.connect(empty_database) as session, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        session.execute("UPDATE chats SET name = ''")
    (folder / MANIFEST).write_text(good)
    reseal(folder)
    assert restore(folder, empty_database, tmp_path / "new").returncode == 0
    assert query(empty_database, "SELECT count(*) FROM messages") == [(3,)]
    with psycopg.connect(empty_database) as session:
        session.execute("UPDATE chats SET name = ''")


def test_the_embedded_servers_are_backed_up_and_restored_while_no_hub_runs(
    backup: Callable[[], Path], media: Path, folder: Path, tmp_path: Path
) -> None:
    MessageFactory.create_batch(3)
    kept = recording(media)
    first = backup()

    done = manage(folder / "data", "restore", str(first))
    again = manage(folder / "data", "backup", str(tmp_path / "again"))

    assert (done.returncode, done.stderr) == (0, "")
    assert "Agents that poll GET /messages?after= are told to begin anew" in done.stdout
    assert "DJANGO_SECRET_KEY is another one than then" in done.stdout
    assert "No list of erased people was found" in done.stdout
    assert (again.returncode, again.stderr) == (0, "")
    tables = [json.loads((each / MANIFEST).read_text())["tables"] for each in (first, tmp_path / "again")]
    assert tables[1]["users"] == tables[0]["users"]
    assert tables[1]["recordings"] == tables[0]["recordings"]
    assert (tmp_path / "again/media" / kept.file.name).read_bytes() == b"OggS"


@pytest.fixture
def refused(backup: Callable[[], Path]) -> Callable[[Path], tuple[str, int]]:
    """The one line that a restore into the test's own database ends with, and its exit code."""

    def refuse(folder: Path) -> tuple[str, int]:
        before = all_rows(own_url())
        with pytest.raises(CommandError) as raised:
            call_command("restore", folder)
        assert all_rows(own_url()) == before
        return str(raised.value), raised.value.returncode

    return refuse


def test_a_hub_in_use_is_left_alone(backup: Callable[[], Path], empty_database: str, tmp_path: Path) -> None:
    MessageFactory()
    folder = backup()
    assert restore(folder, empty_database, tmp_path / "new").returncode == 0
    before = all_rows(empty_database)

    again = restore(folder, empty_database, tmp_path / "newer")

    assert "this database is in use: messages holds rows." in again.stderr
    assert again.returncode == os.EX_CONFIG
    assert all_rows(empty_database) == before


def test_a_hub_that_runs_is_left_alone(
    backup: Callable[[], Path], refused: Callable[[Path], tuple[str, int]]
) -> None:
    folder = backup()
    with psycopg.connect(own_url(), application_name="another"):
        sentence, code = refused(folder)

    assert sentence.endswith("stop web, worker, beat and collector first.")
    assert code == os.EX_CONFIG


def test_a_damaged_backup_is_refused(
    backup: Callable[[], Path], refused: Callable[[Path], tuple[str, int]]
) -> None:
    folder = backup()
    dump = folder / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-1] + b"?")

    assert refused(folder) == (
        f"{folder} is damaged: database.dump missing, or not what was backed up.",
        1,
    )


def test_a_backup_of_a_newer_hub_is_refused(
    backup: Callable[[], Path], refused: Callable[[Path], tuple[str, int]], reseal: Reseal
) -> None:
    folder = backup()
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["migrations"].append("messaging.9999_of_tomorrow")
    (folder / MANIFEST).write_text(json.dumps(manifest))
    reseal(folder)

    sentence, code = refused(folder)

    assert sentence.startswith("the backup is of a newer hub (it has messaging.9999_of_tomorrow)")
    assert code == os.EX_CONFIG


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda _manifest: "{", "is not a backup: its manifest.json cannot be read."),
        (lambda manifest: json.dumps({**manifest, "format": 2}), "update the hub first."),
        (lambda manifest: json.dumps({**manifest, "tables": 1}), "was changed or cut: it cannot be read."),
    ],
    ids=["cut", "of another shape", "changed"],
)
def test_what_is_no_backup_is_said(
    backup: Callable[[], Path],
    refused: Callable[[Path], tuple[str, int]],
    change: Callable[[dict[str, object]], str],
    part: str,
) -> None:
    folder = backup()
    (folder / MANIFEST).write_text(change(json.loads((folder / MANIFEST).read_text())))

    assert part in refused(folder)[0]


def test_a_name_that_leads_out_of_the_folder_is_refused(
    backup: Callable[[], Path], refused: Callable[[Path], tuple[str, int]], tmp_path: Path
) -> None:
    folder = backup()
    (tmp_path / "outside").write_text("not yours")
    with (folder / "SHA256SUMS").open("a") as hashes:
        hashes.write(f"{'0' * 64}  ../../outside\n")

    assert "does not lie in the folder" in refused(folder)[0]


@pytest.mark.parametrize(
    ("tool", "server", "is_too_new"), [(16, 15, False), (18, 16, True), (17, 17, False), (18, 17, False)]
)
def test_a_setting_that_an_older_server_does_not_know_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, tool: int, server: int, is_too_new: bool
) -> None:
    monkeypatch.setattr(restoring.tools, "find_tool", lambda _name, **_least: (Path("pg_restore"), tool))

    found = restoring.find_pg_restore(at_least=tool, server_version=server)

    assert (found.path, found.is_too_new) == (Path("pg_restore"), is_too_new)


def test_an_older_server_is_refused(
    backup: Callable[[], Path], empty_database: str, reseal: Reseal, tmp_path: Path
) -> None:
    folder = backup()
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, "server_version": 99}))
    reseal(folder)

    refusal = restore(folder, empty_database, tmp_path / "new")

    assert "the backup is of PostgreSQL 99, and this server is" in refusal.stderr
    assert refusal.returncode == os.EX_CONFIG
