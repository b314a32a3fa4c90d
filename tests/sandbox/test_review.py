import threading
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from messaging.chats import follow_migration
from messaging.models import Chat, Message
from sandbox import review
from sandbox.actors import HUB, Actor
from sandbox.errors import InvalidTextError, ReviewConflictError, StaleResponseError
from sandbox.models import PendingResponse
from sandbox.transitions import expire_overdue
from tests.factories import ManagerFactory, MessageFactory, PersonFactory, ResponseFactory, role
from tests.marks import committed

pytestmark = pytest.mark.django_db


def kinds(response: PendingResponse) -> list[str]:
    return list(response.events.values_list("kind", flat=True))


def test_an_approval_is_logged_with_the_text_that_was_approved(manager: Actor) -> None:
    response = review.approve(response_id=ResponseFactory().pk, actor=manager, version=1)

    assert (response.status, response.approved_by) == ("approved", "Анна")
    event = response.events.get()
    assert (event.kind, event.actor_user, event.text_after) == (
        "approved",
        manager.user,
        "Да, роза есть, 95 рублей.",
    )


def test_edit_and_approve_keeps_the_agents_words_beside(manager: Actor) -> None:
    response = review.approve(
        response_id=ResponseFactory().pk, actor=manager, version=1, text="Да, по 97 рублей."
    )

    assert (response.status, response.version) == ("approved", 2)
    assert response.response_text == "Да, по 97 рублей."
    assert response.original_text == "Да, роза есть, 95 рублей."
    assert kinds(response) == ["edited", "approved"]


def test_an_approval_of_an_older_version_changes_nothing(manager: Actor) -> None:
    draft = ResponseFactory()
    review.edit(response_id=draft.pk, actor=Actor(name="Борис"), text="Нет.")

    with pytest.raises(ReviewConflictError, match="Борис"):
        review.approve(response_id=draft.pk, actor=manager, version=1)

    draft.refresh_from_db()
    assert (draft.status, draft.response_text) == ("pending", "Нет.")


def test_an_edit_to_the_same_words_is_no_edit(manager: Actor) -> None:
    draft = ResponseFactory()

    review.edit(response_id=draft.pk, actor=manager, text=" Да, роза есть, 95 рублей.\r\n")

    draft.refresh_from_db()
    assert (draft.version, kinds(draft)) == (1, [])


def test_an_approval_with_a_text_too_long_changes_nothing(manager: Actor) -> None:
    draft = ResponseFactory()

    with pytest.raises(InvalidTextError):
        review.approve(response_id=draft.pk, actor=manager, text="а" * 4097)
    draft.refresh_from_db()
    assert draft.status == "pending"


def test_a_rejection_carries_its_reason(manager: Actor) -> None:
    response = review.reject(response_id=ResponseFactory().pk, actor=manager, reason=" Цена старая ")

    assert (response.status, response.rejected_reason) == ("rejected", "Цена старая")
    assert response.events.get().detail == "Цена старая"


@pytest.mark.parametrize(
    ("status", "decide"),
    [
        ("approved", review.approve),
        ("rejected", review.approve),
        ("pending", review.cancel),
        ("sending", review.cancel),
        ("sent", review.cancel),
        ("sent", review.retry),
        ("pending", review.retry),
        ("failed", review.mark_sent),
        ("approved", review.reject),
        ("expired", review.approve),
    ],
)
def test_a_move_that_the_state_does_not_allow_is_a_conflict(
    manager: Actor, status: str, decide: Callable[..., PendingResponse]
) -> None:
    response = ResponseFactory(status=status)

    with pytest.raises(ReviewConflictError):
        decide(response_id=response.pk, actor=manager)

    response.refresh_from_db()
    assert (response.status, kinds(response)) == (status, [])


def test_a_conflict_names_who_was_first(manager: Actor) -> None:
    draft = ResponseFactory()
    review.reject(response_id=draft.pk, actor=Actor(name="Борис"))

    with pytest.raises(ReviewConflictError, match="Борис"):
        review.approve(response_id=draft.pk, actor=manager)


def test_an_unknown_reply_does_not_exist(manager: Actor) -> None:
    with pytest.raises(PendingResponse.DoesNotExist):
        review.approve(response_id=404, actor=manager)


def test_a_doubtful_reply_marked_as_sent_stands_in_the_history(manager: Actor) -> None:
    response = ResponseFactory(status="unknown", claimed_at=timezone.now())

    review.mark_sent(response_id=response.pk, actor=manager)

    message = Message.objects.get(chat=response.chat)
    assert (message.text, message.source) == (response.response_text, "sent")


def test_a_failed_reply_sent_again_is_due_at_once(manager: Actor) -> None:
    response = ResponseFactory(status="failed", retry_at=timezone.now() + timedelta(hours=1))

    review.retry(response_id=response.pk, actor=manager)

    assert PendingResponse.objects.due().get() == response


def test_a_decision_about_an_earlier_attempt_is_a_conflict(manager: Actor) -> None:
    response = ResponseFactory(status="unknown", attempts=2)

    for decide in (review.retry, review.mark_sent):
        with pytest.raises(ReviewConflictError):
            decide(response_id=response.pk, actor=manager, attempts=1)
    assert review.retry(response_id=response.pk, actor=manager, attempts=2).status == "approved"


def test_a_reply_whose_time_has_passed_cannot_be_approved_before_the_sweep_comes(manager: Actor) -> None:
    response = ResponseFactory(expires_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(ReviewConflictError):
        review.approve(response_id=response.pk, actor=manager)


def test_a_very_long_name_can_decide(django_user_model: type[User]) -> None:
    user = django_user_model.objects.create_user("long", first_name="А" * 150, last_name="Б" * 150)

    response = review.approve(response_id=ResponseFactory().pk, actor=Actor.from_user(user))

    assert len(response.approved_by) == 150


def test_proposals_expire_when_their_time_has_passed() -> None:
    overdue = ResponseFactory(expires_at=timezone.now() - timedelta(seconds=1))
    ResponseFactory(expires_at=timezone.now() + timedelta(hours=1))
    ResponseFactory()

    assert expire_overdue(actor=HUB) == 1
    overdue.refresh_from_db()
    assert (overdue.status, kinds(overdue)) == ("expired", ["expired"])


@committed
class TestStaleness:
    """The chat moved on: needs real commits, since "since" is told by transactions."""

    def draft(self) -> PendingResponse:
        chat = MessageFactory().chat
        return ResponseFactory(chat=chat)

    def is_stale(self, draft: PendingResponse) -> bool:
        return PendingResponse.objects.with_staleness().get(pk=draft.pk).is_stale

    def test_a_fresh_draft_is_not_stale(self) -> None:
        assert not self.is_stale(self.draft())

    def test_it_is_stale_once_the_client_wrote_again(self) -> None:
        draft = self.draft()
        MessageFactory(chat=draft.chat)

        assert self.is_stale(draft)

    def test_it_is_stale_once_a_manager_answered(self) -> None:
        draft = self.draft()
        MessageFactory(chat=draft.chat, user=ManagerFactory())

        assert self.is_stale(draft)

    def test_it_is_stale_once_the_question_was_edited(self) -> None:
        draft = self.draft()
        Message.objects.filter(chat=draft.chat).update(text="не 5, а 15", edited_at=timezone.now())

        assert self.is_stale(draft)

    def test_it_is_stale_once_the_client_wrote_in_the_supergroup_that_the_group_became(self) -> None:
        draft = self.draft()
        follow_migration(old_id=draft.chat_id, new_id=-100777)
        MessageFactory(chat=Chat.objects.get(pk=-100777))

        assert self.is_stale(draft)

    def test_another_reply_of_ours_makes_it_stale(self) -> None:
        draft = self.draft()
        MessageFactory(chat=draft.chat, source="sent")

        assert self.is_stale(draft)

    def test_the_replies_of_one_batch_follow_each_other(self) -> None:
        batch = uuid.uuid4()
        first = ResponseFactory(batch_id=batch, send_order=0, telegram_message_id=900)
        second = ResponseFactory(chat=first.chat, batch_id=batch, send_order=1)
        MessageFactory(chat=first.chat, source="sent", telegram_message_id=900)

        assert not self.is_stale(second)

    def test_mailings_service_messages_and_other_chats_do_not_matter(self) -> None:
        draft = self.draft()
        MessageFactory(chat=draft.chat, user=PersonFactory(role=role("broadcast_bot")))
        MessageFactory(chat=draft.chat, message_type="service")
        MessageFactory()

        assert not self.is_stale(draft)

    def test_a_message_that_was_being_stored_when_the_agent_proposed_counts(self) -> None:
        chat = MessageFactory().chat
        stored, proposed = threading.Event(), threading.Event()

        def slow_collector() -> None:
            with transaction.atomic():
                MessageFactory(chat=chat)
                stored.set()
                proposed.wait(10)
            connection.close()

        collector = threading.Thread(target=slow_collector)
        collector.start()
        stored.wait(10)
        draft = ResponseFactory(chat=chat)
        assert not self.is_stale(draft)
        proposed.set()
        collector.join()

        assert self.is_stale(draft)

    def test_a_stale_draft_is_approved_only_with_a_second_yes(self) -> None:
        draft = self.draft()
        MessageFactory(chat=draft.chat)
        actor = Actor(name="Анна")

        with pytest.raises(StaleResponseError):
            review.approve(response_id=draft.pk, actor=actor, version=1)
        draft.refresh_from_db()
        assert draft.status == "pending"

        approved = review.approve(response_id=draft.pk, actor=actor, version=1, confirm_stale=True)
        assert (approved.status, approved.events.get().detail) == ("approved", "stale, confirmed")


@committed
def test_of_many_deciding_at_once_one_wins() -> None:
    draft = ResponseFactory()
    barrier, outcomes = threading.Barrier(20), []

    def decide(number: int) -> None:
        decision = review.approve if number % 2 else review.reject
        barrier.wait()
        for _ in range(5):
            try:
                decision(response_id=draft.pk, actor=Actor(name=f"{number}"))
                outcomes.append("won")
            except ReviewConflictError:
                outcomes.append("lost")
        connection.close()

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["lost"] * 99 + ["won"]
    assert len(kinds(draft)) == 1
