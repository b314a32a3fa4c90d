from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from django.core.management import call_command
from pytest_django import Settings

from cvgorod_hub.keeping.folder import HASHES, write_hashes
from cvgorod_hub.keeping.media import hash_file
from tests.cvgorod_hub.conftest import folder
from tests.e2e.fixtures import processes, telegram
from tests.keeping.databases import another_database

__all__ = ["folder", "processes", "telegram"]

Reseal: TypeAlias = Callable[[Path], None]


@pytest.fixture
def media(tmp_path: Path, settings: Settings) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()
    return settings.MEDIA_ROOT


@pytest.fixture
def backup(tmp_path: Path, media: Path) -> Callable[[], Path]:
    """Back up the test's database and its media; returns the folder."""

    def back_up() -> Path:
        folder = tmp_path / "backups" / "today"
        call_command("backup", folder)
        return folder

    return back_up


@pytest.fixture
def empty_database() -> Iterator[str]:
    with another_database() as url:
        yield url


@pytest.fixture
def reseal() -> Reseal:
    """Somebody changes a backup and writes its hashes anew."""

    def seal(folder: Path) -> None:
        names = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
        (folder / HASHES).unlink()
        write_hashes(folder, {str(name): hash_file(folder / name) for name in names if name.name != HASHES})

    return seal
