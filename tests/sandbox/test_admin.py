"""Who may see, and who may decide, on the review page."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from sandbox.admin.decisions import sign_snapshot
from sandbox.models import PendingResponse
from tests.factories import ResponseFactory

pytestmark = pytest.mark.django_db

SEES, DECIDES = "view_pendingresponse", "review_pendingresponse"


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("staff", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def page(response: PendingResponse) -> str:
    return reverse("admin:sandbox_pendingresponse_change", args=[response.pk])


def post(client: Client, response: PendingResponse, action: str, **values: object) -> int:
    shown = {"version": response.version, "attempts": response.attempts, "text": response.response_text}
    seen = sign_snapshot(response.pk)
    return client.post(page(response), {"action": action, "seen": seen, **shown, **values}).status_code


def test_a_viewer_reads_and_cannot_decide() -> None:
    draft, client = ResponseFactory(), staff(SEES)

    answer = client.get(page(draft))

    assert answer.status_code == 200
    assert b'value="approve"' not in answer.content
    assert post(client, draft, "approve") == 403
    draft.refresh_from_db()
    assert draft.status == "pending"


def test_whoever_may_decide_but_not_see_sees_nothing() -> None:
    draft, client = ResponseFactory(), staff(DECIDES)

    assert client.get(page(draft)).status_code == 403
    assert post(client, draft, "approve") == 403


@pytest.mark.parametrize(
    ("status", "action", "becomes"),
    [
        ("pending", "approve", "approved"),
        ("pending", "edit", "pending"),
        ("pending", "reject", "rejected"),
        ("approved", "cancel", "cancelled"),
        ("failed", "retry", "approved"),
        ("unknown", "retry", "approved"),
        ("unknown", "mark_sent", "sent"),
    ],
)
def test_a_reviewer_makes_every_move_of_the_page(status: str, action: str, becomes: str) -> None:
    draft, client = ResponseFactory(status=status), staff(SEES, DECIDES)

    assert post(client, draft, action) == 302

    draft.refresh_from_db()
    assert draft.status == becomes
    # Saving the same words again is no edit.
    assert [event.actor_name for event in draft.events.all()] == ([] if action == "edit" else ["staff"])


def test_a_rejection_of_an_older_version_changes_nothing() -> None:
    draft, client = ResponseFactory(version=2), staff(SEES, DECIDES)

    assert post(client, draft, "reject", version=1) == 200

    draft.refresh_from_db()
    assert draft.status == "pending"


def test_a_post_without_its_facts_does_nothing() -> None:
    draft, client = ResponseFactory(), staff(SEES, DECIDES)

    assert client.post(page(draft), {"action": "approve"}).status_code == 200
    assert client.post(page(draft), {"action": "publish", "version": 1, "attempts": 0}).status_code == 200
    draft.refresh_from_db()
    assert draft.status == "pending"


def test_the_queue_shows_what_waits_and_all_when_asked() -> None:
    ResponseFactory(response_text="ждёт меня")
    ResponseFactory(response_text="уже отправлен", status="sent")
    client, queue = staff(SEES), reverse("admin:sandbox_pendingresponse_changelist")

    waiting = client.get(queue).content.decode()
    everything = client.get(queue, {"state": "all"}).content.decode()

    assert ("ждёт меня" in waiting, "уже отправлен" in waiting) == (True, False)
    assert "уже отправлен" in everything
    assert client.get(queue, {"state": "\x00"}).status_code == 200


def test_what_a_chat_or_an_agent_wrote_is_never_markup() -> None:
    draft = ResponseFactory(response_text="<script>1</script>", context="<b>2</b>", client_name="<i>3</i>")
    client = staff(SEES, DECIDES)

    shown = client.get(page(draft)).content.decode()

    for markup in ("<script>1</script>", "<b>2</b>", "<i>3</i>"):
        assert markup not in shown
