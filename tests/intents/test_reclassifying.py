"""Messages classified anew: chosen once, each done once, stopped, gone on with, cancelled, shared."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from intents.llm.claims import claim_batch, held
from intents.llm.queue import give_up_old
from intents.models import Intent, MessageAnalysis, MessagePattern, Reclassification, ReclassificationItem
from intents.patterns.rulebook import forget_classifier
from intents.reclassifying import running
from intents.reclassifying.choosing import Choice
from intents.reclassifying.running import NoModelError, cancel, classify_batch, start
from intents.tasks import reclassify_messages
from messaging.models import Message
from tests.factories import NOW, AnalysisFactory, ChatFactory, MessageFactory, make
from tests.marks import committed

pytestmark = pytest.mark.django_db
By, State, Source = Reclassification.By, Reclassification.State, MessageAnalysis.Source


def wrong(count: int = 1, **fields: Any) -> list[MessageAnalysis]:
    """Orders that once were taken for something else."""
    given = {"message__text": "беру 5 пачек", "intent": Intent.OTHER, "confidence": 0.3, **fields}
    return make(AnalysisFactory, count, **given)


def begin(by: str = By.PATTERNS, key: str = "1") -> Reclassification:
    return start(messages=Choice().messages(), by=by, chosen="all", key=key).run


def orders() -> int:
    return MessageAnalysis.objects.filter(intent=Intent.ORDER).count()


def test_every_chosen_message_is_classified_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH", 2)
    wrong(5)
    MessageFactory.create(text="", message_type=Message.Type.PHOTO)

    run = begin()
    taken = [classify_batch(run) for _ in range(4)]

    assert taken == [2, 2, 1, 0]
    run.refresh_from_db()
    assert (run.total, run.done, run.kept, run.state, run.percent) == (5, 5, 0, State.DONE, 100)
    assert run.finished_at is not None
    assert (orders(), ReclassificationItem.objects.count()) == (5, 0)


def test_messages_that_were_never_read_are_read(settings: Settings) -> None:
    MessageFactory.create(text="беру 5 пачек")

    classify_batch(begin())

    assert orders() == 1


def test_peoples_words_are_kept_and_counted() -> None:
    [analysis] = wrong(source=Source.PERSON)
    wrong()

    run = begin()
    classify_batch(run)

    analysis.refresh_from_db()
    run.refresh_from_db()
    assert (analysis.intent, analysis.source) == (Intent.OTHER, Source.PERSON)
    assert (run.done, run.kept, orders()) == (2, 1, 1)


def test_what_the_model_said_stays_where_the_patterns_would_ask_it_again(settings: Settings) -> None:
    settings.DEEPSEEK_API_KEY = "sk-1"
    unsure = AnalysisFactory.create(message__text="кения", intent=Intent.INTEREST, source=Source.MODEL)
    [sure] = wrong(source=Source.MODEL, message__text="беру 5 пачек рускуса, запишите")

    classify_batch(begin())

    unsure.refresh_from_db()
    sure.refresh_from_db()
    assert (unsure.intent, unsure.source, unsure.model_due_at) == (Intent.INTEREST, Source.MODEL, None)
    assert (sure.intent, sure.source) == (Intent.ORDER, Source.PATTERN)


def test_for_the_model_messages_only_become_due(settings: Settings) -> None:
    settings.DEEPSEEK_API_KEY = "sk-1"
    [analysis] = wrong(model_attempts=9, model_error="away")
    fresh = MessageFactory.create(text="беру 5 пачек")

    classify_batch(begin(By.MODEL))

    analysis.refresh_from_db()
    assert (analysis.intent, analysis.source) == (Intent.OTHER, Source.PATTERN)
    assert (analysis.model_due_at is not None, analysis.model_attempts, analysis.model_error) == (True, 0, "")
    assert MessageAnalysis.objects.get(message=fresh).model_due_at is not None


def test_the_model_is_asked_about_what_was_understood_long_ago(settings: Settings) -> None:
    settings.DEEPSEEK_API_KEY = "sk-1"
    [analysis] = wrong(model_alone=True)
    MessageAnalysis.objects.update(updated_at=timezone.now() - timedelta(days=400))

    classify_batch(begin(By.MODEL))

    assert give_up_old() == 0
    analysis.refresh_from_db()
    assert (analysis.model_due_at is not None, analysis.model_alone) == (True, False)


@pytest.mark.parametrize("by", By)
def test_what_the_model_has_at_this_moment_is_not_asked_twice(by: str, settings: Settings) -> None:
    settings.DEEPSEEK_API_KEY = "sk-1"
    wrong(message__text="кения", model_due_at=timezone.now() - timedelta(minutes=1))
    claim = claim_batch()
    assert claim is not None

    classify_batch(begin(by))

    assert held(claim, claim.analyses).count() == 1
    assert claim_batch() is None


def test_without_a_key_the_model_is_not_asked() -> None:
    wrong()

    with pytest.raises(NoModelError):
        begin(By.MODEL)

    assert not Reclassification.objects.exists()


def test_the_same_choice_is_one_run_while_it_goes_on() -> None:
    wrong()
    first, second, other = begin(), begin(), begin(key="2")

    assert (first.pk == second.pk, first.pk == other.pk) == (True, False)
    classify_batch(first)
    assert begin().pk != first.pk


def test_a_run_over_nothing_is_done_at_once() -> None:
    run = begin()

    assert (run.total, run.state, run.percent) == (0, State.DONE, 100)


def test_a_batch_that_fails_is_left_for_the_next_try(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong(2)
    run = begin()

    def fail(*_args: object, **_fields: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(running, "classify_by_patterns", fail)
        with pytest.raises(RuntimeError):
            classify_batch(run)
    run.refresh_from_db()
    assert (run.done, ReclassificationItem.objects.count()) == (0, 2)

    assert classify_batch(run) == 2


def test_cancelling_leaves_the_rest_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH", 1)
    user = User.objects.create_user("anna", first_name="Анна")
    wrong(3)
    run = begin()
    classify_batch(run)

    assert cancel(run_id=run.pk, user=user)
    assert not cancel(run_id=run.pk, user=user)

    assert classify_batch(run) == 0
    run.refresh_from_db()
    assert (run.done, run.state, run.cancelled_by, orders()) == (1, State.CANCELLED, "Анна", 1)


def test_the_task_works_off_all_runs() -> None:
    wrong(3)
    begin()
    begin(key="2")

    assert reclassify_messages.run() == 6
    assert set(Reclassification.objects.values_list("state", flat=True)) == {State.DONE}


@committed
def test_two_workers_share_a_run_and_do_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH", 3)
    wrong(30)
    run = begin()
    taken: list[int] = []

    def work() -> None:
        try:
            while count := classify_batch(Reclassification.objects.get(pk=run.pk)):
                taken.append(count)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    run.refresh_from_db()
    assert (sum(taken), run.done, run.state, orders()) == (30, 30, State.DONE, 30)


@committed
def test_pressed_by_many_at_once_it_is_started_once() -> None:
    wrong(3)
    runs: list[int] = []

    def press() -> None:
        try:
            runs.append(begin().pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(runs), len(set(runs)), ReclassificationItem.objects.count()) == (6, 1, 3)


def test_a_period_a_chat_and_an_intent_choose() -> None:
    chat = ChatFactory.create()
    wrong(message__chat=chat, message__timestamp=NOW)
    wrong(message__chat=chat, message__timestamp=NOW - timedelta(days=2))
    wrong(message__timestamp=NOW)
    wrong(message__chat=chat, message__timestamp=NOW, intent=Intent.COMPLAINT)

    def count(**choice: Any) -> int:
        return Choice(**choice).messages().count()

    assert count() == 4
    assert count(chat_id=chat.pk) == 3
    assert count(chat_id=chat.pk, since=NOW - timedelta(days=1)) == 2
    assert count(until=NOW) == 1
    assert count(chat_id=chat.pk, since=NOW, intent=Intent.OTHER) == 1


def test_the_command_classifies_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    wrong(2)
    wrong(source=Source.PERSON)

    call_command("reclassify")

    assert capsys.readouterr().out == "Classified anew: 2 of 3 messages; left to people's word: 1.\n"
    assert orders() == 2


def test_the_command_can_only_count(capsys: pytest.CaptureFixture[str]) -> None:
    wrong(2)

    call_command("reclassify", "--dry-run", "--since", "2026-11-01", "--intent", "other")

    out = capsys.readouterr().out
    assert out == "Would classify anew: 2 messages (since 2026-11-01 00:00, intent other).\n"
    assert (orders(), Reclassification.objects.count()) == (0, 0)


def test_the_command_goes_on_where_it_was_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(running, "BATCH", 2)
    wrong(5)
    run = start(messages=Choice().messages(), by=By.PATTERNS, chosen="all", key=Choice().key).run
    classify_batch(run)

    call_command("reclassify")

    captured = capsys.readouterr()
    assert "2 of 5 are done" in captured.err
    assert captured.out == "Classified anew: 5 of 5 messages; left to people's word: 0.\n"
    assert Reclassification.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "complaint", "returncode"),
    [
        (["--since", "yesterday"], "--since yesterday: not a date", 1),
        (["--since", "2026-11-02", "--until", "2026-11-01"], "--until must be later", 1),
        (["--source", "model"], "DEEPSEEK_API_KEY is not set", 78),
    ],
)
def test_the_command_says_what_it_cannot_do(arguments: list[str], complaint: str, returncode: int) -> None:
    with pytest.raises(CommandError, match=complaint) as error:
        call_command("reclassify", *arguments)

    assert error.value.returncode == returncode


def test_new_patterns_reach_old_messages() -> None:
    AnalysisFactory.create(message__text="абракадабра", intent=Intent.OTHER)
    MessagePattern.objects.create(
        pattern_name="Пароль", pattern_type=Intent.ORDER, keyword_patterns=["абракадабра"], priority=1
    )
    forget_classifier()

    classify_batch(begin())

    assert orders() == 1
