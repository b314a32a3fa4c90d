"""Words that only one person has ever said, and where in the database or on the disk they stand."""

from pathlib import Path

from django.conf import settings
from django.db import connection

# A word that loses a letter, as search keeps it, still has one of its halves.
RUSSIAN, LATIN, NUMBER = "Абырвалгпыщбульк", "Quuxelbargfrobnitz", "79990001122"
HALVES = ("абырвалг", "пыщбульк", "quuxelba", "frobnitz", NUMBER)


def words(about: str = "") -> str:
    """A sentence of the person's."""
    return f"{RUSSIAN} {about} {LATIN}".strip()


def marked_tables() -> dict[str, list[str]]:
    """Rows of all tables, as text, that hold a half of these words."""
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f'SELECT said FROM (SELECT whole::text AS said FROM "{table}" AS whole) AS rows '  # noqa: S608
                "WHERE lower(said) LIKE ANY (%s)",
                [[f"%{half}%" for half in HALVES]],
            )
            if rows := [said for (said,) in cursor.fetchall()]:
                found[table] = rows
    return found


def marked_files() -> list[Path]:
    """Files of media, by their names and their bytes."""
    halves = [half.encode() for half in HALVES]
    files = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    return [path for path in files if any(half in path.name.encode() + path.read_bytes() for half in halves)]
