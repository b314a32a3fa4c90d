"""Many replies decided at once: only what was shown, only by a post, everything accounted for."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from sandbox import review
from sandbox.actors import Actor
from sandbox.models import PendingResponse, RejectionReason, ResponseEvent
from tests.factories import ChatFactory, MessageFactory, ResponseFactory
from tests.sandbox.staff import QUEUE, member

pytestmark = pytest.mark.django_db

BULK, DONE = "admin:sandbox_pendingresponse_bulk", "admin:sandbox_pendingresponse_bulk_done"


@pytest.fixture
def client() -> Client:
    return member("Менеджеры")


def choose(
    client: Client, *drafts: PendingResponse, action: str = "approve_selected", **more: str
) -> HttpResponse:
    """Tick these in the queue and press the button."""
    ticked = {"action": action, "index": "0", "_selected_action": [draft.pk for draft in drafts], **more}
    return client.post(reverse(QUEUE), ticked)


def confirm(client: Client, *shown: str, decision: str = "approve", **more: str) -> HttpResponse:
    return client.post(reverse(BULK), {"decision": decision, "shown": shown, **more}, follow=True)


def as_shown(draft: PendingResponse) -> str:
    return f"{draft.pk}:{draft.version}"


def statuses() -> list[str]:
    return list(PendingResponse.objects.order_by("pk").values_list("status", flat=True))


def test_the_page_shows_every_text_in_full_and_decides_nothing(client: Client) -> None:
    long = ResponseFactory(response_text="Очень длинный ответ. " * 150)
    MessageFactory(chat=long.chat, text="Вопрос клиента")
    other = ResponseFactory(version=4)

    answer = choose(client, long, other)

    shown = answer.content.decode()
    for words in (long.response_text, "Вопрос клиента", other.response_text, f"{other.pk}:4", as_shown(long)):
        assert words in shown
    assert statuses() == ["pending", "pending"]
    assert not ResponseEvent.objects.exists()


def test_what_was_shown_is_approved_in_the_order_shown(client: Client) -> None:
    first, second = ResponseFactory(), ResponseFactory()

    answer = confirm(client, as_shown(second), as_shown(first))

    assert answer.context["outcome"]["decided"] == 2
    assert answer.context["skipped"] == []
    events = ResponseEvent.objects.values_list("response_id", "kind", "actor_name")
    assert list(events) == [(second.pk, "approved", "Менеджеры"), (first.pk, "approved", "Менеджеры")]


def test_stale_edited_and_decided_ones_are_skipped_and_listed_with_the_reason(client: Client) -> None:
    fine, stale, edited, decided = ResponseFactory.create_batch(4)
    MessageFactory(chat=stale.chat)
    review.edit(response_id=edited.pk, actor=Actor(name="Борис"), text="Другое")
    review.reject(response_id=decided.pk, actor=Actor(name="Вера"))

    answer = confirm(client, *map(as_shown, (fine, stale, edited, decided)))

    assert statuses() == ["approved", "pending", "pending", "rejected"]
    skipped = {each["id"]: each["reason"] for each in answer.context["skipped"]}
    assert list(skipped) == [stale.pk, edited.pk, decided.pk]
    assert "Борис" in skipped[edited.pk]
    assert "Вера" in skipped[decided.pk]
    for draft in (stale, edited, decided):
        assert reverse("admin:sandbox_pendingresponse_change", args=[draft.pk]) in answer.content.decode()


def test_the_page_says_which_ones_will_be_skipped(client: Client) -> None:
    fine, stale, decided = ResponseFactory.create_batch(3)
    MessageFactory(chat=stale.chat)
    PendingResponse.objects.filter(pk=decided.pk).update(status="sent")

    choices = choose(client, fine, stale, decided).context["choices"]

    assert [(choice.card.response.pk, bool(choice.why_not)) for choice in choices] == [
        (fine.pk, False),
        (stale.pk, True),
        (decided.pk, True),
    ]


def test_a_batch_stays_together_in_its_own_order(client: Client) -> None:
    batch, chat = uuid.uuid4(), ChatFactory()
    last = ResponseFactory(chat=chat, batch_id=batch, send_order=1)
    alone = ResponseFactory()
    first = ResponseFactory(chat=chat, batch_id=batch, send_order=0)

    listed = [choice.card.response.pk for choice in choose(client, alone, first, last).context["choices"]]

    assert listed == [first.pk, last.pk, alone.pk]


def test_all_of_the_list_may_be_chosen_at_once(client: Client) -> None:
    ResponseFactory.create_batch(3, requested_by="первый")
    ResponseFactory(requested_by="второй")
    ResponseFactory(requested_by="первый", status="sent")

    answer = client.post(
        f"{reverse(QUEUE)}?agent=первый&state=all",
        {"action": "approve_selected", "index": "0", "select_across": "1", "_selected_action": "1"},
    )

    assert len(answer.context["choices"]) == 3


def test_more_than_the_limit_is_refused_in_words(client: Client) -> None:
    ResponseFactory.create_batch(301, chat=ChatFactory())
    drafts = list(PendingResponse.objects.all())

    answer = choose(client, *drafts)

    assert answer.status_code == 302
    [message] = client.get(reverse(QUEUE)).context["messages"]
    assert "301" in str(message)
    assert "300" in str(message)
    assert confirm(client, *map(as_shown, drafts)).redirect_chain[-1][0] == reverse(QUEUE)
    assert not ResponseEvent.objects.exists()


@pytest.mark.parametrize(
    "form",
    [
        {"decision": "approve", "shown": ["1"]},
        {"decision": "approve", "shown": ["1:x"]},
        {"decision": "publish", "shown": []},
        {"decision": "approve", "shown": []},
        {},
    ],
)
def test_a_form_that_is_not_ours_does_nothing(client: Client, form: dict[str, Any]) -> None:
    ResponseFactory()

    assert client.post(reverse(BULK), form).url == reverse(QUEUE)
    assert statuses() == ["pending"]


def test_a_get_decides_nothing(client: Client) -> None:
    draft = ResponseFactory()

    assert client.get(reverse(BULK), {"decision": "approve", "shown": as_shown(draft)}).url == reverse(QUEUE)
    assert client.get(reverse(DONE)).url == reverse(QUEUE)
    assert statuses() == ["pending"]


def test_one_reason_rejects_them_all(client: Client) -> None:
    first, second = ResponseFactory(), ResponseFactory(version=2)

    answer = confirm(client, as_shown(first), f"{second.pk}:1", decision="reject", reason="Не тот тон")

    assert statuses() == ["rejected", "pending"]
    first.refresh_from_db()
    assert first.rejected_reason == "Не тот тон"
    assert [each["id"] for each in answer.context["skipped"]] == [second.pk]


def test_own_words_come_before_a_ready_reason(client: Client) -> None:
    draft = ResponseFactory()

    confirm(client, as_shown(draft), decision="reject", reason="Не тот тон", own_words=" Праздник ")

    draft.refresh_from_db()
    assert draft.rejected_reason == "Праздник"


@pytest.mark.parametrize("words", ["", "  ", "я" * 501])
def test_a_rejection_without_a_reason_asks_again(client: Client, words: str) -> None:
    draft = ResponseFactory()

    answer = confirm(client, as_shown(draft), decision="reject", own_words=words)

    assert [choice.card.response.pk for choice in answer.context["choices"]] == [draft.pk]
    assert statuses() == ["pending"]


def test_only_reasons_that_are_offered_are_offered(client: Client) -> None:
    RejectionReason.objects.exclude(text="Не тот тон").update(is_offered=False)

    offered = choose(client, ResponseFactory(), action="reject_selected").context["reasons"]

    assert [reason.text for reason in offered] == ["Не тот тон"]


def test_the_way_back_keeps_the_filters_and_leads_nowhere_else(client: Client) -> None:
    shown = confirm(client, as_shown(ResponseFactory()), back="state=all&x=//evil.example").content.decode()

    assert f'href="{reverse(QUEUE)}?state=all&amp;x=%2F%2Fevil.example"' in shown


@pytest.mark.parametrize("place", [QUEUE, BULK])
def test_a_viewer_cannot_decide(place: str) -> None:
    draft, client = ResponseFactory(), member("Наблюдатели")
    form = {"decision": "approve", "shown": as_shown(draft), "action": "approve_selected", "index": "0"}

    assert client.post(reverse(place), {**form, "_selected_action": draft.pk}).status_code == 403
    assert statuses() == ["pending"]


def test_whoever_may_decide_but_not_see_cannot_decide_either() -> None:
    user = User.objects.create_user("blind", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="review_pendingresponse"))
    client, draft = Client(), ResponseFactory()
    client.force_login(user)

    assert client.post(reverse(BULK), {"decision": "approve", "shown": as_shown(draft)}).status_code == 403
    assert client.get(reverse(DONE)).status_code == 403
    assert statuses() == ["pending"]


def test_what_the_page_said_it_skips_is_skipped_even_if_nothing_speaks_against_it_any_more(
    client: Client,
) -> None:
    chosen, left_out = ResponseFactory(), ResponseFactory()

    answer = confirm(client, as_shown(chosen), left_out=as_shown(left_out))

    chosen.refresh_from_db()
    left_out.refresh_from_db()
    assert (chosen.status, left_out.status) == ("approved", "pending")
    assert left_out.response_text in answer.content.decode()
