"""A whole backup while the hub works: everything as of one snapshot of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils.crypto import salted_hmac
from psycopg import sql

from cvgorod_hub.keeping import tools
from cvgorod_hub.keeping.errors import KeepingError, SetupError
from cvgorod_hub.keeping.folder import (
    DUMP,
    MANIFEST,
    MEDIA,
    Manifest,
    becoming,
    refuse_too_small,
    sync_names,
    write_hashes,
    write_private,
)
from cvgorod_hub.keeping.media import Copied, copy_files, hash_file, named_files
from cvgorod_hub.keeping.progress import step
from cvgorod_hub.keeping.session import for_programs, opened
from cvgorod_hub.keeping.tables import Session, read_contents, table_names

# A migration, or whoever else holds a table, is waited for so long and no longer.
LOCK_WAIT = "60s"


@dataclass(frozen=True, kw_only=True)
class _Snapshot:
    """What one moment of the database shows; other sessions see it by its `name`."""

    name: str
    taken_at: datetime
    server_version: int
    database_bytes: int
    table_bytes: int
    migrations: list[str]
    files: dict[str, int]


def back_up(folder: Path, *, needs_files: bool = True) -> Manifest:
    """Write a backup to a folder that is not there yet; raises KeepingError.

    `needs_files`: not where rows name files and not one of them is at hand.
    """
    with becoming(folder) as unfinished, opened() as session, _one_moment(session):
        snapshot = _look(session)
        if needs_files:
            _refuse_another_media_root(snapshot)
        media_bytes = sum(snapshot.files.values())
        # Compressed, rows take a half at the most.
        refuse_too_small(unfinished, snapshot.table_bytes // 2 + media_bytes, "the backup")
        tool, version = tools.find_tool("pg_dump", at_least=snapshot.server_version)
        target, password = for_programs()
        with tools.started(tool, _dump_arguments(snapshot, unfinished / DUMP, target), password):
            # The files first: what retention deletes later than this is in the backup.
            copied = _copy_media(snapshot, unfinished / MEDIA)
            with step("hashing tables") as counted:
                contents = read_contents(session, counted=lambda _name: counted(1))
        manifest = Manifest(
            taken_at=snapshot.taken_at,
            server_version=snapshot.server_version,
            dump_version=version,
            database_bytes=snapshot.database_bytes,
            media_bytes=copied.bytes,
            secret_key=fingerprint(),
            migrations=snapshot.migrations,
            tables=contents,
            missing=copied.missing,
        )
        _seal(unfinished, manifest, copied)
    return manifest


def fingerprint() -> str:
    """Of DJANGO_SECRET_KEY: says whether two are the same, and nothing else."""
    return salted_hmac("cvgorod_hub.keeping", "fingerprint", algorithm="sha256").hexdigest()[:16]


@contextmanager
def _one_moment(session: Session) -> Iterator[None]:
    """A transaction that goes on seeing what its first query sees, while nobody rewrites a table.

    To a snapshot from before, a table that a migration rewrites is empty: pg_dump would dump it so, and what
    is read of it here would agree. So they are locked before that first query, and not by pg_dump after it.
    """
    names = table_names(session)
    with session.transaction():
        session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        session.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
        if names:
            tables = sql.SQL(", ").join(sql.Identifier("public", name) for name in names)
            session.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(tables))
        yield


def _refuse_another_media_root(snapshot: _Snapshot) -> None:
    """Without its volume, or with another HUB_DATA_DIR, a hub would seem to have lost all of its files."""
    root = Path(settings.MEDIA_ROOT)
    if snapshot.files and not any((root / name).exists() for name in snapshot.files):
        raise SetupError(
            f"none of the {len(snapshot.files)} files that the database names is in {root}: run this where "
            "the hub's files are (HUB_DATA_DIR), or add --without-files."
        )


def _look(session: Session) -> _Snapshot:
    # The first query, so the snapshot is of its moment; the transaction may have waited for its locks before.
    first = session.execute("SELECT to_regclass('django_migrations'), statement_timestamp()").fetchone()
    migrations, taken_at = first or (None, None)
    if migrations is None or taken_at is None:
        raise KeepingError("there is no hub in this database, so nothing to back up.")
    row = session.execute(
        """
        SELECT pg_export_snapshot(), current_setting('server_version_num')::int / 10000,
               pg_database_size(current_database()),
               (SELECT COALESCE(sum(pg_table_size(oid)), 0)::bigint FROM pg_class
                 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace),
               (SELECT array_agg(app || '.' || name ORDER BY app, name) FROM django_migrations)
        """
    ).fetchone()
    assert row is not None  # noqa: S101  (a SELECT of constants has one row)
    name, server_version, database_bytes, table_bytes, applied = row
    return _Snapshot(
        name=name,
        taken_at=taken_at,
        server_version=server_version,
        database_bytes=database_bytes,
        table_bytes=table_bytes,
        migrations=applied,
        files=named_files(session),
    )


def _dump_arguments(snapshot: _Snapshot, file: Path, target: str) -> list[str]:
    # pg_dump would make it readable by whoever may read the folder, and later the folder may be moved.
    file.touch(mode=0o600)
    return [
        "--format=custom",
        "--schema=public",
        "--compress=3",
        "--no-owner",
        "--no-privileges",
        "--no-password",
        f"--lock-wait-timeout={LOCK_WAIT}",
        f"--snapshot={snapshot.name}",
        f"--file={file}",
        f"--dbname={target}",
    ]


def _copy_media(snapshot: _Snapshot, target: Path) -> Copied:
    target.mkdir(mode=0o700)
    with step("copying files", total=sum(snapshot.files.values())) as copied:
        return copy_files(snapshot.files, source=Path(settings.MEDIA_ROOT), target=target, copied=copied)


def _seal(folder: Path, manifest: Manifest, copied: Copied) -> None:
    """The manifest, and last of all the hashes of everything; then all names are on the disk, too."""
    write_private(folder / MANIFEST, manifest.as_json())
    hashes = {name: hash_file(folder / name) for name in (MANIFEST, DUMP)}
    write_hashes(folder, hashes | {f"{MEDIA}/{name}": digest for name, digest in copied.hashes.items()})
    for below in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        sync_names(below)
