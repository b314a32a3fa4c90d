"""People who log in, and the codes that their phones show."""

import time
from typing import Any

import pyotp
import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from cvgorod_hub.staff.models import Authenticator
from cvgorod_hub.staff.two_step.secrets import totp_of
from cvgorod_hub.staff.two_step.turning import prepare, turn_on

LOGIN, CODE, TWO_STEP = "/admin/login/", "/admin/login/code/", "/admin/two-step/"
PASSWORD, WRONG = "plainly-invented-1", "plainly-invented-2"
HOME = "198.51.100.7"
JOURNAL = "cvgorod_hub.staff.login.journal"


def member(name: str = "anna", group: str = "Менеджеры") -> User:
    account = User.objects.create_user(name, password=PASSWORD, is_staff=True)
    account.groups.add(Group.objects.get(name=group))
    return account


def with_app(account: User) -> tuple[pyotp.TOTP, list[str]]:
    """The account logs in by two steps; its app, and its backup codes."""
    authenticator = prepare(account)
    codes = turn_on(authenticator, session_key=None)
    return totp_of(authenticator), codes


def app_shown(client: Client) -> pyotp.TOTP:
    """The app of somebody who scans what this browser shows."""
    client.get(TWO_STEP)
    return totp_of(Authenticator(seed=client.session["two_step_seed"]))


def app_of(account: User) -> pyotp.TOTP:
    return totp_of(Authenticator.objects.get(account=account))


def shown_code(app: pyotp.TOTP, *, ahead: int = 0) -> str:
    """What the app shows now, or so many codes later."""
    return app.at(time.time(), counter_offset=ahead)


def wrong_code(app: pyotp.TOTP) -> str:
    """Six digits that are right at none of the moments that count."""
    near = {shown_code(app, ahead=step) for step in range(-3, 4)}
    return next(f"{number:06}" for number in range(10) if f"{number:06}" not in near)


def log_in(
    client: Client, name: str = "anna", password: str = PASSWORD, *, address: str = HOME, to: str = ""
) -> Any:  # noqa: ANN401  (the test client's own kind of response)
    posted = {"username": name, "password": password, **({"next": to} if to else {})}
    return client.post(LOGIN, posted, REMOTE_ADDR=address)


def give_code(client: Client, code: str, *, address: str = HOME) -> Any:  # noqa: ANN401  (as above)
    return client.post(CODE, {"code": code}, REMOTE_ADDR=address)


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def lines_of(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """The level and the words of each line about logins."""
    return [(record.levelname, record.getMessage()) for record in caplog.records if record.name == JOURNAL]
