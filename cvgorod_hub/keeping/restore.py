"""A backup into an empty database: checked before, compared after, and held back where it must be."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from cvgorod_hub.keeping import target, tools
from cvgorod_hub.keeping.backup import fingerprint
from cvgorod_hub.keeping.errors import KeepingError, SetupError
from cvgorod_hub.keeping.folder import (
    DUMP,
    MEDIA,
    Manifest,
    check_folder,
    read_hashes,
    refuse_too_small,
)
from cvgorod_hub.keeping.media import copy_files, hash_file
from cvgorod_hub.keeping.progress import step
from cvgorod_hub.keeping.session import for_programs, opened
from cvgorod_hub.keeping.settling import Settled, settle
from cvgorod_hub.keeping.tables import differences, read_contents
from messaging.restored import forget_foreign_transactions

Session = psycopg.Connection[tuple[Any, ...]]

# Indexes are built side by side.
MOST_JOBS = 4
MOST_DIFFERENCES = 5
# From this version on pg_restore begins each session with a setting that an older server does not know, and
# that has no bearing on what is restored there.
TIMEOUT_SINCE = 17
NO_TIMEOUT = 'unrecognized configuration parameter "transaction_timeout"'


@dataclass(frozen=True, kw_only=True)
class PgRestore:
    """`is_too_new`: the server does not know a setting of its own, which is its only error then."""

    path: Path
    is_too_new: bool


@dataclass(frozen=True, kw_only=True)
class Restored:
    """`counts_anew`: transactions are another cluster's, so agents' places in the feed are void."""

    manifest: Manifest
    settled: Settled
    counts_anew: bool
    is_same_key: bool


def restore(folder: Path) -> Restored:
    """Raises KeepingError; once the rows began to come, the database then stays closed to everybody, and the
    next try empties it.
    """
    manifest = Manifest.read(folder)
    hashes = read_hashes(folder)
    with step("checking the backup", total=len(hashes)) as checked:
        check_folder(folder, hashes, checked=checked)
    _refuse_newer(manifest)
    connection.close()  # nobody else is to be in the database, not even our own other half
    with opened(may_write=True) as session:
        target.refuse_unless_free(session, hubs=hub_tables() | manifest.tables.keys())
        _refuse_older_server(session, manifest)
        tool = find_pg_restore(at_least=manifest.dump_version, server_version=_version(session))
        media = {name.removeprefix(f"{MEDIA}/"): digest for name, digest in hashes.items() if "/" in name}
        _refuse_no_room(manifest, media)
        target.close_for_others(session)
        target.empty(session)
        _copy_media(folder / MEDIA, media)
        counts_anew = _fill(session, tool, folder / DUMP, manifest)
        settled = _bring_up_to_date(manifest)
        session.execute("ANALYZE")
        target.open_for_all(session)
    return Restored(
        manifest=manifest,
        settled=settled,
        counts_anew=counts_anew,
        is_same_key=manifest.secret_key == fingerprint(),
    )


def _refuse_newer(manifest: Manifest) -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    known = {f"{app}.{name}" for app, name in loader.disk_migrations}
    if unknown := sorted(set(manifest.migrations) - known):
        raise SetupError(
            f"the backup is of a newer hub (it has {unknown[0]}): install that version, then restore."
        )


def hub_tables() -> set[str]:
    """The tables of this version of the hub."""
    return {"django_migrations", *connection.introspection.django_table_names()}


def _refuse_older_server(session: Session, manifest: Manifest) -> None:
    version = _version(session)
    if version < manifest.server_version:
        raise SetupError(
            f"the backup is of PostgreSQL {manifest.server_version}, and this server is {version}: "
            "restore into one that is not older."
        )


def _version(session: Session) -> int:
    return session.info.server_version // 10_000


def find_pg_restore(*, at_least: int, server_version: int) -> PgRestore:
    path, version = tools.find_tool("pg_restore", at_least=at_least)
    return PgRestore(path=path, is_too_new=version >= TIMEOUT_SINCE > server_version)


def _refuse_no_room(manifest: Manifest, media: dict[str, str]) -> None:
    """Files in their place would be mixed up with those of another hub; what lies there must go first."""
    root = Path(settings.MEDIA_ROOT)
    for name, digest in media.items():
        there = root / name
        if there.exists() and not _is_the_same(there, digest):
            raise SetupError(f"{there} is in the way: choose an empty HUB_DATA_DIR, or move media away.")
    refuse_too_small(root, manifest.media_bytes, "the backup's media")


def _fill(session: Session, tool: PgRestore, dump: Path, manifest: Manifest) -> bool:
    """Rows before indexes and triggers: so they are compared as they come, and counted by no trigger."""
    with step("restoring rows"):
        _pg_restore(tool, dump, "--section=pre-data", "--section=data")
    with step("comparing tables", total=len(manifest.tables)) as counted:
        found = read_contents(session, counted=lambda _name: counted(1))
    if wrong := differences(manifest.tables, found):
        listed = "; ".join(wrong[:MOST_DIFFERENCES])
        raise KeepingError(f"{len(wrong)} tables are not what was backed up: {listed}.")
    counts_anew = forget_foreign_transactions(session)
    with step("building indexes"):
        _pg_restore(tool, dump, "--section=post-data")
    return counts_anew


def _pg_restore(tool: PgRestore, dump: Path, *sections: str) -> None:
    database, password = for_programs(may_write=True)
    jobs = min(MOST_JOBS, os.cpu_count() or 1)
    # What is in the schema, and not the schema, which every database has.
    options = ["--schema=public", "--no-owner", "--no-privileges", "--no-password", f"--jobs={jobs}"]
    if not tool.is_too_new:
        options.append("--exit-on-error")
    arguments = [*options, *sections, f"--dbname={database}", str(dump)]
    tools.run(tool.path, arguments, password, forgiven=NO_TIMEOUT if tool.is_too_new else "")


def _bring_up_to_date(manifest: Manifest) -> Settled:
    """The tables of this version, and what must not go on; through Django's own connection."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('default_transaction_read_only', 'off', false)")
        call_command("migrate", interactive=False, verbosity=0)
        return settle(taken_at=manifest.taken_at, missing=still_missing(manifest))
    finally:
        connection.close()


def still_missing(manifest: Manifest) -> list[str]:
    """What the backup did not have, and nobody has put here by other means (backup --without-files)."""
    root = Path(settings.MEDIA_ROOT)
    return [name for name in manifest.missing if not (root / name).exists()]


def _copy_media(source: Path, media: dict[str, str]) -> None:
    root = Path(settings.MEDIA_ROOT)
    # What a restore that was broken off has put there already.
    names = [name for name in media if not (root / name).exists()]
    with step("copying files", total=sum((source / name).stat().st_size for name in names)) as copied:
        done = copy_files(names, source=source, target=root, copied=copied)
    if wrong := [name for name in names if done.hashes.get(name) != media[name]]:
        raise KeepingError(f"{wrong[0]} changed while it was restored.")


def _is_the_same(path: Path, digest: str) -> bool:
    return path.is_file() and hash_file(path) == digest
