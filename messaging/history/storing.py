"""One batch of history into one chat: one transaction, a fixed number of queries."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Greatest
from django.utils.translation import gettext_noop

from clients.erasing import hold_erased
from clients.models import RoleName, TelegramUser
from clients.people import IncomingPerson, store_people
from messaging.adoption import Likeness
from messaging.history.copying import NewRow, copy_rows
from messaging.history.mapping import Target
from messaging.history.matching import (
    Equals,
    SeenNumbers,
    likeness_of,
    origin_of,
    stored_likenesses,
    stored_numbers,
    stored_origins,
)
from messaging.history.reading import HistoryMessage
from messaging.locks import lock_chats
from messaging.models import Chat

# Stored in English, as the API says it; pages translate it.
NOT_SEEN = gettext_noop("Only its history was imported; the bot has not been there yet.")


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What became of a batch; in a dry run what would. `erased`: words of people who asked to be erased."""

    added: int
    new_people: set[int]
    erased: int = 0


def preview_batch(
    target: Target, batch: Sequence[HistoryMessage], equals: Equals, *, seen: SeenNumbers
) -> Stored:
    """What `store_batch` would do; writes nothing. `seen`: the chat's numbers that this run has met."""
    with transaction.atomic():
        kept = without_erased(batch)
    new = [row for row in _select_new(target, kept, equals) if row.number is None or seen.add(row.number)]
    users = {pk for row in new if (pk := row.message.sender.user_id) is not None}
    known = set(TelegramUser.objects.filter(pk__in=users).values_list("pk", flat=True))
    return Stored(added=len(new), new_people=users - known, erased=len(batch) - len(kept))


def store_batch(
    target: Target,
    batch: Sequence[HistoryMessage],
    equals: Equals,
    *,
    our_bots: Collection[int],
    other_bots: Collection[int] = (),
    after: Callable[[Stored, Sequence[NewRow]], None],
) -> Stored:
    """Store what is not there yet, and let `after` do what belongs to it, in one transaction."""
    names = {row.sender.user_id: row.sender.name for row in batch if row.sender.user_id is not None}
    introduced = introduce_our_bots(batch, our_bots)
    with transaction.atomic():
        kept = without_erased(batch)
        lock_chats(target.family)
        new = _select_new(target, kept, equals)
        new_people: set[int] = set()
        if new:
            _create_chat(target)
            new_people = _store_people(new, names, other_bots) | introduced
            copy_rows(new)
            _move_last_message(new)
        stored = Stored(added=len(new), new_people=new_people, erased=len(batch) - len(kept))
        after(stored, new)
    return stored


def without_erased(batch: Sequence[HistoryMessage]) -> Sequence[HistoryMessage]:
    """What does not come from people who asked to be erased, up to then: no file brings that back.

    Call it first in a transaction.
    """
    erased = hold_erased()
    if not erased:
        return batch

    def is_erased(message: HistoryMessage) -> bool:
        until = erased.get(message.sender.user_id) if message.sender.user_id is not None else None
        return until is not None and message.sent_at <= until

    return [message for message in batch if not is_erased(message)]


def _select_new(target: Target, batch: Sequence[HistoryMessage], equals: Equals) -> list[NewRow]:
    """Rows for what the hub does not have, in the order of the export."""
    numbered = [message for message in batch if target.is_numbered and message.number > 0]
    others = [message for message in batch if not (target.is_numbered and message.number > 0)]
    new: list[NewRow] = []
    if numbered:
        known = stored_numbers(target.chat_id, {message.number for message in numbered})
        by_number = {message.number: message for message in reversed(numbered) if message.number not in known}
        new += [
            NewRow(message, target.chat_id, number=number) for number, message in sorted(by_number.items())
        ]
    if others:
        new += _select_unlike(target, others, equals)
    return new


def _select_unlike(target: Target, messages: Sequence[HistoryMessage], equals: Equals) -> list[NewRow]:
    chat_id = target.before_id if target.is_numbered else target.chat_id
    alike: list[tuple[HistoryMessage, Likeness, int]] = []
    for message in messages:
        likeness = likeness_of(message)
        alike.append((message, likeness, equals.number(likeness)))
    collected = stored_likenesses(target.family, messages)
    # An import from before the hub knew that the group had moved named it by its other id.
    wanted = {
        (likeness, nth): [origin_of(each, likeness, nth) for each in target.family]
        for _message, likeness, nth in alike
        if nth > collected[likeness]
    }
    known = stored_origins(origin for origins in wanted.values() for origin in origins)
    return [
        NewRow(message, chat_id, origin=origin_of(chat_id, likeness, nth))
        for message, likeness, nth in alike
        if (likeness, nth) in wanted and known.isdisjoint(wanted[likeness, nth])
    ]


def _create_chat(target: Target) -> None:
    """A chat that only history tells of: nobody can write there until the bot was seen in it."""
    if not target.is_new:
        return
    Chat.objects.bulk_create(
        [
            Chat(
                id=target.chat_id,
                name=target.name[:256],
                chat_type=target.chat_type,
                is_active=False,
                unreachable_reason=NOT_SEEN,
            )
        ],
        ignore_conflicts=True,
    )


def _store_people(rows: Sequence[NewRow], names: dict[int, str], bots: Collection[int]) -> set[int]:
    """New ones as clients, under the name that the export has; those whom we know keep their names."""
    times: dict[int, list[datetime]] = defaultdict(list)
    for row in rows:
        if row.message.sender.user_id is not None:
            times[row.message.sender.user_id].append(row.message.sent_at)
    known = {user.pk: user for user in TelegramUser.objects.filter(pk__in=times)}
    sightings = []
    for pk, said_at in times.items():
        person = IncomingPerson(id=pk, first_name=names.get(pk, ""), is_bot=pk in bots)
        if (user := known.get(pk)) is not None:
            person = IncomingPerson(
                id=pk, username=user.username, first_name=user.first_name, last_name=user.last_name
            )
        sightings += [(person, min(said_at)), (person, max(said_at))]
    store_people(sightings)
    return times.keys() - known.keys()


def introduce_our_bots(batch: Sequence[HistoryMessage], our_bots: Collection[int]) -> set[int]:
    """Our own bot must not become a client because its words came here first in an export; who was new."""
    said = {
        m.sender.user_id: m for m in batch if m.sender.user_id is not None and m.sender.user_id in our_bots
    }
    known = TelegramUser.objects.filter(pk__in=said).values_list("pk", flat=True) if said else ()
    unknown = said.keys() - set(known)
    if not unknown:
        return set()
    with transaction.atomic():
        store_people(
            (
                (IncomingPerson(id=pk, first_name=m.sender.name, is_bot=True), m.sent_at)
                for pk, m in said.items()
                if pk in unknown
            ),
            new_bots=RoleName.ASSISTANT_BOT,
        )
    return unknown


def _move_last_message(rows: Sequence[NewRow]) -> None:
    for chat_id in sorted({row.chat_id for row in rows}):
        newest = max(row.message.sent_at for row in rows if row.chat_id == chat_id)
        Chat.objects.filter(pk=chat_id).update(last_message_at=Greatest("last_message_at", newest))
