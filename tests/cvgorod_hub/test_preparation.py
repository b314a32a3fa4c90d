"""Who can log in after the first start, and the demo's own API key."""

import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone

from bots.demo.people import DEMO_BOT_ID
from bots.models import TelegramBot
from cvgorod_hub import environment
from cvgorod_hub.runner import preparation
from tests.keys import find_key

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _data(tmp_path: Path) -> Iterator[None]:
    with patch.dict(os.environ, {"HUB_DATA_DIR": str(tmp_path)}):
        for name in ("USERNAME", "PASSWORD", "EMAIL"):
            os.environ.pop(f"DJANGO_SUPERUSER_{name}", None)
        yield


def password_of(hint: str) -> str:
    return hint.split()[3]


def test_a_first_start_makes_admin_and_shows_the_password_once() -> None:
    login = preparation.ensure_superuser(demo=False)
    assert login.username == "admin"
    assert login.hint.endswith("(shown this once; manage.py changepassword admin)")
    user = authenticate(username="admin", password=password_of(login.hint))
    assert isinstance(user, User)
    assert user.is_superuser
    again = preparation.ensure_superuser(demo=False)
    assert again.hint == ("with the password set before (another one: manage.py changepassword admin)")


def test_a_demo_shows_the_same_password_at_every_start() -> None:
    first, second = (preparation.ensure_superuser(demo=True) for _ in range(2))
    assert first == second
    assert authenticate(username="admin", password=password_of(first.hint))
    assert environment.admin_password_file().stat().st_mode & 0o777 == 0o600


def test_a_password_that_was_changed_is_not_shown() -> None:
    preparation.ensure_superuser(demo=True)
    user = User.objects.get()
    user.set_password("another one")
    user.save()
    assert "set before" in preparation.ensure_superuser(demo=True).hint


def test_a_hub_with_a_real_bot_keeps_no_password() -> None:
    preparation.ensure_superuser(demo=True)
    assert "set before" in preparation.ensure_superuser(demo=False).hint
    assert not environment.admin_password_file().exists()


def test_a_given_login_is_made_and_its_password_not_shown() -> None:
    os.environ["DJANGO_SUPERUSER_USERNAME"] = "lead"
    os.environ["DJANGO_SUPERUSER_PASSWORD"] = "given-and-long"
    os.environ["DJANGO_SUPERUSER_EMAIL"] = "lead@example.com"
    login = preparation.ensure_superuser(demo=True)
    assert (login.username, login.hint) == ("lead", "with the password of DJANGO_SUPERUSER_PASSWORD")
    assert User.objects.get().email == "lead@example.com"
    assert authenticate(username="lead", password="given-and-long")
    assert not environment.admin_password_file().exists()


def test_an_account_that_exists_is_left_as_it_is() -> None:
    User.objects.create_superuser("admin", "", "its own")
    os.environ["DJANGO_SUPERUSER_PASSWORD"] = "another"
    preparation.ensure_superuser(demo=False)
    assert authenticate(username="admin", password="its own")


def test_the_demo_key_proposes_and_is_renewed_at_every_start() -> None:
    first, second = preparation.make_demo_key(), preparation.make_demo_key()
    assert find_key(first) is None
    key = find_key(second)
    assert key is not None
    assert sorted(key.scopes) == ["propose", "read"]


def test_the_demo_key_ends_with_the_demo() -> None:
    text = preparation.make_demo_key()
    preparation.revoke_demo_key()
    assert find_key(text) is None


def test_a_demo_whose_kept_password_is_gone_makes_another() -> None:
    preparation.ensure_superuser(demo=True)
    environment.admin_password_file().unlink()

    login = preparation.ensure_superuser(demo=True)

    assert authenticate(username="admin", password=password_of(login.hint))


def test_a_demo_does_not_run_on_a_real_bots_database() -> None:
    TelegramBot.objects.create(id=DEMO_BOT_ID)
    TelegramBot.objects.create(id=123, token_refused_at=timezone.now())  # a mistyped token
    preparation.refuse_demo_among_real_chats()
    TelegramBot.objects.create(id=123456, username="real_bot")

    with pytest.raises(ImproperlyConfigured, match="@real_bot"):
        preparation.refuse_demo_among_real_chats()


def test_where_only_a_log_would_see_it_no_password_is_made() -> None:
    first, second = (preparation.ensure_superuser(demo=False, is_seen=False) for _ in range(2))
    assert first == second
    assert first.hint == "with a password that you set first: manage.py changepassword admin"
    user = User.objects.get()
    assert (user.is_superuser, user.has_usable_password()) == (True, False)
    user.set_password("one of its own")
    user.save()
    assert "set before" in preparation.ensure_superuser(demo=False, is_seen=False).hint


def test_a_hub_does_not_run_on_a_database_that_is_half_restored() -> None:
    preparation.refuse_half_restored()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL default_transaction_read_only = on")

    with pytest.raises(ImproperlyConfigured, match="a restore into this database was not finished"):
        preparation.refuse_half_restored()
