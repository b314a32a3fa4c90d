"""People as messages show them: a new one is a client, names follow what Telegram says last."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from clients.models import RoleName, TelegramUser, UserRole
from cvgorod_hub.common.bulk import insert_rows, update_rows
from cvgorod_hub.common.database import lock_keys

# Keeps these locks apart from other advisory locks: Telegram's ids have 52 bits.
PEOPLE_LOCKS = 1 << 60
SEEN_FIELDS = ("username", "first_name", "last_name", "first_seen", "last_seen")


@dataclass(frozen=True, kw_only=True)
class IncomingPerson:
    """A sender. `is_bot` only matters for somebody new: afterwards roles are people's business."""

    id: int
    username: str = ""
    first_name: str = ""
    last_name: str = ""
    is_bot: bool = False


def store_people(
    sightings: Iterable[tuple[IncomingPerson, datetime]], *, new_bots: str = RoleName.BROADCAST_BOT
) -> dict[int, TelegramUser]:
    """Create or refresh the people seen at these times; returns them by id, with `role` loaded.

    An older sighting never overwrites a newer name, and none from before a person's erasure says anything.
    Call it inside a transaction, which then holds these
    people until its end.
    """
    seen = sorted(sightings, key=lambda sighting: sighting[1])
    ids = {person.id for person, _at in seen}
    lock_keys(PEOPLE_LOCKS + person_id for person_id in ids)
    known = {user.pk: user for user in TelegramUser.objects.filter(pk__in=ids)}
    roles = _Roles()
    for user in known.values():
        user.role = roles.by_id[user.role_id]
    fresh: dict[int, TelegramUser] = {}
    changed: dict[int, TelegramUser] = {}
    for person, at in seen:
        if person.id in known and is_erased(known[person.id], at):
            continue
        if person.id not in known:
            role = roles.by_name[new_bots if person.is_bot else RoleName.CLIENT]
            user = TelegramUser(id=person.id, role=role, first_seen=at, last_seen=at)
            known[person.id] = fresh[person.id] = _rename(user, person)
        elif _is_news(known[person.id], person, at):
            changed[person.id] = known[person.id]
    insert_rows(list(fresh.values()))
    update_rows([user for user_id, user in changed.items() if user_id not in fresh], SEEN_FIELDS)
    return known


def is_erased(user: TelegramUser, said_at: datetime) -> bool:
    """Whether what this person said then was erased at their request (clients/erasing.py)."""
    return user.erased_at is not None and said_at <= user.erased_at


def _is_news(user: TelegramUser, person: IncomingPerson, at: datetime) -> bool:
    """Take over what a sighting says; whether it said anything that we did not know."""
    is_earliest, is_latest = at < user.first_seen, at > user.last_seen
    if is_earliest:
        user.first_seen = at
    if is_latest:
        user.last_seen = at
        _rename(user, person)
    return is_earliest or is_latest


def _rename(user: TelegramUser, person: IncomingPerson) -> TelegramUser:
    user.username = person.username
    user.first_name = person.first_name
    user.last_name = person.last_name
    return user


class _Roles:
    """All of them, read once: people share a handful."""

    def __init__(self) -> None:
        self.by_id = UserRole.objects.in_bulk()
        self.by_name = {role.role_name: role for role in self.by_id.values()}
