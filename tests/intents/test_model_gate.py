"""Troubles of the service and of the account: they stop the queue, cost no message an attempt, and pass."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from intents.llm import gate
from intents.llm.gate import (
    ACCOUNT_PAUSE,
    FIRST_PAUSE,
    JITTER,
    LONGEST_ASKED,
    LONGEST_PAUSE,
    Trouble,
    current_trouble,
    try_now,
)
from intents.llm.queue import classify_due_batch
from intents.models import MessageAnalysis, ModelRequest, ModelState, ModelUsage
from intents.tasks import classify_unsure_messages
from tests.factories import NOW
from tests.intents.deepseek_stub import Answer, DeepSeekStub, completion
from tests.intents.due import asked_texts, due, make_all_due
from tests.marks import committed

pytestmark = pytest.mark.django_db
Source = MessageAnalysis.Source


def pause_ends() -> None:
    ModelState.objects.update(paused_until=timezone.now())


def pause() -> float:
    """Seconds until the next probe."""
    until = ModelState.objects.get().paused_until
    assert until is not None
    return (until - timezone.now()).total_seconds()


def trouble() -> str:
    found = current_trouble()
    return found.trouble if found else ""


def is_innocent(analysis: MessageAnalysis) -> bool:
    analysis.refresh_from_db()
    return (analysis.source, analysis.model_attempts) == (Source.PATTERN, 0) and bool(
        analysis.model_due_at and analysis.model_due_at <= timezone.now()
    )


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_service_in_trouble_is_left_alone_and_nobody_is_to_blame(
    status: int, deepseek: DeepSeekStub
) -> None:
    analyses = [due(), due()]
    deepseek.script = [Answer(status, b"{}")]

    classify_unsure_messages.run()
    classify_unsure_messages.run()

    assert len(deepseek.requests) == 1
    assert trouble() == Trouble.SERVICE
    assert all(is_innocent(analysis) for analysis in analyses)


@pytest.mark.parametrize("body", [b"\n\n", b"<html>", b'{"choices": []}'])
def test_what_is_no_answer_is_nobodys_fault(body: bytes, deepseek: DeepSeekStub) -> None:
    analysis = due()
    deepseek.script = [Answer(body=body)]

    classify_unsure_messages.run()

    assert trouble() == Trouble.SERVICE
    assert is_innocent(analysis)


def test_pauses_grow_with_some_jitter_up_to_a_bound(deepseek: DeepSeekStub) -> None:
    due()
    pauses = []
    for _ in range(8):
        deepseek.script = [Answer(500, b"{}")]
        classify_due_batch()
        pauses.append(pause())
        pause_ends()

    expected = [min(FIRST_PAUSE * 2**n, LONGEST_PAUSE).total_seconds() for n in range(8)]
    for found, base in zip(pauses, expected, strict=True):
        assert base - 2 < found < base * (1 + JITTER)


def test_pauses_of_several_workers_differ() -> None:
    assert len({gate._pause(Trouble.SERVICE, 3) for _ in range(50)}) > 40


@pytest.mark.parametrize("status", [429, 503])
def test_a_named_wait_is_kept_within_bounds(status: int, deepseek: DeepSeekStub) -> None:
    due()
    deepseek.script = [Answer(status, b"{}", headers={"Retry-After": "700"})]
    classify_due_batch()
    assert 690 < pause() <= 700

    pause_ends()
    deepseek.script = [Answer(status, b"{}", headers={"Retry-After": "999999"})]
    classify_due_batch()
    assert LONGEST_ASKED.total_seconds() - 10 < pause() <= LONGEST_ASKED.total_seconds()


def test_after_an_outage_everything_is_done_once_newest_first(deepseek: DeepSeekStub) -> None:
    texts = [f"сообщение {number}" for number in range(30)]
    analyses = [due(text) for text in texts]
    down = Answer(503, b"{}")
    for _ in range(15):  # an hour of probes
        deepseek.script = [down]
        classify_unsure_messages.run()
        pause_ends()
    probes = asked_texts(deepseek)
    assert [len(batch) for batch in probes] == [20, *[1] * 14]
    assert all(is_innocent(analysis) for analysis in analyses)
    deepseek.requests.clear()

    classify_unsure_messages.run()

    done = asked_texts(deepseek)
    assert sorted(text for batch in done for text in batch) == sorted(texts)
    assert len(done[0]) == 1  # the last probe
    # The batch that the outage broke is asked apart, all others together.
    assert sorted(len(batch) for batch in done) == [*[1] * 20, 10]
    order = [texts.index(batch[-1]) for batch in done[1:]]
    assert order == sorted(order, reverse=True)
    assert set(MessageAnalysis.objects.values_list("source", "model_attempts")) == {(Source.MODEL, 0)}
    assert trouble() == ""


@committed
def test_one_request_at_a_time_finds_out_whether_it_is_over(deepseek: DeepSeekStub) -> None:
    due("старое")
    due("новое")
    deepseek.script = [Answer(503, b"{}")]
    classify_due_batch()
    pause_ends()
    others: list[bool] = []
    deepseek.script = [Answer(before=lambda: others.append(another_may()))]

    assert classify_due_batch()

    assert others == [False]
    assert trouble() == ""


def another_may() -> bool:
    """Whether a second worker would get leave while the probe is on its way; in its own thread."""
    try:
        with transaction.atomic():
            return gate.take_turn() is not None
    finally:
        connection.close()


def test_a_message_that_breaks_the_service_keeps_nobody_waiting(deepseek: DeepSeekStub) -> None:
    first, poison, last = due("первое"), due("яд"), due("последнее")

    def decide() -> None:
        last_asked = asked_texts(deepseek)[-1]
        answer.status, answer.body = (500, b"{}") if "яд" in last_asked else (200, None)

    answer = Answer()
    answer.before = decide
    deepseek.always = answer

    for _ in range(40):
        if not classify_due_batch():
            pause_ends()
            make_all_due()

    assert {first.pk, last.pk} == set(
        MessageAnalysis.objects.filter(source=Source.MODEL).values_list("pk", flat=True)
    )
    poison.refresh_from_db()
    assert (poison.source, poison.model_due_at) == (Source.PATTERN, None)
    assert poison.model_attempts == 4


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Trouble.KEY), (402, Trouble.BALANCE), (403, Trouble.REFUSED), (404, Trouble.REFUSED)],
)
def test_the_accounts_trouble_stops_the_queue_and_costs_no_attempt(
    status: int, kind: Trouble, deepseek: DeepSeekStub, caplog: pytest.LogCaptureFixture
) -> None:
    analyses = [due(), due()]
    deepseek.script = [Answer(status, b"{}")]

    classify_unsure_messages.run()
    classify_unsure_messages.run()

    assert len(deepseek.requests) == 1
    assert trouble() == kind
    assert ACCOUNT_PAUSE.total_seconds() - 10 < pause() <= ACCOUNT_PAUSE.total_seconds()
    assert all(is_innocent(analysis) for analysis in analyses)
    assert f"trouble={kind}" in caplog.text
    assert "sk-only" not in caplog.text


def test_a_probe_that_succeeds_ends_the_accounts_trouble(deepseek: DeepSeekStub) -> None:
    for number in range(3):
        due(f"сообщение {number}")
    deepseek.script = [Answer(402, b"{}")]
    classify_unsure_messages.run()
    pause_ends()

    classify_unsure_messages.run()

    assert trouble() == ""
    assert asked_texts(deepseek)[1:] == [["сообщение 2"], ["сообщение 0", "сообщение 1"]]
    assert ModelState.objects.get().paused_until is None


@pytest.mark.parametrize("name", ["DEEPSEEK_API_KEY", "DEEPSEEK_API_URL", "DEEPSEEK_MODEL"])
def test_other_settings_end_the_accounts_trouble_at_once(
    name: str, deepseek: DeepSeekStub, settings: Settings
) -> None:
    due()
    deepseek.script = [Answer(401, b"{}")]
    classify_due_batch()
    url = settings.DEEPSEEK_API_URL
    setattr(settings, name, f"{getattr(settings, name)}2" if name != "DEEPSEEK_API_URL" else f"{url}/v1")

    assert current_trouble() is None
    assert classify_due_batch()


def test_the_rows_keep_no_key(deepseek: DeepSeekStub, settings: Settings) -> None:
    due()
    deepseek.script = [Answer(401, b"{}")]
    classify_due_batch()

    assert settings.DEEPSEEK_API_KEY not in str(ModelState.objects.values().get())


def test_a_person_who_mended_it_need_not_wait(deepseek: DeepSeekStub) -> None:
    due()
    deepseek.script = [Answer(402, b"{}")]
    classify_due_batch()
    assert not classify_due_batch()

    try_now()

    assert classify_due_batch()
    assert trouble() == ""


def test_a_models_name_that_deepseek_does_not_know_is_no_messages_fault(deepseek: DeepSeekStub) -> None:
    analyses = [due("первое"), due("второе")]
    refused = Answer(400, b'{"error": "The supported API model names are ..."}')
    deepseek.script = [refused] * 3

    classify_unsure_messages.run()

    assert asked_texts(deepseek) == [["первое", "второе"], ["второе"], ["да"]]
    assert trouble() == Trouble.REFUSED
    assert all(is_innocent(analysis) for analysis in analyses)


def test_a_blank_answer_is_no_outage(deepseek: DeepSeekStub) -> None:
    due()
    deepseek.script = [Answer(body=completion(" "))]

    classify_unsure_messages.run()

    assert trouble() == ""


def test_a_probe_whose_worker_died_does_not_keep_others_out(deepseek: DeepSeekStub) -> None:
    due()
    deepseek.script = [Answer(503, b"{}")]
    classify_due_batch()
    pause_ends()
    ModelRequest.objects.create(started_at=NOW, ends_at=NOW + timedelta(seconds=1), tokens=1, cost=0)

    assert classify_due_batch()

    assert not ModelRequest.objects.exists()
    assert sum(row.requests for row in ModelUsage.objects.all()) == 3


def test_an_outage_that_several_workers_see_counts_once(deepseek: DeepSeekStub) -> None:
    """Three requests that were on their way together are one failure, not three."""
    due()
    begun = [
        ModelRequest.objects.create(started_at=timezone.now(), ends_at=NOW, tokens=1, cost=0)
        for _ in range(3)
    ]
    error = RuntimeError("down")

    for request in begun:
        gate.note_trouble(request, Trouble.SERVICE, error, asked=timedelta(0), probed=None)

    assert ModelState.objects.get().failures == 1
    assert pause() < FIRST_PAUSE.total_seconds() * (1 + JITTER)
