"""Replies of the old hub: what they were, and never more than that."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from cvgorod_hub.old_hub.replies import FAILED_THERE, OTHER_STATE, STILL_WAITED, WAITED
from sandbox import review
from sandbox.actors import Actor
from sandbox.delivery import deliver_one
from sandbox.errors import ReviewConflictError
from sandbox.models import PendingResponse, ResponseEvent
from tests.fakes import FakeTransport
from tests.old_hub.conftest import Bring
from tests.old_hub.old_database import BEGAN, CHAT, OldHub
from tests.old_hub.sums import notes, sums

pytestmark = pytest.mark.django_db
SOMEBODY = Actor(name="Анна")
STATES = ("pending", "sent", "failed", "rejected", "approved", "sending", None)


def at(**later: int) -> datetime:
    return BEGAN.replace(tzinfo=UTC) + timedelta(**later)


@pytest.fixture
def replies(old: OldHub) -> OldHub:
    old.chat()
    old.person(601, first_name="Анна", last_name="Иванова")
    for state in STATES:
        old.reply(
            state or "",
            approved_by=601,
            approved_at=at(hours=1),
            sent_at=at(hours=2),
            scheduled_at=at(days=900),
        )
    return old


def test_each_keeps_its_meaning_and_what_waited_has_expired(replies: OldHub, bring: Bring) -> None:
    report = bring()

    states = dict(PendingResponse.objects.values_list("old_id", "status"))
    assert states == {
        1: "expired", 2: "sent", 3: "failed", 4: "rejected", 5: "expired", 6: "expired", 7: "expired",
    }  # fmt: skip
    assert sums(report, "pending_responses") == (7, {}, {})
    assert notes(report, "pending_responses") == {WAITED: 1, OTHER_STATE: 3}
    sent = PendingResponse.objects.get(old_id=2)
    assert (sent.pk, sent.approved_by, sent.approved_at, sent.sent_at) == (
        2,
        "Анна Иванова",
        at(hours=1),
        at(hours=2),
    )
    assert (sent.response_text, sent.original_text, sent.requested_by) == ("Да, есть.", "Да, есть.", "agent")
    assert PendingResponse.objects.get(old_id=3).last_error == FAILED_THERE


def test_the_log_says_what_the_old_hub_knew(replies: OldHub, bring: Bring) -> None:
    bring()

    log = {
        key: list(
            ResponseEvent.objects.filter(response__old_id=key)
            .order_by("pk")
            .values_list("kind", "actor_name")
        )
        for key in (1, 2, 3, 4)
    }
    assert log == {
        1: [("proposed", "agent"), ("expired", "hub")],
        2: [("proposed", "agent"), ("approved", "Анна Иванова"), ("sent", "hub")],
        3: [("proposed", "agent"), ("approved", "Анна Иванова"), ("failed", "hub")],
        4: [("proposed", "agent"), ("rejected", "Анна Иванова")],
    }
    assert ResponseEvent.objects.get(response__old_id=1, kind="expired").detail == STILL_WAITED
    assert ResponseEvent.objects.get(response__old_id=2, kind="sent").created_at == at(hours=2)


def test_none_of_them_can_ever_be_delivered(replies: OldHub, bring: Bring) -> None:
    FakeTransport.reset()
    bring()
    rows = list(PendingResponse.objects.all())

    for row in rows:
        for decide in (review.approve, review.retry, review.cancel, review.mark_sent):
            with pytest.raises(ReviewConflictError):
                decide(response_id=row.pk, actor=SOMEBODY)
        assert not deliver_one(response_id=row.pk)
        for state in ("pending", "approved", "sending", "unknown", "cancelled"):
            with pytest.raises(IntegrityError, match="old_ones_are_over"), transaction.atomic():
                PendingResponse.objects.filter(pk=row.pk).update(status=state)
    assert not deliver_one()
    assert FakeTransport.sent == []
    assert len(rows) == 7


def test_a_failed_one_is_shown_without_the_button_and_calls_nobody(
    replies: OldHub, bring: Bring, admin_client: Client
) -> None:
    bring()

    page = admin_client.get("/admin/sandbox/pendingresponse/3/change/").content.decode()
    home = admin_client.get("/admin/").content.decode()

    assert 'value="retry"' not in page
    assert "решает человек" not in home


def test_odd_rows_are_kept_or_skipped_with_their_reason(old: OldHub, bring: Bring) -> None:
    batch = "8a6e0804-2bd0-4672-b79d-d97027f9071a"
    old.reply("sent", chat_id=None)
    old.reply("sent", created_at=None)
    long = old.reply(
        "rejected", chat_id=-9, response_text="д" * 9000, client_name=None, requested_by=None, batch_id=batch,
        send_order=-1, approved_by=12345,
    )  # fmt: skip
    empty = old.reply(
        "sent", chat_id=-9, response_text=None, created_at=None, sent_at=at(), scheduled_at="infinity"
    )

    report = bring()

    kept, silent = PendingResponse.objects.get(old_id=long), PendingResponse.objects.get(old_id=empty)
    assert (len(kept.response_text), kept.batch_id, kept.send_order) == (9000, UUID(batch), None)
    assert (kept.requested_by, kept.approved_by, kept.chat.is_active) == ("old hub", "", False)
    assert ResponseEvent.objects.get(response=kept, kind="rejected").actor_name == "12345"
    assert (silent.response_text, silent.created_at, silent.scheduled_at) == ("", at(), None)
    assert sums(report, "pending_responses") == (
        2, {}, {"without a chat": 1, "its times are missing or out of range": 1},
    )  # fmt: skip


def test_without_the_later_columns(first: OldHub, bring: Bring) -> None:
    first.reply("sent")

    assert sums(bring(), "pending_responses") == (1, {}, {})
    assert PendingResponse.objects.get().chat_id == CHAT
