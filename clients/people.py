"""People as messages show them: a new one is a client, names follow what Telegram says last."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from clients.models import RoleName, TelegramUser, UserRole
from cvgorod_hub.common.database import lock_keys

# Keeps these locks apart from other advisory locks: Telegram's ids have 52 bits.
PEOPLE_LOCKS = 1 << 60


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

    An older sighting never overwrites a newer name. Call it inside a transaction, which then holds these
    people until its end.
    """
    seen = sorted(sightings, key=lambda sighting: sighting[1])
    ids = {person.id for person, _at in seen}
    lock_keys(PEOPLE_LOCKS + person_id for person_id in ids)
    known = {user.pk: user for user in TelegramUser.objects.filter(pk__in=ids).select_related("role")}
    roles = _roles() if ids - known.keys() else {}
    changed: dict[int, TelegramUser] = {}
    for person, at in seen:
        user = known.get(person.id)
        if user is None:
            role = roles[new_bots if person.is_bot else RoleName.CLIENT]
            user = known[person.id] = TelegramUser(id=person.id, role=role, first_seen=at, last_seen=at)
            changed[user.pk] = _rename(user, person)
            continue
        if at < user.first_seen:
            user.first_seen = at
            changed[user.pk] = user
        if at > user.last_seen:
            user.last_seen = at
            changed[user.pk] = _rename(user, person)
    TelegramUser.objects.bulk_create(
        (user for _id, user in sorted(changed.items())),
        update_conflicts=True,
        update_fields=["username", "first_name", "last_name", "first_seen", "last_seen"],
        unique_fields=["id"],
    )
    return known


def _rename(user: TelegramUser, person: IncomingPerson) -> TelegramUser:
    user.username = person.username
    user.first_name = person.first_name
    user.last_name = person.last_name
    return user


def _roles() -> dict[str, UserRole]:
    return {role.role_name: role for role in UserRole.objects.all()}
