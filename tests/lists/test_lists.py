"""Every list of the sidebar: its columns in their order, its filters, its cost, what it says when empty."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from cvgorod_hub.common.lists.exporting import ExportMixin
from intents.models import MessagePattern
from intents.patterns.rulebook import load_classifier
from sandbox.models import SandboxSettings
from tests.factories import (
    AnalysisFactory,
    ChatFactory,
    ManagerFactory,
    MessageFactory,
    PersonFactory,
    ResponseFactory,
)

pytestmark = pytest.mark.django_db

COLUMNS = {
    "messaging_chat": [
        "title", "waiting", "last_message_at", "conversation", "members_count", "reply_mode", "is_active",
    ],
    "messaging_message": ["said_at", "said", "author", "place", "meaning"],
    "messaging_recording": ["said", "state_label", "length", "words", "by", "why"],
    "messaging_historyimport": [
        "chat", "shown_state", "messages", "added", "present", "skipped", "people_added", "started_at",
        "file_name",
    ],
    "clients_telegramuser": [
        "person", "role", "messages_count", "last_seen", "first_seen", "staff_account",
    ],
    "clients_userrole": [
        "display_name", "people", "is_staff", "is_bot", "exclude_from_analytics", "description",
    ],
    "intents_messageanalysis": ["said_at", "said", "meaning", "sure", "source", "pattern"],
    "intents_messagepattern": [
        "pattern_name", "intent", "words", "weight", "priority", "auto_classify", "urgent", "unusable",
    ],
    "intents_reclassification": ["created_at", "chosen", "by", "progress", "state_label", "actor_name"],
    "sandbox_responseevent": ["created_at", "kind_label", "actor_name", "client", "detail_start"],
    "sandbox_rejectionreason": ["text", "place", "is_offered"],
    "bots_rawupdate": ["number", "kind", "state", "problem", "chat_id", "received_at"],
    "api_apikey": ["name", "scope_names", "begins_with", "state", "expires_at", "last_use", "created_by"],
    "api_webhookdelivery": [
        "created_at", "what", "endpoint", "shown_state", "attempts", "last_answer", "next_attempt_at",
    ],
}  # fmt: skip
FILTERS = {
    "messaging_chat": ["waiting", "last_message_at", "chat_type", "reply_mode", "is_active", "folder"],
    "messaging_message": ["timestamp", "chat", "user", "user__role__id__exact", "message_type", "source"],
    "clients_telegramuser": ["last_seen", "role", "staff_account"],
    "intents_messageanalysis": [
        "message__timestamp", "message__chat", "intent", "sentiment", "is_urgent", "source",
    ],
    "sandbox_responseevent": ["created_at", "kind"],
    "bots_rawupdate": ["parse_state__exact", "received_at", "kind", "bot"],
    "api_apikey": ["state"],
}  # fmt: skip
# Frozen: a list that costs more is to be looked at. Twelve are the most that any page may take.
QUERIES = {
    "messaging_chat": 9,
    "messaging_message": 9,
    "messaging_recording": 9,
    "messaging_historyimport": 7,
    "clients_telegramuser": 9,
    "clients_userrole": 7,
    "intents_messageanalysis": 8,
    "intents_messagepattern": 8,
    "intents_reclassification": 7,
    "sandbox_responseevent": 7,
    "sandbox_rejectionreason": 7,
    "sandbox_pendingresponse": 9,
    "bots_rawupdate": 10,
    "bots_telegrambot": 7,
    "bots_botmembership": 8,
    "bots_collectiongap": 8,
    "bots_approvalcard": 6,
    "bots_buttonpress": 6,
    "api_apikey": 7,
    "api_webhookendpoint": 7,
    "api_webhookdelivery": 7,
    "auth_user": 8,
    "auth_group": 7,
}


def url_of(name: str) -> str:
    return reverse(f"admin:{name}_changelist")


def model_admin(name: str) -> Any:  # noqa: ANN401
    found = {
        f"{model._meta.app_label}_{model._meta.model_name}": each
        for model, each in admin.site._registry.items()
    }
    return found[name]


@pytest.fixture
def rows() -> None:
    """A few of each that lists are made of."""
    SandboxSettings.get_solo()
    load_classifier()
    for _ in range(3):
        ResponseFactory(chat=AnalysisFactory(message__user=PersonFactory()).message.chat)
        MessageFactory(user=ManagerFactory(), chat=ChatFactory(folder="Центр"))


@pytest.mark.parametrize(("name", "columns"), COLUMNS.items(), ids=COLUMNS)
def test_a_list_has_these_columns_in_this_order(name: str, columns: list[str]) -> None:
    assert list(model_admin(name).list_display) == columns


@pytest.mark.parametrize(("name", "filters"), FILTERS.items(), ids=FILTERS)
def test_a_list_is_narrowed_by_these(name: str, filters: list[str]) -> None:
    offered = [each[0] if isinstance(each, tuple) else each for each in model_admin(name).list_filter]

    assert [each if isinstance(each, str) else each.parameter_name for each in offered] == filters


@pytest.mark.parametrize(("name", "most"), QUERIES.items(), ids=QUERIES)
def test_a_list_takes_these_queries(admin_client: Client, rows: None, name: str, most: int) -> None:
    admin_client.get(url_of(name))
    with CaptureQueriesContext(connection) as captured:
        answer = admin_client.get(url_of(name))

    assert answer.status_code == 200
    assert len(captured) == most
    assert most <= 12


@pytest.mark.parametrize("name", [name for name in COLUMNS if name != "sandbox_rejectionreason"])
def test_a_list_can_be_downloaded(admin_client: Client, rows: None, name: str) -> None:
    assert isinstance(model_admin(name), ExportMixin)
    admin_client.cookies.load({"django_language": "ru"})
    answer = admin_client.get(reverse(f"admin:{name}_export"))

    lines = b"".join(answer).decode("utf-8-sig").split("\r\n")  # type: ignore[call-overload]
    assert len(lines[0].split(";")) == len(model_admin(name).export_columns)


# The queue has words of its own (tests/sandbox/test_queue.py); the others are never empty.
FILLED = {"sandbox_pendingresponse", "clients_userrole", "auth_user", "auth_group"}


@pytest.mark.parametrize("name", [name for name in COLUMNS if name not in FILLED])
def test_an_empty_list_says_what_it_waits_for(admin_client: Client, name: str) -> None:
    model_admin(name).model.objects.all().delete()
    shown = admin_client.get(url_of(name)).content.decode()

    assert model_admin(name).list_empty
    assert escape(str(model_admin(name).list_empty)) in shown
    assert "Show everything" not in shown


def test_a_list_that_is_narrowed_to_nothing_leads_back(admin_client: Client) -> None:
    shown = admin_client.get(url_of("messaging_message"), {"q": "роза"}).content.decode()

    assert "Nothing here matches the filters." in shown
    assert '<a href="?">Show everything</a>' in shown


@pytest.mark.parametrize("typed", ["анны", "Ромашк", "@test_r", "romashkina", "4242"])
def test_a_person_is_found_by_a_form_or_part_of_a_name(admin_client: Client, typed: str) -> None:
    person = PersonFactory(id=4242, first_name="Анна", last_name="Ромашкина", username="test_romashkina")
    PersonFactory(first_name="Пётр", last_name="Букетов")
    MessageFactory(text="Ромашкина ромашкиной", user=person)

    found = admin_client.get(url_of("clients_telegramuser"), {"q": typed}).context["cl"].result_list

    assert [row.pk for row in found] == [4242]


@pytest.mark.parametrize("typed", ["орхидею", "Центр", "КА-0007", "-100500"])
def test_a_chat_is_found_by_a_form_of_its_name_folder_or_customer(admin_client: Client, typed: str) -> None:
    ChatFactory(id=-100500, name="«Учебная орхидея»", folder="Центр", customer_ref="КА-0007")
    ChatFactory(name="Ромашка")

    found = admin_client.get(url_of("messaging_chat"), {"q": typed}).context["cl"].result_list

    assert [row.pk for row in found] == [-100500]


def test_an_analysis_is_found_by_what_was_said(admin_client: Client) -> None:
    found = AnalysisFactory(message__text="Нужны зелёные хризантемы")
    AnalysisFactory(message__text="Спасибо")

    shown = admin_client.get(url_of("intents_messageanalysis"), {"q": "зеленая хризантема"}).context["cl"]

    assert [row.pk for row in shown.result_list] == [found.pk]


def test_chats_where_somebody_waits_are_told_from_the_others(admin_client: Client) -> None:
    waiting = ChatFactory(waiting_since="2026-11-22T09:00:00Z")
    ChatFactory()

    shown = admin_client.get(url_of("messaging_chat"), {"waiting": "yes"}).context["cl"].result_list

    assert [row.pk for row in shown] == [waiting.pk]


def test_messages_of_a_role_are_those_of_its_people(admin_client: Client) -> None:
    manager = ManagerFactory()
    said = MessageFactory(user=manager)
    MessageFactory()

    shown = admin_client.get(url_of("messaging_message"), {"user__role__id__exact": manager.role_id}).context[
        "cl"
    ]

    assert [row.pk for row in shown.result_list] == [said.pk]


@pytest.mark.parametrize(("action", "is_on"), [("switch_off", False), ("switch_on", True)])
def test_patterns_are_switched_together(
    admin_client: Client, admin_user: User, action: str, is_on: bool
) -> None:
    chosen = list(MessagePattern.objects.order_by("pk")[:2])
    MessagePattern.objects.filter(pk__in=[each.pk for each in chosen]).update(auto_classify=not is_on)

    form = {"action": action, "_selected_action": [each.pk for each in chosen], "index": 0}
    admin_client.post(url_of("intents_messagepattern"), form)

    now = MessagePattern.objects.filter(pk__in=[each.pk for each in chosen])
    assert [each.auto_classify for each in now] == [is_on, is_on]
