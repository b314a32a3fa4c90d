"""Where settings come from, and what the data folder holds."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import ImproperlyConfigured

from cvgorod_hub import environment


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project and a home of their own; what a test loads is taken out of the environment again."""
    monkeypatch.setattr(environment, "BASE_DIR", tmp_path)
    (tmp_path / "data").mkdir()
    with patch.dict(os.environ):
        for name in ("TELEGRAM_BOT_TOKEN", "HUB_API_KEY", "DEEPSEEK_API_KEY", "DJANGO_SECRET_KEY"):
            os.environ.pop(name, None)
        os.environ["SECRETS_PATH"] = str(tmp_path / "secrets")
        os.environ["HUB_DATA_DIR"] = str(tmp_path / "data")
        yield tmp_path


def write_secret(place: Path, name: str, text: str) -> None:
    path = place / "secrets" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_the_process_environment_wins_over_dotenv_and_dotenv_over_secret_files(place: Path) -> None:
    os.environ["HUB_API_KEY"] = "from the process"
    (place / ".env").write_text("HUB_API_KEY=no\nTELEGRAM_BOT_TOKEN=from dotenv\n")
    write_secret(place, "telegram/cvgorod.env", "TELEGRAM_BOT_TOKEN=no\n")
    write_secret(place, "cvgorod/hub_api.env", "HUB_API_KEY=no\n")
    write_secret(place, "cloud/deepseek.env", "export DEEPSEEK_API_KEY='from a secret file'\n")
    environment.load()
    names = ("HUB_API_KEY", "TELEGRAM_BOT_TOKEN", "DEEPSEEK_API_KEY")
    assert [os.environ[name] for name in names] == [
        "from the process",
        "from dotenv",
        "from a secret file",
    ]


def test_a_secret_key_is_made_once_for_its_owner_only(place: Path) -> None:
    environment.ensure_secret_key()
    key = environment.secret_key()
    environment.ensure_secret_key()
    assert environment.secret_key() == key
    assert len(key) >= 50
    assert oct(environment.secret_key_file().stat().st_mode & 0o777) == "0o600"


def test_a_given_secret_key_makes_no_file(place: Path) -> None:
    os.environ["DJANGO_SECRET_KEY"] = "given"
    environment.ensure_secret_key()
    assert environment.secret_key() == "given"
    assert not environment.secret_key_file().exists()


def test_services_are_published_for_the_owner_only_and_withdrawn(place: Path) -> None:
    environment.publish_embedded_services({"database_url": "postgresql://a", "redis_url": "redis://b"})
    assert environment.embedded_services()["redis_url"] == "redis://b"
    assert oct(environment.services_file().stat().st_mode & 0o777) == "0o600"
    environment.withdraw_embedded_services()
    assert environment.embedded_services() == {}


def test_a_data_folder_that_cannot_be_read_is_one_clear_line(place: Path) -> None:
    environment.services_file().mkdir()
    with pytest.raises(ImproperlyConfigured) as refusal:
        environment.embedded_services()
    assert str(refusal.value) == (
        f"{environment.services_file()} cannot be read (Is a directory): "
        "HUB_DATA_DIR must be a folder of this user's."
    )


def test_a_secret_file_that_cannot_be_read_is_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_secret(place, "cloud/deepseek.env", "DEEPSEEK_API_KEY=one\n")
    as_it_is = Path.open

    def refused(path: Path, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401  (root reads every file)
        if path.name == "deepseek.env":
            raise PermissionError
        return as_it_is(path, *arguments, **more)

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(ImproperlyConfigured, match=r"cloud/deepseek\.env cannot be read: it must belong to"):
        environment.load()
