"""A person who asked to be erased: the names go, the number stays.

By the number alone the hub knows which words must not come back: from an update that is read again, an export
that is imported again, another person's reply that quotes them. What the person writes after the erasure is
taken in as anybody's.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Greatest, Now, Trim
from django.utils.translation import gettext

from clients.models import TelegramUser
from clients.people import PEOPLE_LOCKS
from cvgorod_hub.common.database import lock_keys


class NotErasableError(Exception):
    """Nothing was done; the message says why, in the reader's language."""


# A shorter name would be found within other words.
SHORTEST_NAME = 3
# An advisory lock: Telegram's ids have 52 bits; people, chats and counts have locks of their own.
ERASING = 1 << 58
# Two statements on one way: one that waited for the lock would not see what was committed meanwhile.
_HOLD = f"""
SELECT pg_advisory_xact_lock_shared({ERASING});
SELECT id, erased_at FROM users WHERE erased_at IS NOT NULL
"""  # noqa: S608  (a constant)


def hold_erased() -> dict[int, datetime]:
    """Whom nobody quotes any more, and what was said until when. Call it inside a transaction.

    Nobody else is erased until that transaction ends, so whatever it stores is either found by the erasure or
    knows of it. Call it before other locks are taken.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HOLD)
        cursor.nextset()
        return dict(cursor.fetchall())


def wait_for_holders() -> None:
    """Return when everybody who held `hold_erased` has ended; who begins later sees what is committed now."""
    with transaction.atomic():
        lock_keys([ERASING])


@dataclass(frozen=True)
class Nameless:
    """What a person was called, and until when their words are erased."""

    names: tuple[str, ...]
    until: datetime


def erase_names(person_id: int, until: datetime | None = None) -> Nameless:
    """Take the person's names away. Raises TelegramUser.DoesNotExist and NotErasableError.

    Without `until` it is now, and not before anything that was seen of them, whatever our clock says; it
    never moves back. Waits for whoever is storing messages. Call it first in a transaction.
    """
    lock_keys([ERASING])
    lock_keys([PEOPLE_LOCKS + person_id])
    person = TelegramUser.objects.select_related("role").get(pk=person_id)
    check_erasable(person)
    moments = [F("erased_at"), *([Now(), F("last_seen")] if until is None else [Value(until)])]
    row = TelegramUser.objects.filter(pk=person_id)
    row.update(username="", first_name="", last_name="", erased_at=Greatest(*moments))
    erased_at = row.values_list("erased_at", flat=True).get()
    assert erased_at is not None  # noqa: S101  (written just now)
    return Nameless(names_of(person), erased_at)


def names_of(person: TelegramUser) -> tuple[str, ...]:
    """What texts call the person: the full name, the username with and without its sign."""
    nick = person.username
    full_name = f"{person.first_name} {person.last_name}".strip()
    return tuple(filter(None, (full_name, nick, f"@{nick}" if nick else "")))


def names_of_others(person_id: int, names: Collection[str]) -> frozenset[str]:
    """Those of the names that somebody else here has as well: «Анна» alone says of nothing whose it is."""
    full_name = Trim(Concat("first_name", Value(" "), "last_name"))
    others = TelegramUser.objects.exclude(pk=person_id).alias(full_name=full_name)
    alike = others.filter(Q(full_name__in=names) | Q(username__in=names))
    return frozenset(name for other in alike for name in names_of(other)) & frozenset(names)


def check_erasable(person: TelegramUser) -> None:
    """Raises NotErasableError for our own people and programs: what they wrote is what we said."""
    if person.role.is_bot:
        raise NotErasableError(gettext("This is a program, not a person."))
    if person.role.is_staff or person.staff_account_id is not None:
        raise NotErasableError(
            gettext(
                "This is one of our team, and what they wrote is what the company said. If it shall be "
                "erased all the same, unlink the account and give the person the role of a client first."
            )
        )
