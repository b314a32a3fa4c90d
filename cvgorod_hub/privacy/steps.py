"""The steps of an erasure: what each finds, in chunks, and what it does to a chunk in one transaction.

Their order matters: what was forwarded is told by the words that the next step takes away, and what webhooks
were told by what became of the messages and the replies before.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from bots.erasing import erase_in_updates, erase_presses, updates_naming
from clients.erasing import names_of_others, wait_for_holders
from cvgorod_hub.api.hooks.erasing import deliveries_holding, redact_deliveries
from cvgorod_hub.privacy.models import Erasure
from cvgorod_hub.privacy.records import Record, write_down
from cvgorod_hub.privacy.traces import forget_in_downloads, forget_in_log
from intents.erasing import blank_meanings, forget_names
from messaging import erasing as messages
from messaging.mentions import forget_mentions, messages_naming
from messaging.models import Message
from messaging.search.forgetting import forget_words, unused_words
from sandbox import erasing as replies
from sandbox.actors import Actor
from sandbox.models import PendingResponse

BATCH = 500
# Of their chats nobody stores anything meanwhile: what comes in waits for a tenth of a second or two.
MESSAGES_AT_ONCE, CHATS_AT_ONCE = 100, 20
# Words of one transaction hold back whoever stores a message.
WORDS_AT_ONCE = 200

Chunks = Iterator[Sequence[Any]]


class NotYetError(Exception):
    """The step's rest is somebody else's for a moment: the erasure goes on later."""


class Job:
    """What all steps go by."""

    def __init__(self, erasure: Erasure) -> None:
        self.erasure_id: int = erasure.pk
        # In the step under way, for those that go by keys.
        self.place: int | None = erasure.place
        self.person_id = erasure.person_id
        self.until: datetime = erasure.until
        # What the agent proposed while the erasure began may quote as well.
        self.moment: datetime = max(erasure.until, erasure.began_at)
        self.names: list[str] = erasure.names
        self.chats: list[int] = erasure.chats
        self.actor = Actor(name=erasure.actor_name, user=erasure.actor_user)

    def add_chats(self, chats: Iterable[int]) -> None:
        """Where others passed the person's words on, what was told of them is to be looked through, too."""
        self.chats = sorted({*self.chats, *chats})
        Erasure.objects.filter(pk=self.erasure_id).update(chats=self.chats)

    @cached_property
    def shared_names(self) -> frozenset[str]:
        """Names that others have, too: nothing is the person's for these alone."""
        return names_of_others(self.person_id, self.names)

    @cached_property
    def to_person(self) -> list[int]:
        """Replies to the person."""
        return replies.replies_to(
            self.person_id, chats=self.chats, names=self.names, until=self.until, moment=self.moment
        )

    @cached_property
    def redact(self) -> Callable[[Any], bool]:
        """Does to an event of a webhook what was done to its messages or its reply."""
        in_chats = PendingResponse.objects.filter(chat__in=self.chats, created_at__lte=self.moment)
        # By their empty texts: an earlier run may have taken away by what they were found.
        gone = set(in_chats.filter(response_text="").values_list("pk", flat=True))
        others = {*self.to_person, *in_chats.values_list("pk", flat=True)}

        def redact(data: Any) -> bool:  # noqa: ANN401  (any JSON)
            return messages.forget_in_event(data) or replies.forget_in_event(data, unsent=gone, others=others)

        return redact


@dataclass(frozen=True)
class Step:
    """`find` gives chunks of what is left to do; `do` does one, in a transaction, and counts.

    `is_by_key`: what is done is found again, so chunks are rising keys, and only those behind `Job.place`.
    """

    name: str
    find: Callable[[Job], Chunks]
    do: Callable[[Job, Sequence[Any]], Counter[str]]
    is_by_key: bool = False


def _chunks(rows: Sequence[Any], size: int | None = None) -> Chunks:
    size = size or BATCH
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _behind_place(job: Job, keys: Sequence[int], size: int | None = None) -> Chunks:
    return _chunks(keys[bisect_right(keys, job.place) :] if job.place is not None else keys, size)


def _once(_job: Job) -> Chunks:
    yield [None]


def _write_down(job: Job, _chunk: Sequence[None]) -> Counter[str]:
    write_down(Record(job.person_id, job.until))
    return Counter()


def _note_chats(job: Job, _chunk: Sequence[None]) -> Counter[str]:
    """Also the chat that the person has with a bot, where perhaps nothing was said."""
    job.add_chats([*messages.chats_of(job.person_id), job.person_id])
    return Counter()


def _passed_on(job: Job) -> Chunks:
    found = messages.words_passed_on(
        job.person_id, job.until, job.names, shared=job.shared_names, chats=job.chats
    )
    return _chunks(found, MESSAGES_AT_ONCE)


def _erase_passed_on(job: Job, ids: Sequence[int]) -> Counter[str]:
    job.add_chats(Message.objects.filter(pk__in=ids).values_list("chat_id", flat=True))
    counts = _blank(ids)
    counts["passed_on"] = counts.pop("messages")
    return counts


def _messages(job: Job) -> Chunks:
    after = None
    while rows := messages.messages_to_erase(job.person_id, job.until, after=after, limit=MESSAGES_AT_ONCE):
        yield rows
        after = rows[-1].place


def _erase_messages(_job: Job, rows: Sequence[messages.Row]) -> Counter[str]:
    return _blank([row.pk for row in rows])


def _blank(ids: Sequence[int]) -> Counter[str]:
    messages.hold_messages(ids)
    return blank_meanings(ids) + messages.blank_messages(ids, why=Message.ErasedFor.REQUEST)


def _waiting(job: Job) -> Chunks:
    return _behind_place(job, job.chats, CHATS_AT_ONCE)


def _settle_waiting(_job: Job, chats: Sequence[int]) -> Counter[str]:
    messages.settle_waiting(chats)
    return Counter()


def _replies(job: Job) -> Chunks:
    """Raises NotYetError, after all others, where one is on its way: it may come back and wait once more."""
    yield from _behind_place(job, job.to_person)
    if replies.are_on_their_way(job.to_person):
        raise NotYetError


def _erase_replies(job: Job, ids: Sequence[int]) -> Counter[str]:
    return replies.blank_replies(ids, actor=job.actor)


def _reasons(job: Job) -> Chunks:
    return _chunks(replies.reasons_about(job.person_id, chats=job.chats, moment=job.moment))


def _erase_reasons(_job: Job, ids: Sequence[int]) -> Counter[str]:
    return Counter(reasons=replies.blank_reasons(ids))


def _mentions(job: Job) -> Chunks:
    return _behind_place(job, messages_naming(job.person_id, job.names, job.chats, shared=job.shared_names))


def _erase_mentions(job: Job, ids: Sequence[int]) -> Counter[str]:
    messages.hold_messages(ids)
    with messages.saying_nothing():
        return Counter(mentions=forget_mentions(ids, job.person_id, job.names))


def _updates(job: Job) -> Chunks:
    return _behind_place(job, updates_naming(job.person_id, job.names))


def _erase_updates(job: Job, ids: Sequence[int]) -> Counter[str]:
    return Counter(updates=erase_in_updates(ids, job.person_id, job.until, names=job.names, chats=job.chats))


def _deliveries(job: Job) -> Chunks:
    """All that were told of these chats; which of it was the person's their redaction knows.

    What was read for an announcement before the messages were blank has been written down by then.
    """
    wait_for_holders()
    pieces = [f'"user_id":{job.person_id},', *(f'"chat_id":{chat_id},' for chat_id in job.chats)]
    return _behind_place(job, deliveries_holding(pieces))


def _erase_deliveries(job: Job, ids: Sequence[int]) -> Counter[str]:
    return Counter(deliveries=redact_deliveries(ids, job.redact))


def _erase_traces(job: Job, _chunk: Sequence[None]) -> Counter[str]:
    """What is a row or two each."""
    forget_names(job.names)
    messages.blank_private_chat(job.person_id)
    presses = erase_presses(job.person_id, job.until)
    entries = forget_in_log(job.person_id, job.chats) + forget_in_downloads(job.names)
    return Counter(presses=presses, log_entries=entries)


def _words(_job: Job) -> Chunks:
    return _chunks(unused_words(), WORDS_AT_ONCE)


def _erase_words(_job: Job, words: Sequence[str]) -> Counter[str]:
    return Counter(words=forget_words(words))


STEPS = (
    Step("written down", _once, _write_down),
    Step("chats", _once, _note_chats),
    Step("passed on", _passed_on, _erase_passed_on),
    Step("messages", _messages, _erase_messages),
    Step("waiting", _waiting, _settle_waiting, is_by_key=True),
    Step("replies", _replies, _erase_replies, is_by_key=True),
    Step("reasons", _reasons, _erase_reasons),
    Step("mentions", _mentions, _erase_mentions, is_by_key=True),
    Step("updates", _updates, _erase_updates, is_by_key=True),
    Step("deliveries", _deliveries, _erase_deliveries, is_by_key=True),
    Step("traces", _once, _erase_traces),
    Step("words", _words, _erase_words),
)
