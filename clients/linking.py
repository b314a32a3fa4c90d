"""Which person in Telegram is which account of the admin.

A linked person decides by the buttons of approval cards, with the rights and in the name of the account. One
person is one account at most, and one account one person.
"""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, Q, QuerySet, Value, When

from clients.models import TelegramUser

# Telegram's ids have 52 bits.
_LONGEST_ID = 16


class TakenError(Exception):
    """The person is linked to another account."""

    def __init__(self, account: User) -> None:
        super().__init__(f"linked to {account.get_username()}")
        self.account = account


@dataclass(frozen=True)
class Link:
    """What linking came to: who stands for the account now, and who did before; None where nobody."""

    before: TelegramUser | None
    after: TelegramUser | None


@transaction.atomic
def link_person(*, account: User, person: TelegramUser | None) -> Link:
    """Have this person, and no other, stand for the account; None: nobody. Raises TakenError."""
    User.objects.select_for_update().get(pk=account.pk)  # two who link here at once come one after the other
    before = TelegramUser.objects.filter(staff_account=account).first()
    if before == person:
        return Link(before, person)
    if person is not None:
        _check_free(person, account)
    TelegramUser.objects.filter(staff_account=account).update(staff_account=None)
    if person is not None:
        TelegramUser.objects.filter(pk=person.pk).update(staff_account=account)
    return Link(before, person)


def _check_free(person: TelegramUser, account: User) -> None:
    locked = TelegramUser.objects.select_for_update(of=("self",)).select_related("staff_account")
    owner = locked.get(pk=person.pk).staff_account
    if owner is not None and owner != account:
        raise TakenError(owner)


def find_people(words: str, *, skip: int, limit: int) -> QuerySet[TelegramUser]:
    """People by parts of names, by @username or id: our own team first, then who wrote last."""
    people = TelegramUser.objects.filter(role__is_bot=False).select_related("role", "staff_account")
    for word in words.split():
        people = people.filter(_says(word.removeprefix("@")))
    own_team_first = Case(When(role__is_staff=True, then=Value(0)), default=Value(1))
    return people.order_by(own_team_first, "-last_seen", "-id")[skip : skip + limit]


def _says(word: str) -> Q:
    named = Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(username__icontains=word)
    is_id = word.isdecimal() and word.isascii() and len(word) <= _LONGEST_ID
    return named | Q(pk=int(word)) if is_id else named
