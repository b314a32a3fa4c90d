"""What Telegram's edge keeps of a person: updates as they came, presses of buttons."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db import connection

from bots.forgetting import Hidden, Place, copies_in, without_erased
from bots.models import ButtonPress, RawUpdate
from bots.values import BIGINT
from cvgorod_hub.common.bulk import update_rows
from cvgorod_hub.common.database import like
from messaging.models import Message

# Payloads have no index: all that are kept (retention.py) are looked through once.
_FIND = "SELECT id FROM raw_updates WHERE payload LIKE ANY (%s) ORDER BY id"
_NOBODY = Hidden()


def updates_naming(person_id: int, names: Collection[str] = ()) -> list[int]:
    """Updates that may tell of the person, whoever wrote them: by the number, or by a name. Rising keys."""
    # As JSON may write it (encode_payload).
    said = {json.dumps(name, ensure_ascii=is_ascii) for name in names for is_ascii in (False, True)}
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [[f"%{like(text)}%" for text in (str(person_id), *sorted(said))]])
        return [pk for (pk,) in cursor.fetchall()]


def erase_in_updates(
    ids: Sequence[int], person_id: int, until: datetime, *, names: Collection[str], chats: Collection[int]
) -> int:
    """Take what the person said, and their names, out of these updates; returns how many had any.

    Under a name alone (forwarded from an account that is hidden) it is the person's in these chats, where
    they have spoken. Call it inside a transaction, after their messages are erased.
    """
    rows = list(RawUpdate.objects.filter(pk__in=ids).order_by("pk").select_for_update())
    spoken = frozenset(chats)
    near = [row for row in rows if row.chat_id in spoken]
    far = [row for row in rows if row.chat_id not in spoken]
    hidden = Hidden(names, _erased_copies([row.payload for row in near], names))
    return len([*forget_in(far, {person_id: until}), *forget_in(near, {person_id: until}, hidden)])


def known_copies(payloads: Iterable[str]) -> Hidden:
    """What in updates that come is known to be words of somebody who was erased, though it names nobody."""
    return Hidden(copies=_erased_copies(payloads))


def _erased_copies(payloads: Iterable[str], names: Collection[str] | None = None) -> frozenset[Place]:
    """Messages in these updates, forwarded from hidden accounts, whose rows say that they were erased."""
    copies = {place for payload in payloads for place in copies_in(payload, names)}
    if not copies:
        return frozenset()
    found = Message.objects.filter(
        chat__in={chat for chat, _number in copies if abs(chat) < BIGINT},
        telegram_message_id__in={number for _chat, number in copies if abs(number) < BIGINT},
        erased_for=Message.ErasedFor.REQUEST,
    )
    return frozenset(copies) & frozenset(found.values_list("chat_id", "telegram_message_id"))


def forget_in(
    rows: Sequence[RawUpdate], erased: Mapping[int, datetime], hidden: Hidden = _NOBODY
) -> list[RawUpdate]:
    """Take what these people said out of updates, stored or about to be read; returns those that had any.

    The refusal of an update that could not be read may quote it, so it goes as well.
    """
    changed = []
    if erased and hidden is _NOBODY:
        hidden = known_copies(row.payload for row in rows)
    for row in rows if erased else ():
        payload = without_erased(row.payload, erased, received_at=row.received_at, hidden=hidden)
        if payload != row.payload:
            row.payload, row.error = payload, ""
            changed.append(row)
    update_rows(changed, ("payload", "error"))
    return changed


def erase_presses(person_id: int, until: datetime) -> int:
    """Which button was pressed stays, with the number of who pressed it."""
    nameless = {"username": "", "first_name": "", "last_name": ""}
    presses = ButtonPress.objects.filter(person_id=person_id, received_at__lte=until)
    return presses.exclude(**nameless).update(**nameless)
