"""Many chats at once, each in order; with real threads on real commits."""

import threading
import time
from collections import defaultdict
from datetime import timedelta

import pytest
import redis
from django.conf import settings
from django.db import connections
from django.utils import timezone

from messaging.chats import follow_migration
from sandbox import dispatch
from sandbox.models import PendingResponse, SendingState
from sandbox.pacing import Slot
from sandbox.transport import Outcome, TransportError
from tests.factories import ChatFactory, ResponseFactory, make
from tests.fakes import FakeTransport
from tests.marks import committed

pytestmark = committed


class NoPace:
    """Every chat's turn is now."""

    def reserve(self, chat_ids: list[int]) -> Slot:
        return Slot(0)


@pytest.fixture(autouse=True)
def _clean_redis() -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()


@pytest.fixture
def no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "pacer", NoPace())


def approve_rows(count: int, **fields: object) -> list[PendingResponse]:
    now = timezone.now()
    return [
        ResponseFactory(
            status="approved",
            approved_at=now - timedelta(minutes=5) + timedelta(seconds=place),
            response_text=f"{place}",
            **fields,
        )
        for place in range(count)
    ]


@pytest.mark.usefixtures("no_pace")
def test_a_chat_s_replies_go_out_in_their_order(transport: type[FakeTransport]) -> None:
    for chat in make(ChatFactory, 3):
        approve_rows(5, chat=chat)

    assert dispatch.deliver_due(seconds=30) == 15

    arrived = defaultdict(list)
    for sent in transport.sent:
        arrived[sent.chat_id].append(sent.text)
    assert list(arrived.values()) == [["0", "1", "2", "3", "4"]] * 3


@pytest.mark.usefixtures("no_pace")
def test_a_moved_group_is_one_chat(transport: type[FakeTransport]) -> None:
    old = ChatFactory(id=-77, chat_type="group")
    [first] = approve_rows(1, chat=old)
    follow_migration(old_id=-77, new_id=-100777)
    ResponseFactory(
        status="approved", approved_at=timezone.now(), chat_id=-100777, response_text="after the move"
    )

    heads = PendingResponse.objects.heads()

    assert [head.pk for head in heads] == [first.pk]
    dispatch.deliver_due(seconds=30)
    assert [(sent.chat_id, sent.text) for sent in transport.sent] == [
        (-100777, "0"),
        (-100777, "after the move"),
    ]


@pytest.mark.parametrize("on_its_way", [-77, -100777])
def test_a_reply_on_its_way_holds_back_the_others_under_either_id(on_its_way: int) -> None:
    old = ChatFactory(id=-77, chat_type="group")
    follow_migration(old_id=-77, new_id=-100777)
    ResponseFactory(chat_id=on_its_way, status="sending", claimed_at=timezone.now())
    approve_rows(1, chat=old)
    approve_rows(1, chat_id=-100777)

    assert list(PendingResponse.objects.heads()) == []


@pytest.mark.usefixtures("no_pace")
def test_a_reply_that_waits_for_another_try_holds_back_those_behind_it(
    transport: type[FakeTransport],
) -> None:
    transport.failures = [TransportError("429", outcome=Outcome.NOT_SENT, retry_after=60)]
    chat = ChatFactory()
    first, second = approve_rows(2, chat=chat)

    assert dispatch.deliver_due(seconds=30) == 1
    PendingResponse.objects.filter(pk=first.pk).update(retry_at=None)
    assert dispatch.deliver_due(seconds=30) == 2

    assert [sent.text for sent in transport.sent] == ["0", "1"]
    second.refresh_from_db()
    assert second.attempts == 1


@pytest.mark.usefixtures("no_pace")
def test_a_reply_for_later_holds_back_nothing(transport: type[FakeTransport]) -> None:
    chat = ChatFactory()
    later, _now = approve_rows(2, chat=chat)
    PendingResponse.objects.filter(pk=later.pk).update(scheduled_at=timezone.now() + timedelta(hours=1))

    dispatch.deliver_due(seconds=30)

    assert [sent.text for sent in transport.sent] == ["1"]


@pytest.mark.usefixtures("no_pace")
def test_a_doubtful_reply_holds_back_nothing(transport: type[FakeTransport]) -> None:
    transport.failures = [TransportError("timeout", outcome=Outcome.UNKNOWN)]
    approve_rows(2, chat=ChatFactory())

    dispatch.deliver_due(seconds=30)

    assert [sent.text for sent in transport.sent] == ["1"]


@pytest.mark.usefixtures("no_pace")
def test_repeated_requests_for_a_pause_pause_everything(transport: type[FakeTransport]) -> None:
    limited = TransportError("429", outcome=Outcome.NOT_SENT, retry_after=60)
    transport.failures = [limited] * 100
    approve_rows(40)

    attempted = dispatch.deliver_due(seconds=30)

    state = SendingState.objects.get()
    assert state.trouble == "rate_limited"
    assert state.paused_until is not None
    assert state.paused_until > timezone.now() + timedelta(seconds=50)
    # Those that were on their way already came back too; nobody began after that.
    assert 3 <= attempted <= dispatch.SENDERS + 3
    assert dispatch.deliver_due(seconds=30) == 0
    assert transport.sent == []


@pytest.mark.usefixtures("no_pace")
def test_a_refused_token_stops_everything_until_a_send_works_again(transport: type[FakeTransport]) -> None:
    refused = TransportError("401", outcome=Outcome.NOT_SENT, stop_all=True)
    transport.failures = [refused] * dispatch.SENDERS
    approve_rows(40)

    dispatch.deliver_due(seconds=30)

    assert SendingState.objects.get().trouble == "token_refused"
    assert transport.sent == []
    transport.failures = []
    assert dispatch.deliver_due(seconds=30) == 0
    SendingState.objects.update(paused_until=timezone.now())
    dispatch.deliver_due(seconds=30)
    state = SendingState.objects.get()
    assert (state.trouble, state.trouble_since, len(transport.sent)) == ("", None, 40)


@pytest.mark.usefixtures("no_pace")
def test_a_transport_that_breaks_does_not_stop_the_others(
    transport: type[FakeTransport], caplog: pytest.LogCaptureFixture
) -> None:
    broken: list[int] = []

    def break_once() -> None:
        if not broken:
            broken.append(1)
            raise RuntimeError("a fault of ours")

    transport.before_answer = staticmethod(break_once)
    approve_rows(3)

    dispatch.deliver_due(seconds=30)

    assert sorted(PendingResponse.objects.values_list("status", flat=True)) == ["sending", "sent", "sent"]
    assert "delivery broke off" in caplog.text


@pytest.mark.usefixtures("no_pace")
def test_a_second_call_only_says_that_there_is_more(transport: type[FakeTransport]) -> None:
    approve_rows(1)
    answers: list[int] = []

    def another_nudge() -> None:
        if not answers:
            approve_rows(1)
            answers.append(dispatch.deliver_due(seconds=30))

    transport.before_answer = staticmethod(another_nudge)

    assert dispatch.deliver_due(seconds=30) == 2
    assert answers == [0]


@pytest.mark.usefixtures("no_pace")
def test_its_threads_leave_no_connection_behind(transport: type[FakeTransport]) -> None:
    before = threading.active_count()
    opened = []
    transport.before_answer = staticmethod(lambda: opened.append(connections["default"].connection))
    approve_rows(5)

    dispatch.deliver_due(seconds=30)

    assert len(opened) == 5
    assert all(connection.closed for connection in opened)
    assert threading.active_count() == before


def test_the_beat_is_kept_by_real_time(transport: type[FakeTransport]) -> None:
    """Thirty messages take a second, and so do two to one chat."""
    times: list[float] = []
    transport.before_answer = staticmethod(lambda: times.append(time.monotonic()))
    rows = approve_rows(30)
    ResponseFactory(chat=rows[0].chat, status="approved", approved_at=timezone.now(), response_text="again")

    assert dispatch.deliver_due(seconds=30) == 31

    to_one = [at for at, sent in zip(times, transport.sent, strict=True) if sent.chat_id == rows[0].chat_id]
    assert to_one[1] - to_one[0] >= 1.0
    assert sorted(times)[29] - min(times) >= 0.95
