"""The house rules: four eyes, pauses, lifetimes, groups of people, and a log that nobody rewrites."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.utils import timezone

from cvgorod_hub.api.models import ApiKey, Scope
from messaging.ingest import store_messages
from messaging.models import Chat
from sandbox import review
from sandbox.actors import Actor
from sandbox.errors import (
    ChatUnreachableError,
    FourEyesError,
    ReviewConflictError,
    StaleResponseError,
)
from sandbox.models import PendingResponse, RejectionReason, ResponseEvent, SandboxSettings
from sandbox.proposals import Proposal, propose
from sandbox.querysets import current_snapshot
from tests.factories import ChatFactory, MessageFactory, ResponseFactory
from tests.marks import committed
from tests.messaging.test_ingest import incoming

pytestmark = pytest.mark.django_db


def make_key(name: str, owner: User | None) -> ApiKey:
    return ApiKey.objects.create(
        name=name, lookup=f"{name:a<12}"[:12], digest="0" * 64, scopes=[Scope.PROPOSE], created_by=owner
    )


class TestFourEyes:
    @pytest.fixture(autouse=True)
    def _rule(self) -> None:
        SandboxSettings.objects.update(four_eyes=True)

    @pytest.fixture
    def owner(self) -> User:
        return User.objects.create_user("owner")

    def draft(self, key: ApiKey) -> PendingResponse:
        proposal = Proposal(chat_id=ChatFactory().pk, text="Есть.")
        return propose(proposal=proposal, actor=Actor.from_key(key)).response

    def test_the_owner_of_the_key_cannot_approve(self, owner: User) -> None:
        draft = self.draft(make_key("agent", owner))

        with pytest.raises(FourEyesError):
            review.approve(response_id=draft.pk, actor=Actor.from_user(owner))

        draft.refresh_from_db()
        assert draft.status == "pending"

    def test_nor_can_the_key_itself_or_another_of_its_owner(self, owner: User) -> None:
        key, second = make_key("agent", owner), make_key("second", owner)
        draft = self.draft(key)

        for actor in (Actor.from_key(key), Actor.from_key(second)):
            with pytest.raises(FourEyesError):
                review.approve(response_id=draft.pk, actor=actor)

    def test_the_key_of_the_environment_is_one_pair_of_eyes(self) -> None:
        environment = ApiKey(name="HUB_API_KEY")
        draft = self.draft(environment)

        with pytest.raises(FourEyesError):
            review.approve(response_id=draft.pk, actor=Actor.from_key(environment))

    def test_another_person_can(self, owner: User) -> None:
        draft = self.draft(make_key("agent", owner))
        other = User.objects.create_user("other")

        assert review.approve(response_id=draft.pk, actor=Actor.from_user(other)).status == "approved"

    def test_its_owner_may_still_reject(self, owner: User) -> None:
        draft = self.draft(make_key("agent", owner))

        assert review.reject(response_id=draft.pk, actor=Actor.from_user(owner)).status == "rejected"

    def test_without_the_rule_everybody_can(self, owner: User) -> None:
        SandboxSettings.objects.update(four_eyes=False)
        draft = self.draft(make_key("agent", owner))

        assert review.approve(response_id=draft.pk, actor=Actor.from_user(owner)).status == "approved"

    def test_a_key_without_an_owner_cannot_approve_its_own_after_a_new_name(self) -> None:
        key = make_key("agent", None)
        draft = self.draft(key)
        key.name = "another name"
        key.save()

        with pytest.raises(FourEyesError):
            review.approve(response_id=draft.pk, actor=Actor.from_key(key))


def test_a_draft_from_before_a_restore_wants_to_be_read() -> None:
    """In a new cluster transactions count from a lower number: to the draft all seems seen before."""
    draft = ResponseFactory()
    PendingResponse.objects.update(anchor_snapshot="900000000:900000000:")

    assert PendingResponse.objects.with_staleness().get(pk=draft.pk).is_stale
    assert review.is_stale_since(draft, "900000000:900000000:")
    with pytest.raises(StaleResponseError):
        review.approve(response_id=draft.pk, actor=Actor(name="Анна"))


class TestLifetime:
    def test_a_draft_lives_as_long_as_the_house_says(self, agent: Actor) -> None:
        SandboxSettings.objects.update(draft_lifetime_hours=2)

        draft = propose(proposal=Proposal(chat_id=ChatFactory().pk, text="Есть."), actor=agent).response

        assert abs(draft.expires_at - timezone.now() - timedelta(hours=2)) < timedelta(seconds=10)

    def test_the_agent_s_own_word_counts_more(self, agent: Actor) -> None:
        end = timezone.now() + timedelta(minutes=10)

        draft = propose(
            proposal=Proposal(chat_id=ChatFactory().pk, text="Есть.", expires_at=end), actor=agent
        ).response

        assert draft.expires_at == end

    def test_a_draft_for_later_lives_from_then_on(self, agent: Actor) -> None:
        later = timezone.now() + timedelta(days=10)

        draft = propose(
            proposal=Proposal(chat_id=ChatFactory().pk, text="С праздником!", scheduled_at=later), actor=agent
        ).response

        assert draft.expires_at == later + timedelta(hours=72)

    def test_without_a_lifetime_drafts_stay(self, agent: Actor) -> None:
        SandboxSettings.objects.update(draft_lifetime_hours=None)

        draft = propose(proposal=Proposal(chat_id=ChatFactory().pk, text="Есть."), actor=agent).response

        assert draft.expires_at is None


@committed
def test_the_second_yes_holds_for_what_was_read() -> None:
    draft, manager = ResponseFactory(), Actor(name="Анна")
    MessageFactory(chat=draft.chat)
    seen = current_snapshot()
    MessageFactory(chat=draft.chat)

    with pytest.raises(StaleResponseError):
        review.approve(response_id=draft.pk, actor=manager, confirm_stale=True, seen=seen)

    draft.refresh_from_db()
    assert draft.status == "pending"
    review.approve(response_id=draft.pk, actor=manager, confirm_stale=True, seen=current_snapshot())


def test_a_chat_that_removed_the_bot_takes_no_approval(manager: Actor) -> None:
    draft = ResponseFactory(chat=ChatFactory(is_active=False, unreachable_reason="It was kicked."))

    with pytest.raises(ChatUnreachableError, match="It was kicked"):
        review.approve(response_id=draft.pk, actor=manager)

    draft.refresh_from_db()
    assert draft.status == "pending"


def test_a_chat_from_which_messages_come_is_reachable_again() -> None:
    message = incoming()
    chat = ChatFactory(
        id=message.chat.id,
        is_active=False,
        unreachable_reason="It was kicked.",
        membership_at=message.timestamp - timedelta(minutes=1),
    )

    store_messages([message])

    chat.refresh_from_db()
    assert (chat.is_active, chat.unreachable_reason) == (True, "")


def test_a_message_from_before_the_removal_changes_nothing() -> None:
    message = incoming()
    ChatFactory(id=message.chat.id, is_active=False, membership_at=message.timestamp)

    store_messages([message])

    assert not Chat.objects.get().is_active


class TestBulkApproval:
    def test_what_speaks_against_one_is_said_and_the_others_go_out(self, manager: Actor) -> None:
        good, edited, expired, stale = (ResponseFactory() for _ in range(4))
        review.edit(response_id=edited.pk, actor=manager, text="Другой текст.")
        PendingResponse.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
        MessageFactory(chat=stale.chat)

        approved, skipped = review.approve_many(
            shown=[(row.pk, 1) for row in (stale, edited, expired, good)], actor=manager
        )

        assert [row.pk for row in approved] == [good.pk]
        assert [skip.response_id for skip in skipped] == [stale.pk, edited.pk, expired.pk]
        assert all(skip.reason for skip in skipped)
        assert set(PendingResponse.objects.exclude(pk=good.pk).values_list("status", flat=True)) == {
            "pending"
        }

    def test_a_reply_that_is_gone_is_skipped(self, manager: Actor) -> None:
        assert review.approve_many(shown=[(404, 1)], actor=manager)[1][0].response_id == 404


class TestTheLog:
    @pytest.fixture
    def event(self, manager: Actor) -> ResponseEvent:
        draft = ResponseFactory()
        review.reject(response_id=draft.pk, actor=manager, reason="Не тот тон")
        return draft.events.get()

    def test_no_row_is_changed(self, event: ResponseEvent) -> None:
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            ResponseEvent.objects.update(detail="нечто другое")

        event.refresh_from_db()
        assert event.detail == "Не тот тон"

    def test_no_row_is_deleted(self, event: ResponseEvent) -> None:
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            event.delete()

        assert ResponseEvent.objects.count() == 1

    def test_an_account_that_goes_leaves_its_name(self, event: ResponseEvent) -> None:
        assert event.actor_user is not None
        event.actor_user.delete()

        event.refresh_from_db()
        assert (event.actor_user, event.actor_name) == (None, "Анна")


class TestPeople:
    @pytest.mark.parametrize(
        ("group", "may", "may_not"),
        [
            (
                "Наблюдатели",
                ["sandbox.view_pendingresponse", "messaging.view_message"],
                ["sandbox.review_pendingresponse", "sandbox.view_responseevent", "messaging.change_chat"],
            ),
            (
                "Менеджеры",
                ["sandbox.review_pendingresponse", "messaging.change_chat"],
                ["sandbox.view_responseevent", "sandbox.change_sandboxsettings", "api.view_apikey"],
            ),
            (
                "Директора",
                [
                    "sandbox.review_pendingresponse",
                    "sandbox.view_responseevent",
                    "sandbox.change_sandboxsettings",
                    "bots.view_approvalcard",
                    "bots.view_buttonpress",
                ],
                ["api.add_apikey", "auth.change_user"],
            ),
            (
                "Администраторы",
                [
                    "api.add_apikey",
                    "auth.change_user",
                    "sandbox.view_responseevent",
                    "bots.view_approvalcard",
                    "bots.view_buttonpress",
                ],
                [],
            ),
        ],
    )
    def test_a_group_may_what_its_work_asks(self, group: str, may: list[str], may_not: list[str]) -> None:
        person = User.objects.create_user("anna", is_staff=True)
        person.groups.add(Group.objects.get(name=group))

        assert [name for name in may if not person.has_perm(name)] == []
        assert [name for name in may_not if person.has_perm(name)] == []


def test_people_begin_with_some_reasons() -> None:
    assert RejectionReason.objects.filter(is_offered=True).count() == 5


def test_an_expired_draft_takes_no_approval(manager: Actor) -> None:
    draft = ResponseFactory(expires_at=timezone.now())

    with pytest.raises(ReviewConflictError):
        review.approve(response_id=draft.pk, actor=manager)
