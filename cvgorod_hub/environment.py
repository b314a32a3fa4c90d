"""Where settings come from: the process environment, then `.env`, then secret files.

The first place that names a variable wins. Secret files stand below `SECRETS_PATH`
(default `~/.secrets`) under the names that the previous hub used.
"""

import json
import os
import secrets
from pathlib import Path
from typing import TypedDict

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_FILES = (
    "telegram/cvgorod.env",
    "cvgorod/hub_api.env",
    "cloud/deepseek.env",
    "cloud/yandex.env",
)


class EmbeddedServices(TypedDict, total=False):
    """What `runhub` writes about the servers that it started: `{"database_url", "redis_url"}`."""

    database_url: str
    redis_url: str


def load() -> None:
    """Fill `os.environ` from `.env` and the secret files; what is already set stays."""
    secrets_path = Path(os.environ.get("SECRETS_PATH") or Path.home() / ".secrets")
    for path in (BASE_DIR / ".env", *(secrets_path / name for name in SECRET_FILES)):
        if path.is_file():
            environ.Env.read_env(path, overwrite=False)


def data_dir() -> Path:
    """The folder of the embedded servers' data, media and logs (`HUB_DATA_DIR`, default `var/`)."""
    return Path(os.environ.get("HUB_DATA_DIR") or BASE_DIR / "var").expanduser().resolve()


def services_file() -> Path:
    """Where a running hub says how its embedded servers are reached."""
    return data_dir() / "services.json"


def embedded_services() -> EmbeddedServices:
    """The embedded servers of the hub that runs on this data folder; empty when none does."""
    try:
        services: EmbeddedServices = json.loads(services_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return services


def secret_key_file() -> Path:
    return data_dir() / "secret_key"


def secret_key() -> str:
    """`DJANGO_SECRET_KEY`, or the key that `runhub` made for this data folder, or nothing."""
    if key := os.environ.get("DJANGO_SECRET_KEY"):
        return key
    try:
        return secret_key_file().read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def ensure_secret_key() -> None:
    """Make a key for this data folder, readable by its owner only, unless there is one."""
    if secret_key():
        return
    path = secret_key_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
