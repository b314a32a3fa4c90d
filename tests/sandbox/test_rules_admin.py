"""The house rules and the log in the admin."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sandbox import review
from sandbox.actors import Actor
from sandbox.models import RejectionReason, ResponseEvent, SandboxSettings
from tests.factories import ResponseFactory
from tests.sandbox.staff import member

pytestmark = pytest.mark.django_db

SETTINGS = "admin:sandbox_sandboxsettings_changelist"
FORM = {
    "is_paused": "on",
    "pause_note": "До понедельника.",
    "draft_lifetime_hours": "24",
    "work_starts": "08:30",
    "work_ends": "17:00",
}


@pytest.fixture
def director() -> Client:
    return member("Директора")


@pytest.fixture
def edit(manager: Actor) -> ResponseEvent:
    draft = ResponseFactory(response_text="Роза по 95 рублей")
    review.edit(response_id=draft.pk, actor=manager, text="Роза по 97 рублей <b>")
    return draft.events.get()


def test_a_director_changes_the_rules_and_the_history_says_so(director: Client) -> None:
    assert director.get(reverse(SETTINGS)).status_code == 200

    answer = director.post(reverse(SETTINGS), FORM)

    assert answer.url == reverse(SETTINGS)
    rules = SandboxSettings.get_solo()
    assert (rules.is_paused, rules.draft_lifetime_hours, f"{rules.work_starts:%H:%M}") == (True, 24, "08:30")
    entry = LogEntry.objects.get()
    assert (entry.user.get_username(), entry.object_id) == ("Директора", str(rules.pk))
    history = director.get(reverse("admin:sandbox_sandboxsettings_history", args=[rules.pk]))
    assert "Директора" in history.content.decode()


def test_work_that_ends_before_it_starts_is_refused(director: Client) -> None:
    answer = director.post(reverse(SETTINGS), {**FORM, "work_ends": "08:00"})

    assert answer.status_code == 200
    assert "work_ends" in answer.context["adminform"].form.errors


@pytest.mark.parametrize("group", ["Наблюдатели", "Менеджеры"])
def test_others_change_nothing(group: str) -> None:
    assert member(group).post(reverse(SETTINGS), FORM).status_code == 403
    assert not SandboxSettings.get_solo().is_paused


def test_reasons_are_reordered_and_switched_off_in_their_list(director: Client) -> None:
    reasons = list(RejectionReason.objects.all())
    rows = {
        "form-TOTAL_FORMS": len(reasons),
        "form-INITIAL_FORMS": len(reasons),
        "_save": "1",
        **{f"form-{n}-id": reason.pk for n, reason in enumerate(reasons)},
        **{f"form-{n}-place": 100 - n for n in range(len(reasons))},
    }

    director.post(reverse("admin:sandbox_rejectionreason_changelist"), {**rows, "form-0-is_offered": "on"})

    assert list(RejectionReason.objects.all()) == reasons[::-1]
    assert list(RejectionReason.objects.filter(is_offered=True)) == reasons[:1]


def test_the_log_tells_who_did_what_and_finds_it_by_name(director: Client, edit: ResponseEvent) -> None:
    review.reject(response_id=edit.response_id, actor=Actor(name="Борис"), reason="Праздник")
    log = reverse("admin:sandbox_responseevent_changelist")

    assert [event.kind for event in director.get(log).context["cl"].result_list] == ["rejected", "edited"]
    assert [event.pk for event in director.get(log, {"q": "Анна"}).context["cl"].result_list] == [edit.pk]
    by_kind = director.get(log, {"kind__exact": "rejected"}).context["cl"].result_list
    assert [event.detail for event in by_kind] == ["Праздник"]


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ("today", "today", 1),
        ("today", "", 1),
        ("", "yesterday", 0),
        ("tomorrow", "", 0),
        ("31.12.2099", "", 0),
        ("", "2099-12-31", 1),
    ],
)
def test_the_log_is_read_by_whole_days(
    director: Client, edit: ResponseEvent, first: str, last: str, found: int
) -> None:
    today = timezone.localdate()
    days = {"yesterday": today - timedelta(days=1), "today": today, "tomorrow": today + timedelta(days=1)}
    period = {"created_at_from": days.get(first, first), "created_at_to": days.get(last, last)}

    answer = director.get(reverse("admin:sandbox_responseevent_changelist"), period)

    assert len(answer.context["cl"].result_list) == found


def test_a_day_that_cannot_be_read_is_not_passed_over(director: Client) -> None:
    log = reverse("admin:sandbox_responseevent_changelist")

    assert director.get(log, {"created_at_from": "nonsense"})["Location"] == f"{log}?e=1"


def test_an_edit_shows_what_went_and_what_came(director: Client, edit: ResponseEvent) -> None:
    shown = director.get(reverse("admin:sandbox_responseevent_change", args=[edit.pk])).content.decode()

    assert ">95</del>" in shown
    assert ">97</ins>" in shown
    assert "&lt;b&gt;</ins>" in shown
    assert reverse("admin:sandbox_pendingresponse_change", args=[edit.response_id]) in shown


def test_nobody_changes_the_log(edit: ResponseEvent) -> None:
    client = member("Администраторы")
    before = ResponseEvent.objects.values().get()

    assert client.get(reverse("admin:sandbox_responseevent_add")).status_code == 403
    place = [edit.pk]
    assert client.post(reverse("admin:sandbox_responseevent_change", args=place), {}).status_code == 403
    assert client.post(reverse("admin:sandbox_responseevent_delete", args=place), {}).status_code == 403
    assert ResponseEvent.objects.values().get() == before
