"""An erasure that is interrupted, asked for again, or met by others comes to its end and holds nobody up."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from clients.models import TelegramUser
from cvgorod_hub.api.hooks import followers
from cvgorod_hub.api.hooks.models import WebhookDelivery, WebhookEndpoint
from cvgorod_hub.privacy import steps
from cvgorod_hub.privacy.erasing import begin, run
from cvgorod_hub.privacy.models import Erasure
from intents import classification
from intents.models import MessageAnalysis
from intents.reclassifying.running import classify_batch, start
from messaging.announcing import announce_messages
from messaging.models import Message
from sandbox.actors import Actor
from sandbox.models import PendingResponse
from tests.factories import MessageFactory, PersonFactory
from tests.marks import committed
from tests.privacy.life import PERSON, THEM, Life, live
from tests.privacy.marks import RUSSIAN, marked_files, marked_tables, words

ACTOR = Actor(name="Анна")


def ask() -> Erasure:
    return begin(person_id=PERSON, request="письмо", actor=ACTOR)


def one_chunk() -> Callable[[], bool]:
    """A worker's turn that has time for a single chunk."""
    turns = iter([True])
    return lambda: next(turns, False)


@committed
def test_turns_that_are_shorter_than_any_step_lead_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(tmp_path)
    monkeypatch.setattr(steps, "BATCH", 3)
    monkeypatch.setattr(steps, "WORDS_AT_ONCE", 20)
    monkeypatch.setattr(steps, "MESSAGES_AT_ONCE", 3)
    erasure = ask()

    turns = 1
    while not run(erasure, may_go_on=one_chunk()):
        turns += 1
        assert turns < 200

    assert marked_tables() == {}
    assert marked_files() == []
    assert Erasure.objects.get().place is None


@committed
def test_beginning_reads_nothing_of_what_was_said(tmp_path: Path) -> None:
    """Whoever stores messages waits for it."""
    live(tmp_path)

    with CaptureQueriesContext(connection) as queries:
        ask()

    said = [query["sql"] for query in queries if '"messages"' in query["sql"]]
    assert said == []


def write_anew(life: Life, *, after: Erasure) -> None:
    """They come back under another name."""
    newcomer = THEM | {"first_name": f"Снова{RUSSIAN}", "last_name": "", "username": ""}
    later = int(after.until.timestamp()) + 5
    life.receive("message", life.envelope(90_000, newcomer) | {"text": words("ещё раз"), "date": later})
    life.read()


@committed
def test_who_asks_again_while_it_runs_is_erased_up_to_then(tmp_path: Path) -> None:
    life = live(tmp_path)
    first = ask()
    write_anew(life, after=first)

    again = ask()

    assert (again.pk, Erasure.objects.count()) == (first.pk, 1)
    assert again.until == TelegramUser.objects.get(pk=PERSON).erased_at
    assert run(first)
    assert marked_tables() == {}
    assert not Message.objects.filter(user=PERSON, erased_at=None).exists()


@committed
@pytest.mark.parametrize("amid", ["messages", "updates", "words"])
def test_so_is_who_asks_again_amid_a_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, amid: str) -> None:
    life = live(tmp_path)
    first = ask()
    asked = []

    def ask_again(step: steps.Step, job: steps.Job, chunk: Sequence[Any]) -> Any:  # noqa: ANN401
        if step.name == amid and not asked:
            asked.append(step.name)
            # By another connection, as it would be.
            thread = threading.Thread(target=_in_thread(lambda: (write_anew(life, after=first), ask())))
            thread.start()
            thread.join()
        return step.do(job, chunk)

    watched = tuple(
        steps.Step(
            each.name, each.find, lambda job, chunk, each=each: ask_again(each, job, chunk), each.is_by_key
        )
        for each in steps.STEPS
    )
    monkeypatch.setattr("cvgorod_hub.privacy.erasing.STEPS", watched)

    assert run(first)

    assert asked == [amid]
    assert Erasure.objects.get().state == Erasure.State.FINISHED
    assert marked_tables() == {}


def _in_thread(work: Callable[[], object]) -> Callable[[], None]:
    def target() -> None:
        try:
            work()
        finally:
            connection.close()

    return target


@contextmanager
def elsewhere(statement: str) -> Iterator[threading.Thread]:
    """Somebody's transaction that has done this and is not over."""
    ready, over = threading.Event(), threading.Event()

    def work() -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement)
            ready.set()
            over.wait(30)

    thread = threading.Thread(target=_in_thread(work))
    thread.start()
    try:
        assert ready.wait(10)
        yield thread
    finally:
        over.set()
        thread.join()


@committed
def test_a_backup_that_reads_for_hours_is_not_waited_for() -> None:
    """Whoever stores messages would wait as long, behind the erasure."""
    MessageFactory(user=PersonFactory(pk=PERSON), text=words())
    erasure = ask()

    with elsewhere("SELECT count(*) FROM message_words") as reading:
        assert run(erasure)
        assert reading.is_alive()

    assert marked_tables() == {}


@committed
def test_an_import_that_adds_words_for_long_makes_it_later_and_nobody_wait() -> None:
    MessageFactory(user=PersonFactory(pk=PERSON), text=words())
    erasure = ask()

    with elsewhere("LOCK TABLE message_words IN ROW EXCLUSIVE MODE"):
        assert not run(erasure)
    erasure.refresh_from_db()
    assert erasure.steps_done[-1] == "traces"
    assert erasure.error == ""

    assert run(erasure)
    assert marked_tables() == {}


@committed
def test_an_announcement_that_is_being_written_meanwhile_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has read the words, and writes them down after the messages are blank."""
    WebhookEndpoint.objects.create(
        name="агент", url="https://127.0.0.1:9/", events=["message.new"], feed_xid=1
    )
    MessageFactory(user=PersonFactory(pk=PERSON), text=words())
    read, blank = threading.Event(), threading.Event()
    enqueue = followers.enqueue

    def slowly(*args: Any) -> int:
        read.set()
        assert blank.wait(10)
        return enqueue(*args)

    monkeypatch.setattr(followers, "enqueue", slowly)
    # As if it had begun a moment before the announcement, which would have waited for it to begin.
    erasure = Erasure.objects.create(
        person_id=PERSON, until=Message.objects.get().timestamp, request="письмо", actor_name="Анна"
    )
    announcing = threading.Thread(target=_in_thread(lambda: announce_messages(seconds=5)))
    announcing.start()
    assert read.wait(10)
    erasing = threading.Thread(target=_in_thread(lambda: run(erasure)))
    erasing.start()
    erasing.join(1)
    waits = erasing.is_alive()
    blank.set()
    announcing.join()
    erasing.join()

    assert waits
    assert WebhookDelivery.objects.count() == 1
    assert marked_tables() == {}


@committed
def test_what_is_being_sent_when_the_person_is_erased_does_not_come_back_to_be_sent(tmp_path: Path) -> None:
    """Telegram asks for patience, and the reply waits once more: to be closed, not sent."""
    live(tmp_path)
    reply = PendingResponse.objects.get(chat=PERSON, status="approved")
    PendingResponse.objects.filter(pk=reply.pk).update(status="sending")
    erasure = ask()
    assert not run(erasure)
    PendingResponse.objects.filter(pk=reply.pk).update(status="approved")

    assert run(erasure)

    reply.refresh_from_db()
    assert (reply.status, reply.response_text) == ("cancelled", "")
    assert marked_tables() == {}


@committed
@pytest.mark.parametrize("again", [False, True], ids=["missed", "reclassified"])
def test_what_is_being_read_in_a_message_meanwhile_is_taken_away_again(
    monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """The words were read before they were erased, what is in them is written down after it."""
    message = MessageFactory(user=PersonFactory(pk=PERSON), text=words("сто роз"))
    if again:
        run_of = start(messages=Message.objects.all(), by="patterns", chosen="все", key="все").run
    read, blank = threading.Event(), threading.Event()
    write = classification._write

    def slowly(*args: Any, **options: Any) -> None:
        read.set()
        assert blank.wait(10)
        write(*args, **options)

    monkeypatch.setattr(classification, "_write", slowly)
    classify = (lambda: classify_batch(run_of)) if again else classification.classify_missed
    classifying = threading.Thread(target=_in_thread(classify))
    classifying.start()
    assert read.wait(10)
    erasure = ask()
    erasing = threading.Thread(target=_in_thread(lambda: run(erasure)))
    erasing.start()
    erasing.join(1)
    waits = erasing.is_alive()
    blank.set()
    classifying.join()
    erasing.join()

    assert waits
    assert MessageAnalysis.objects.get(message=message).entities == []
