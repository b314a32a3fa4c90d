"""Where settings come from: the process environment, then `.env`, then secret files.

The first place that names a variable wins. Secret files stand below `SECRETS_PATH`
(default `~/.secrets`) under the names that the previous hub used.
"""

import json
import os
import re
import secrets
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypedDict

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_FILES = (
    "telegram/cvgorod.env",
    "cvgorod/hub_api.env",
    "cloud/deepseek.env",
    "cloud/yandex.env",
)


def days(name: str, *, default: int, most: int) -> int:
    """A whole number of days from 0 to `most`."""
    return _count(name, "days", default=default, most=most)


def seconds(name: str, *, default: int, most: int) -> int:
    """A whole number of seconds from 0 to `most`."""
    return _count(name, "seconds", default=default, most=most)


def _count(name: str, unit: str, *, default: int, most: int) -> int:
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) > most:
        raise ImproperlyConfigured(f"{name} is not a number of {unit} from 0 to {most}: {text!r}.")
    return int(text)


def whole_number(name: str, *, default: int, most: int, least: int = 0) -> int:
    """A whole number from `least` to `most`."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    if not re.fullmatch("[0-9]{1,18}", text) or not least <= int(text) <= most:
        raise ImproperlyConfigured(f"{name} is not a whole number from {least} to {most}: {text!r}.")
    return int(text)


def url_path(name: str, *, default: str, taken: Collection[str]) -> str:
    """A path below which pages stand, as `office/door/`; `taken`: first words that mean something else."""
    text = os.environ.get(name, "").strip().strip("/")
    if not text:
        return default
    if not re.fullmatch(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*", text):
        raise ImproperlyConfigured(
            f"{name} is not a path of letters, digits, - and _ (one is office/door/): {text!r}."
        )
    if text.partition("/")[0] in taken:
        raise ImproperlyConfigured(f"{name} must not begin with {', '.join(taken)}: {text!r}.")
    return f"{text}/"


class EmbeddedServices(TypedDict, total=False):
    """What `runhub` writes about the servers that it started: `{"database_url", "redis_url"}`."""

    database_url: str
    redis_url: str


def networks(name: str, *, default: str = "") -> list[IPv4Network | IPv6Network]:
    """Networks as `10.0.0.0/8, fd00::/8`; a single address is a network of one."""
    texts = [text.strip() for text in (os.environ.get(name, "").strip() or default).split(",")]
    try:
        return [ip_network(text) for text in texts if text]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} is not a list of networks (one is 10.0.0.0/8): {error}."
        ) from None


def load() -> None:
    """Fill `os.environ` from `.env` and the secret files; what is already set stays.

    Raises ImproperlyConfigured for a file that is there and cannot be read: without its token or key the
    hub would look as if nobody had set one.
    """
    secrets_path = Path(os.environ.get("SECRETS_PATH") or Path.home() / ".secrets")
    for path in (BASE_DIR / ".env", *(secrets_path / name for name in SECRET_FILES)):
        try:
            lines = path.open(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            continue
        except PermissionError:
            raise ImproperlyConfigured(
                f"{path} cannot be read: it must belong to this user ({os.getuid()})."
            ) from None
        with lines:
            environ.Env.read_env(lines, overwrite=False)


def data_dir() -> Path:
    """The folder of the embedded servers' data, media and logs (`HUB_DATA_DIR`, default `var/`)."""
    return Path(os.environ.get("HUB_DATA_DIR") or BASE_DIR / "var").expanduser().resolve()


def services_file() -> Path:
    """Where a running hub says how its embedded servers are reached."""
    return data_dir() / "services.json"


def embedded_services() -> EmbeddedServices:
    """The embedded servers of the hub that runs on this data folder; empty when none does."""
    services: EmbeddedServices = json.loads(_read(services_file()) or "{}")
    return services


def publish_embedded_services(services: EmbeddedServices) -> None:
    """Let commands in other terminals find the servers; whole or not at all, for its owner only."""
    draft = services_file().with_suffix(".new")
    draft.unlink(missing_ok=True)
    _write_private(draft, json.dumps(services))
    draft.replace(services_file())


def withdraw_embedded_services() -> None:
    services_file().unlink(missing_ok=True)


def secret_key_file() -> Path:
    return data_dir() / "secret_key"


def secret_key() -> str:
    """`DJANGO_SECRET_KEY`, or the key that `runhub` made for this data folder, or nothing."""
    return os.environ.get("DJANGO_SECRET_KEY") or _read(secret_key_file()).strip()


def ensure_secret_key() -> None:
    """Make a key for this data folder, readable by its owner only, unless there is one."""
    if not secret_key():
        secret_key_file().unlink(missing_ok=True)  # empty: whoever made it was killed
        _write_private(secret_key_file(), secrets.token_urlsafe(48))


def admin_password_file() -> Path:
    """Where a demo keeps the login that it shows at every start (preparation.py)."""
    return data_dir() / "admin_password"


def admin_password() -> str:
    return _read(admin_password_file()).strip()


def keep_admin_password(password: str) -> None:
    admin_password_file().unlink(missing_ok=True)
    _write_private(admin_password_file(), password)


def _read(path: Path) -> str:
    """What the file says; nothing when it is not there."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ImproperlyConfigured(
            f"{path} cannot be read ({error.strerror}): HUB_DATA_DIR must be a folder of this user's."
        ) from None


def _write_private(path: Path, text: str) -> None:
    """Make a file that only its owner reads, from its first instant on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
