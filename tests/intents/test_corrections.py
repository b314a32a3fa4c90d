"""A person's word: it stands against every later run, is written down for good, and can be taken back."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from intents.classification import classify_by_patterns
from intents.corrections.correcting import (
    CorrectionError,
    SeenOtherwiseError,
    Word,
    confirm,
    correct,
    take_back,
)
from intents.llm import queue
from intents.llm.queue import classify_due_batch
from intents.models import AnalysisCorrection, Intent, MessageAnalysis, ModelSettings, Reclassification
from intents.reclassifying.choosing import Choice
from intents.reclassifying.running import classify_batch, start
from messaging.models import Message
from sandbox.models import PendingResponse
from tests.factories import NOW, AnalysisFactory, MessageFactory, ResponseFactory
from tests.intents.deepseek_stub import DeepSeekStub
from tests.marks import committed

pytestmark = pytest.mark.django_db
Source, Kind = MessageAnalysis.Source, AnalysisCorrection.Kind


@pytest.fixture
def anna() -> User:
    return User.objects.create_user("anna", first_name="Анна")


def judged(text: str = "беру 5 пачек рускуса", **fields: Any) -> MessageAnalysis:
    return AnalysisFactory.create(message__text=text, **{"intent": Intent.ORDER, **fields})


def what_stands(analysis: MessageAnalysis) -> tuple[str, str]:
    analysis.refresh_from_db()
    return analysis.intent, analysis.source


def say(analysis: MessageAnalysis, user: User, **word: Any) -> MessageAnalysis:
    return correct(message_id=analysis.message_id, user=user, word=Word(**word))


def test_a_correction_stands_and_what_stood_before_is_kept(anna: User) -> None:
    analysis = judged(
        source=Source.MODEL, model_used="deepseek", prompt_version="7", confidence=0.6, is_urgent=True
    )

    say(analysis, anna, intent=Intent.QUESTION)

    analysis.refresh_from_db()
    assert (analysis.intent, analysis.is_urgent, analysis.source) == (Intent.QUESTION, True, Source.PERSON)
    assert (analysis.confidence, analysis.model_used, analysis.model_due_at) == (1.0, "", None)
    [row] = AnalysisCorrection.objects.all()
    assert (row.kind, row.fields, row.actor_name, row.actor_user) == (
        Kind.CORRECTED,
        ["intent"],
        "Анна",
        anna,
    )
    assert (row.intent_before, row.intent, row.is_urgent_before) == (Intent.ORDER, Intent.QUESTION, True)
    assert (row.source_before, row.model_before, row.prompt_version_before) == (Source.MODEL, "deepseek", "7")
    assert (row.confidence_before, row.text, row.sender_role) == (0.6, "беру 5 пачек рускуса", "client")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ({"sentiment": "negative"}, "sentiment"),
        ({"is_urgent": True}, "is_urgent"),
        ({"entities": [{"kind": "item", "product": "рускус", "quantity": 5}]}, "entities"),
    ],
)
def test_each_field_is_corrected_by_itself(word: dict[str, Any], name: str, anna: User) -> None:
    analysis = judged()

    say(analysis, anna, **word)

    analysis.refresh_from_db()
    assert getattr(analysis, name) == word[name]
    assert AnalysisCorrection.objects.get().fields == [name]


def test_right_as_it_is_is_a_word_on_everything(anna: User) -> None:
    analysis = judged()

    confirm(message_id=analysis.message_id, user=anna, seen=analysis.fingerprint)

    assert what_stands(analysis) == (Intent.ORDER, Source.PERSON)
    row = AnalysisCorrection.objects.get()
    assert (row.kind, row.fields) == (Kind.CONFIRMED, ["intent", "sentiment", "is_urgent", "entities"])


def test_right_as_it_is_holds_only_for_what_was_seen(anna: User) -> None:
    analysis = judged()
    seen = analysis.fingerprint
    MessageAnalysis.objects.filter(pk=analysis.pk).update(intent=Intent.COMPLAINT)

    with pytest.raises(SeenOtherwiseError):
        confirm(message_id=analysis.message_id, user=anna, seen=seen)

    assert what_stands(analysis) == (Intent.COMPLAINT, Source.PATTERN)
    assert not AnalysisCorrection.objects.exists()


def test_the_same_word_twice_is_one(anna: User) -> None:
    analysis = judged()
    for _ in range(2):
        say(analysis, anna, intent=Intent.OTHER)
    for _ in range(2):
        analysis.refresh_from_db()
        confirm(message_id=analysis.message_id, user=anna, seen=analysis.fingerprint)

    kinds = AnalysisCorrection.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds) == [Kind.CORRECTED, Kind.CONFIRMED]


@pytest.mark.parametrize("word", [{}, {"intent": "prize"}, {"sentiment": "sour"}])
def test_what_is_no_word_changes_nothing(word: dict[str, Any], anna: User) -> None:
    analysis = judged()

    with pytest.raises(CorrectionError):
        say(analysis, anna, **word)

    assert what_stands(analysis) == (Intent.ORDER, Source.PATTERN)


def test_a_message_without_words_cannot_be_corrected(anna: User) -> None:
    message = MessageFactory.create(text="")

    for message_id in (message.pk, 10**12):
        with pytest.raises(CorrectionError):
            correct(message_id=message_id, user=anna, word=Word(intent=Intent.ORDER))


def edit(analysis: MessageAnalysis) -> None:
    message = Message.objects.get(pk=analysis.message_id)
    message.text = "розы все гнилые"
    message.save(update_fields=["text"])
    classify_by_patterns([message])


def reclassify(analysis: MessageAnalysis) -> None:
    for by in (Reclassification.By.PATTERNS, Reclassification.By.MODEL):
        run, _ = start(messages=Choice().messages(), by=by, chosen="all", key=by)
        while classify_batch(run):
            pass
    classify_due_batch()


def ask_the_model(analysis: MessageAnalysis) -> None:
    MessageAnalysis.objects.filter(pk=analysis.pk).update(model_due_at=NOW)
    classify_due_batch()


@pytest.mark.parametrize("run", [edit, reclassify, ask_the_model])
def test_a_persons_word_wins_over_every_later_run(
    run: Callable[[MessageAnalysis], None], anna: User, deepseek: DeepSeekStub
) -> None:
    analysis = judged()
    say(analysis, anna, intent=Intent.INTEREST)

    run(analysis)

    assert what_stands(analysis) == (Intent.INTEREST, Source.PERSON)
    assert deepseek.requests == []


def test_a_word_said_while_the_model_thinks_wins(
    anna: User, deepseek: DeepSeekStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    analysis = judged("кения", model_due_at=NOW)
    ask = queue.deepseek.ask

    def ask_and_be_overtaken(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        reply = ask(*args, **kwargs)
        say(analysis, anna, intent=Intent.COMPLAINT)
        return reply

    monkeypatch.setattr(queue.deepseek, "ask", ask_and_be_overtaken)

    classify_due_batch()

    assert len(deepseek.requests) == 1
    assert what_stands(analysis) == (Intent.COMPLAINT, Source.PERSON)


@committed
def test_patterns_that_read_an_edit_at_that_very_moment_do_not_win() -> None:
    """The patterns' statement waits for the person's transaction, and then leaves the row."""
    anna = User.objects.create_user("anna")
    analysis = judged()
    message = Message.objects.get(pk=analysis.message_id)
    done = threading.Event()

    def classify() -> None:
        try:
            classify_by_patterns([message])
        finally:
            done.set()
            connection.close()

    with transaction.atomic():
        say(analysis, anna, intent=Intent.COMPLAINT)
        thread = threading.Thread(target=classify)
        thread.start()
        _wait_until_somebody_waits()
        assert not done.is_set()
    thread.join()

    assert what_stands(analysis) == (Intent.COMPLAINT, Source.PERSON)


def _wait_until_somebody_waits() -> None:
    with connection.cursor() as cursor:
        for _ in range(10_000):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")


@committed
def test_many_people_at_once_are_each_written_down() -> None:
    analysis = judged()
    people = [User.objects.create_user(f"person{number}") for number in range(6)]
    intents = [Intent.OTHER, Intent.QUESTION, Intent.INTEREST, Intent.COMPLAINT, Intent.ORDER, Intent.OTHER]

    def speak(number: int) -> None:
        try:
            say(analysis, people[number], intent=intents[number])
        finally:
            connection.close()

    threads = [threading.Thread(target=speak, args=[number]) for number in range(len(people))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    rows = list(AnalysisCorrection.objects.order_by("id"))
    # Each begins where the one before it ended; who repeats the word that stands adds none.
    assert [row.intent_before for row in rows[1:]] == [row.intent for row in rows[:-1]]
    assert what_stands(analysis) == (rows[-1].intent, Source.PERSON)


def test_taken_back_the_patterns_speak_again(anna: User, settings: Settings) -> None:
    settings.DEEPSEEK_API_KEY = "sk-1"
    ModelSettings.objects.create(pk=1, asks=ModelSettings.Asks.ALL)
    analysis = judged()
    say(analysis, anna, intent=Intent.COMPLAINT)

    take_back(message_id=analysis.message_id, user=anna)

    assert what_stands(analysis) == (Intent.ORDER, Source.PATTERN)
    assert analysis.model_due_at is not None
    assert [entity["product"] for entity in analysis.entities] == ["рускус"]
    row = AnalysisCorrection.objects.first()
    assert row is not None
    assert (row.kind, row.intent_before, row.intent) == (Kind.TAKEN_BACK, Intent.COMPLAINT, Intent.ORDER)


def test_taking_back_what_no_person_said_does_nothing(anna: User) -> None:
    analysis = judged(source=Source.MODEL)

    take_back(message_id=analysis.message_id, user=anna)

    assert what_stands(analysis) == (Intent.ORDER, Source.MODEL)
    assert not AnalysisCorrection.objects.exists()


def test_taken_back_where_the_words_are_gone_nothing_stands(anna: User) -> None:
    analysis = judged()
    say(analysis, anna, intent=Intent.COMPLAINT)
    Message.objects.filter(pk=analysis.message_id).update(text="")

    assert take_back(message_id=analysis.message_id, user=anna) is None

    assert not MessageAnalysis.objects.exists()
    assert AnalysisCorrection.objects.count() == 2


@pytest.mark.parametrize(
    "change", ["UPDATE analysis_corrections SET intent = 'other'", "DELETE FROM analysis_corrections"]
)
def test_the_log_is_never_changed(change: str, anna: User) -> None:
    say(judged(), anna, intent=Intent.OTHER)

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_a_deleted_account_leaves_its_name(anna: User) -> None:
    say(judged(), anna, intent=Intent.OTHER)

    anna.delete()

    row = AnalysisCorrection.objects.get()
    assert (row.actor_user, row.actor_name) == (None, "Анна")


def test_statistics_follow_corrections_and_what_is_taken_back(anna: User) -> None:
    analyses = [judged(is_urgent=True), judged()]
    say(analyses[0], anna, intent=Intent.COMPLAINT, sentiment="negative", is_urgent=False)
    say(analyses[1], anna, is_urgent=True, intent=Intent.OTHER)
    call_command("rebuild_statistics", check=True)

    take_back(message_id=analyses[1].message_id, user=anna)

    call_command("rebuild_statistics", check=True)


def test_a_draft_does_not_grow_stale_by_a_correction_but_by_words(anna: User) -> None:
    analysis = judged()
    draft = ResponseFactory.create(chat=analysis.message.chat)
    Message.objects.filter(pk=analysis.message_id).update(changed_xid=1)

    def is_stale() -> bool:
        return bool(PendingResponse.objects.with_staleness(since="10:10:").get(pk=draft.pk).is_stale)

    assert not is_stale()
    say(analysis, anna, intent=Intent.OTHER)
    message = Message.objects.get(pk=analysis.message_id)
    assert (message.said_xid, message.changed_xid > 10) == (1, True)
    assert not is_stale()

    Message.objects.filter(pk=message.pk).update(text="другое")

    message.refresh_from_db()
    assert message.said_xid is None
    assert is_stale()
