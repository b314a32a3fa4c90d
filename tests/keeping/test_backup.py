"""What a backup is on the disk, and why none is made."""

import os
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from django.core.management import CommandError, call_command
from psycopg import sql
from pytest_django import Settings

from cvgorod_hub.keeping import folder as folders
from cvgorod_hub.keeping import tools
from cvgorod_hub.keeping.backup import back_up, fingerprint
from cvgorod_hub.keeping.errors import KeepingError, SetupError
from cvgorod_hub.keeping.folder import Manifest
from cvgorod_hub.keeping.session import opened
from messaging.models import Recording
from tests.cvgorod_hub.running_hub import ROOT, clean_environment
from tests.e2e.forking import ForkedProcess
from tests.e2e.processes import wait_for
from tests.factories import MessageFactory
from tests.keeping.databases import all_rows, own_url, query
from tests.marks import committed

pytestmark = committed


def recording(media: Path, *, content: bytes | None = b"OggS") -> Recording:
    message = MessageFactory(message_type="voice")
    name = f"voice/1/{message.pk}.ogg"
    if content is not None:
        (media / name).parent.mkdir(parents=True, exist_ok=True)
        (media / name).write_bytes(content)
    made: Recording = Recording.objects.create(
        message=message, bot_id=1, file_id="f", queued_at=message.timestamp, file=name, size=4
    )
    return made


def refusal(folder: Path) -> tuple[str, int]:
    with pytest.raises(CommandError) as raised:
        call_command("backup", folder)
    return str(raised.value), raised.value.returncode


def test_it_holds_every_row_and_every_named_file_for_its_owner_only(
    backup: Callable[[], Path], media: Path
) -> None:
    kept, lost = recording(media), recording(media, content=None)
    (media / "voice/1/nobody-names-it.ogg").write_bytes(b"left over")

    folder = backup()

    manifest = Manifest.read(folder)
    rows = {name: len(lines) for name, lines in all_rows(own_url()).items()}
    assert {name: content.rows for name, content in manifest.tables.items()} == rows
    assert (folder / "media" / kept.file.name).read_bytes() == b"OggS"
    assert manifest.missing == [lost.file.name]
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert files == ["SHA256SUMS", "database.dump", "manifest.json", f"media/{kept.file.name}"]
    modes = {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (folder, folder / "media")} == {0o700}
    assert [path.name for path in folder.parent.iterdir()] == ["today"]


def test_its_hashes_are_those_that_sha256sum_knows(backup: Callable[[], Path], media: Path) -> None:
    recording(media)

    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=backup(), check=False
    )

    assert checked.returncode == 0


def test_no_secret_is_in_it(backup: Callable[[], Path], settings: Settings) -> None:
    settings.TELEGRAM_BOT_TOKEN = "77:planted-token-of-the-bot"
    MessageFactory(text="Слово, которое видно")
    folder = backup()

    # The dump is compressed: nothing could be found in it as it lies there.
    tool, _version = tools.find_tool("pg_restore", at_least=Manifest.read(folder).dump_version)
    dump = subprocess.run([tool, "--file=-", folder / "database.dump"], capture_output=True, check=True)
    files = [
        path.read_bytes() for path in folder.rglob("*") if path.name != "database.dump" and path.is_file()
    ]
    everything = b"".join([dump.stdout, *files])
    assert "Слово, которое видно".encode() in everything
    for secret in (os.environ["DJANGO_SECRET_KEY"], settings.TELEGRAM_BOT_TOKEN):
        assert secret.encode() not in everything
    assert Manifest.read(folder).secret_key == fingerprint()


def test_it_says_what_must_be_kept_apart(tmp_path: Path, media: Path) -> None:
    out = StringIO()
    call_command("backup", tmp_path / "one", stdout=out)

    assert "Backed up 0 messages" in out.getvalue()
    assert "Keep apart from it, in another place: DJANGO_SECRET_KEY" in out.getvalue()


def test_nothing_is_overwritten(backup: Callable[[], Path]) -> None:
    folder = backup()
    before = sorted(path.stat().st_mtime_ns for path in folder.rglob("*"))

    assert refusal(folder) == (f"{folder} is there already; a backup never overwrites anything.", 1)
    assert sorted(path.stat().st_mtime_ns for path in folder.rglob("*")) == before


def test_what_another_one_left_is_not_taken_for_its_own(tmp_path: Path, media: Path) -> None:
    (tmp_path / "one.unfinished").mkdir()

    sentence, _code = refusal(tmp_path / "one")

    assert sentence.startswith(f"{tmp_path / 'one.unfinished'} is there: another backup is at work")
    assert (tmp_path / "one.unfinished").is_dir()


def test_a_full_disk_is_noticed_before(tmp_path: Path, media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders.shutil, "disk_usage", lambda _path: SimpleNamespace(free=1000))

    sentence, code = refusal(tmp_path / "one")

    assert "the backup needs about" in sentence
    assert sentence.endswith("has 1.0 KB left.")
    assert code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["media"]


def test_a_disk_that_fills_meanwhile_leaves_nothing_behind(tmp_path: Path, media: Path) -> None:
    """A limit on the size of files stands for the end of the disk: it needs no root."""
    MessageFactory(text="Розы? " * 600)
    script = 'ulimit -f 8; exec "$0" manage.py backup "$1" --settings tests.settings'
    environment = {**os.environ, "DATABASE_URL": own_url()}

    done = subprocess.run(
        ["bash", "-c", script, os.sys.executable, str(tmp_path / "one")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    [line] = done.stderr.strip().splitlines()
    assert "pg_dump" in line
    assert [path.name for path in tmp_path.iterdir()] == ["media"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, media: Path) -> None:
    kept = recording(media)
    (media / kept.file.name).unlink()
    (media / kept.file.name).mkdir()

    sentence, code = refusal(tmp_path / "one")

    assert sentence == f"{media / kept.file.name}: Is a directory. No backup was made."
    assert code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["media"]


def test_a_hub_without_its_files_is_not_taken_for_one_that_lost_them(tmp_path: Path, media: Path) -> None:
    """A container without its volume, another HUB_DATA_DIR."""
    lost = recording(media, content=None)

    sentence, code = refusal(tmp_path / "one")

    assert sentence.startswith(f"none of the 1 files that the database names is in {media}")
    assert code == os.EX_CONFIG
    assert [path.name for path in tmp_path.iterdir()] == ["media"]
    call_command("backup", tmp_path / "one", without_files=True)
    assert Manifest.read(tmp_path / "one").missing == [lost.file.name]


def test_it_is_of_the_moment_of_its_snapshot_however_long_it_waited(tmp_path: Path, media: Path) -> None:
    """What was stored while it waited for a table is in it, and no gap is to tell of it."""
    with psycopg.connect(own_url()) as session, ThreadPoolExecutor(1) as pool:
        session.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        made = pool.submit(back_up, tmp_path / "one")
        wait_for(lambda: query(own_url(), AWAITED))
        [(begun,)] = query(own_url(), "SELECT clock_timestamp()")
        session.rollback()
        assert made.result().taken_at > begun


def test_no_migration_empties_a_table_between_its_snapshot_and_pg_dump(
    tmp_path: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that is rewritten is empty to older snapshots: dump and hashes would agree on nothing."""
    MessageFactory()
    refused = []

    def rewrite_before(tool: str, *, at_least: int) -> tuple[Path, int]:
        with psycopg.connect(own_url(), autocommit=True) as session:
            session.execute("SET lock_timeout = '100ms'")
            try:
                session.execute("ALTER TABLE users ALTER username TYPE text USING username || ''")
            except psycopg.errors.LockNotAvailable as error:
                refused.append(error)
        return find(tool, at_least=at_least)

    find = tools.find_tool
    monkeypatch.setattr(tools, "find_tool", rewrite_before)

    assert back_up(tmp_path / "one").tables["users"].rows > 0
    assert len(refused) == 1


AWAITED = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass"


def test_one_that_is_told_to_end_leaves_nothing_behind(tmp_path: Path, media: Path) -> None:
    environment = clean_environment(
        tmp_path / "data",
        DATABASE_URL=own_url(),
        REDIS_URL=os.environ["REDIS_URL"],
        DJANGO_SECRET_KEY="x" * 50,
    )
    command = ["manage.py", "backup", str(tmp_path / "one")]
    with psycopg.connect(own_url()) as session:
        session.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        process = ForkedProcess(command, cwd=ROOT, environment=environment, log=tmp_path / "log")
        wait_for(lambda: query(own_url(), AWAITED))
        process.send_signal(signal.SIGTERM)

        assert process.wait(20) == 128 + signal.SIGTERM

    assert sorted(path.name for path in tmp_path.iterdir() if "one" in path.name) == []


def test_no_timeout_of_the_server_ends_a_long_one() -> None:
    """A role may be given timeouts; copying gigabytes of files takes longer."""
    names = ["idle_in_transaction_session_timeout", "idle_session_timeout", "statement_timeout"]
    with opened() as usual, psycopg.connect(own_url(), autocommit=True) as session:
        database = sql.Identifier(usual.info.dbname)
        try:
            for name in names:
                alter = sql.SQL("ALTER DATABASE {} SET {} = '1h'").format(database, sql.Identifier(name))
                session.execute(alter)
            with opened() as unbounded:
                found = unbounded.execute("SELECT setting FROM pg_settings WHERE name = ANY (%s)", [names])
                assert found.fetchall() == [("0",)] * len(names)
        finally:
            for name in names:
                reset = sql.SQL("ALTER DATABASE {} RESET {}").format(database, sql.Identifier(name))
                session.execute(reset)


def test_one_that_ends_does_not_take_away_another_that_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the same name: the first takes it, and what is unfinished then is the second's."""
    rename = Path.rename

    def then_another_begins(path: Path, target: Path) -> Path:
        done = rename(path, target)
        path.mkdir()
        return done

    monkeypatch.setattr(Path, "rename", then_another_begins)

    with folders.becoming(tmp_path / "one") as unfinished:
        (unfinished / "file").touch()

    assert (tmp_path / "one/file").exists()
    assert unfinished.is_dir()


def test_tools_that_are_too_old_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "_version", lambda _path: 14)

    with pytest.raises(SetupError, match=r"pg_dump of PostgreSQL 18 or newer is needed \(here: 14"):
        tools.find_tool("pg_dump", at_least=18)


def test_the_oldest_tool_that_will_do_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    versions = {tmp_path / str(version): version for version in (18, 15, 17)}
    monkeypatch.setattr(tools, "_candidates", lambda _name: iter(versions))
    monkeypatch.setattr(tools, "_version", versions.__getitem__)

    assert tools.find_tool("pg_dump", at_least=16) == (tmp_path / "17", 17)


def test_a_program_that_fails_is_told_by_its_own_words(tmp_path: Path) -> None:
    tool = tmp_path / "pg_dump"
    tool.write_text("#!/bin/sh\necho 'pg_dump: error: no such thing' >&2\necho 'more' >&2\nexit 1\n")
    tool.chmod(0o755)

    with pytest.raises(KeepingError, match=r"^pg_dump failed: no such thing$"):
        tools.run(tool, [], {})


FAILED = "echo 'pg_restore: error: could not execute query: ERROR:  "
NO_TIMEOUT = f"{FAILED}no such setting' >&2\necho 'Command was: SET setting = 0;' >&2\n"


@pytest.mark.parametrize(
    ("says", "refusal"),
    [
        (f"{NO_TIMEOUT}{NO_TIMEOUT}exit 1", None),
        (f"{NO_TIMEOUT}exit 2", "no such setting"),
        ("exit 1", "without a word"),
        (f"{NO_TIMEOUT}{FAILED}no such table' >&2\nexit 1", "no such setting"),
        (f"{NO_TIMEOUT}echo 'pg_restore: error: out of memory' >&2; exit 1", "no such setting"),
        (f"{NO_TIMEOUT}kill -9 $$", "no such setting"),
    ],
)
def test_a_harmless_error_is_forgiven_where_it_is_the_only_one(
    tmp_path: Path, says: str, refusal: str | None
) -> None:
    """pg_restore of PostgreSQL 17 and newer, into an older server."""
    tool = tmp_path / "pg_restore"
    tool.write_text(f"#!/bin/sh\n{says}\n")
    tool.chmod(0o755)

    with pytest.raises(KeepingError, match=refusal) if refusal else nullcontext():
        tools.run(tool, [], {}, forgiven="no such setting")


def test_a_database_without_a_hub_has_nothing_to_back_up(
    empty_database: str, tmp_path: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = empty_database.split("/")[3].split("?")[0]
    there = SimpleNamespace(get_connection_params=lambda: {"dbname": name, **_server(empty_database)})
    monkeypatch.setattr("cvgorod_hub.keeping.session.session_connection", lambda: there)

    with pytest.raises(KeepingError, match="there is no hub in this database"):
        back_up(tmp_path / "one")


def _server(url: str) -> dict[str, str]:
    from urllib.parse import parse_qs, urlsplit

    return {"user": "postgres", "host": parse_qs(urlsplit(url).query)["host"][0]}
