"""The Russian catalogue: complete, compiled, and of today's strings."""

import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

BASE_DIR = Path(__file__).resolve().parent.parent
FOLDER = BASE_DIR / "cvgorod_hub" / "locale" / "ru" / "LC_MESSAGES"


def entries(catalogue: polib.POFile | polib.MOFile) -> dict[str, object]:
    return {entry.msgid: entry.msgstr or entry.msgstr_plural for entry in catalogue}


def test_every_string_has_a_translation() -> None:
    catalogue = polib.pofile(str(FOLDER / "django.po"))

    assert [entry.msgid for entry in catalogue if not entry.translated()] == []


def test_the_compiled_catalogue_is_the_written_one() -> None:
    written, compiled = polib.pofile(str(FOLDER / "django.po")), polib.mofile(str(FOLDER / "django.mo"))

    assert entries(compiled) == entries(written)


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="needs GNU gettext")
def test_no_string_of_the_code_is_missing_from_the_catalogue(tmp_path: Path) -> None:
    copy = tmp_path / "hub"
    ignored = shutil.ignore_patterns(".venv", ".git", "tests", "var", "static-root", "__pycache__")
    shutil.copytree(BASE_DIR, copy, ignore=ignored)

    subprocess.run(
        [sys.executable, "manage.py", "makemessages", "-l", "ru", "--no-location", "--no-obsolete", "-v0"],
        cwd=copy,
        check=True,
        env={"PATH": "/usr/bin:/bin", "DJANGO_SECRET_KEY": "x", "SECRETS_PATH": "/dev/null",
             "DATABASE_URL": "postgres://127.0.0.1:9/x", "REDIS_URL": "redis://127.0.0.1:9/0"},
    )  # fmt: skip

    collected = polib.pofile(str(copy / FOLDER.relative_to(BASE_DIR) / "django.po"))
    known = {entry.msgid for entry in polib.pofile(str(FOLDER / "django.po"))}
    assert {entry.msgid for entry in collected} - known == set()
