"""What a hub needs before it serves: tables, and somebody who can log in. Needs Django set up."""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.contrib.auth import authenticate, get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from psycopg.errors import LockNotAvailable

from bots.demo.people import DEMO_BOT_ID
from bots.models import TelegramBot
from cvgorod_hub import environment
from cvgorod_hub.api.keys import assign_secret
from cvgorod_hub.api.models import ApiKey, Scope
from cvgorod_hub.common.database import past_the_pooler
from cvgorod_hub.old_hub.indexes import build_indexes_of_a_killed_run

DEMO_KEY_NAME = "demo agent"
RESET = "manage.py changepassword"
# A migration that waits for a table makes everybody else wait behind it, so it waits briefly, and often.
LOCK_SECONDS = 3.0
PAUSE_SECONDS = 2.0
LOCK_TRIES = 24
# Any number; whoever migrates this database holds it.
MIGRATING = 7_305_842_611


@dataclass(frozen=True)
class Login:
    """Who can log in to the admin. `hint` says with which password, or how to set another."""

    username: str
    hint: str


def refuse_half_restored() -> None:
    """A restore closes the database to everybody until it has come to its end (keeping/target.py)."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW default_transaction_read_only")
        (is_closed,) = cursor.fetchone()
    if is_closed == "on":
        raise ImproperlyConfigured(
            "a restore into this database was not finished: run manage.py restore again."
        )


@past_the_pooler()
def migrate() -> None:
    """Apply what is missing, indexes too; to find that nothing is takes a fraction of the command's time.

    Safe beside a hub that runs, and beside another that migrates. What was applied stays when a later
    migration fails. Raises CommandError where a table stays in use for two minutes, and ImproperlyConfigured
    where a restore was not finished.
    """
    refuse_half_restored()
    if _is_migration_missing():
        _apply_missing()
    build_indexes_of_a_killed_run()


def _apply_missing() -> None:
    with _sole_migrator():
        for _ in range(LOCK_TRIES):
            try:
                call_command("migrate", interactive=False, verbosity=0)
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable):
                    raise
                time.sleep(PAUSE_SECONDS)
            else:
                return
    raise CommandError(
        "A table that a migration changes stays in use: end what uses it (a backup, perhaps), "
        "then start this again."
    )


def _is_migration_missing() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@contextmanager
def _sole_migrator() -> Iterator[None]:
    """One at a time; and no statement waits for a lock longer than LOCK_SECONDS."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATING])
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{LOCK_SECONDS}s"])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATING])


def ensure_superuser(*, demo: bool, is_seen: bool = True) -> Login:
    """Make the first superuser (`DJANGO_SUPERUSER_*`, else `admin`); one that exists is left as it is.

    A generated password is shown when it is made; where only a log would see it (not `is_seen`) none is
    made, and a person sets one. In a demo, which anybody may click through and which
    holds nobody's messages, it is also kept in the data folder and shown at every start; a hub with
    a real bot keeps no password.
    """
    username = os.environ.get("DJANGO_SUPERUSER_USERNAME") or "admin"
    if not demo:
        environment.admin_password_file().unlink(missing_ok=True)
    users = get_user_model()._default_manager  # noqa: SLF001  (Django's own name for it)
    given = os.environ.get("DJANGO_SUPERUSER_PASSWORD")
    known = users.filter(username=username).first()
    if known is not None and demo and not given and not environment.admin_password():
        known.set_password(password := secrets.token_urlsafe(12))
        known.save()
        environment.keep_admin_password(password)
    if known is not None and not known.has_usable_password():
        return Login(username, f"with a password that you set first: {RESET} {username}")
    if known is not None:
        return Login(username, _known_hint(username))
    email = os.environ.get("DJANGO_SUPERUSER_EMAIL") or ""
    if not given and not is_seen:
        get_user_model().objects.create_superuser(username, email, password=None)
        return Login(username, f"with a password that you set first: {RESET} {username}")
    password = given or secrets.token_urlsafe(12)
    get_user_model().objects.create_superuser(username, email, password)
    if given:
        return Login(username, "with the password of DJANGO_SUPERUSER_PASSWORD")
    if demo:
        environment.keep_admin_password(password)
        return Login(username, f"with the password {password}")
    return Login(username, f"with the password {password} (shown this once; {RESET} {username})")


def refuse_demo_among_real_chats() -> None:
    """A demo's invented people, and its simulated sends, have no place in a real bot's database."""
    # A bot that only a refused token named, mistyped perhaps, was never here.
    known = TelegramBot.objects.exclude(username="", token_refused_at__isnull=False)
    real = known.exclude(pk=DEMO_BOT_ID).first()
    if real is not None:
        raise ImproperlyConfigured(
            f"this database belongs to the bot {real}: set its TELEGRAM_BOT_TOKEN, or start with --no-demo."
        )


def make_demo_key() -> str:
    """An API key for the demo's agent; the one of the start before stops working."""
    key = ApiKey.objects.filter(name=DEMO_KEY_NAME).first() or ApiKey(name=DEMO_KEY_NAME)
    key.scopes, key.revoked_at = [Scope.READ.value, Scope.PROPOSE.value], None
    text = assign_secret(key)
    key.save()
    return text


def revoke_demo_key() -> None:
    ApiKey.objects.filter(name=DEMO_KEY_NAME, revoked_at=None).update(revoked_at=timezone.now())


def _known_hint(username: str) -> str:
    password = environment.admin_password()
    if password and authenticate(username=username, password=password):
        return f"with the password {password}"
    return f"with the password set before (another one: {RESET} {username})"
