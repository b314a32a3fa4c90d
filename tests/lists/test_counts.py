"""The numbers beside the choices of filters: exact where they can be, and never of a whole large table."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clients.models import RoleName
from cvgorod_hub.common.lists import counts
from cvgorod_hub.common.lists.counts import Counted
from intents.models import Intent
from tests.factories import NOW, AnalysisFactory, ChatFactory, ManagerFactory, MessageFactory, make, role

pytestmark = pytest.mark.django_db
MESSAGES = reverse("admin:messaging_message_changelist")
ANALYSES = reverse("admin:intents_messageanalysis_changelist")


def numbers(client: Client, url: str, parameter: str) -> dict[str, str]:
    """What stands beside the choices of a filter, by the value that each leads to; "" is all of them."""
    changelist: Any = client.get(url).context["cl"]
    [spec] = [spec for spec in changelist.filter_specs if parameter in spec.expected_parameters()]
    found = {}
    for choice in spec.choices(changelist):
        values = dict(part.split("=") for part in choice["query_string"].lstrip("?").split("&") if part)
        found[values.get(parameter, "")] = choice["count"]
    return found


@pytest.mark.parametrize(
    ("counted", "shown"),
    [
        (Counted(0), "0"),
        (Counted(999), "999"),
        (Counted(1000), "1,000"),
        (Counted(1001), "1,000+"),
        (Counted(317, is_least=True), "300+"),
        (Counted(8, is_least=True), "8+"),
        (Counted(0, is_least=True), ""),
        (Counted(4000, is_least=True), "1,000+"),
    ],
)
def test_a_number_says_whether_it_is_all(counted: Counted, shown: str) -> None:
    assert str(counted) == shown


def test_each_choice_says_how_many_rows_it_leads_to(admin_client: Client) -> None:
    make(MessageFactory, 3)
    make(MessageFactory, 2, message_type="voice")

    found = numbers(admin_client, MESSAGES, "message_type__exact")

    assert (found[""], found["text"], found["voice"], found["poll"]) == ("", "3", "2", "0")


def test_a_choice_is_counted_as_if_it_took_its_neighbours_place(admin_client: Client) -> None:
    manager = ManagerFactory()
    make(MessageFactory, 3)
    make(MessageFactory, 2, message_type="voice", user=manager)
    url = f"{MESSAGES}?message_type__exact=text"

    assert numbers(admin_client, url, "message_type__exact")["voice"] == "2"
    roles = numbers(admin_client, url, "user__role__id__exact")
    assert (roles[str(role(RoleName.CLIENT).pk)], roles[str(role(RoleName.MANAGER).pk)]) == ("3", "0")


def test_filters_without_choices_narrow_what_is_counted(admin_client: Client) -> None:
    chat = ChatFactory()
    MessageFactory(chat=chat, timestamp=NOW - timedelta(days=3))
    MessageFactory(chat=chat)
    MessageFactory()

    assert (
        numbers(admin_client, f"{MESSAGES}?chat__id__exact={chat.pk}", "message_type__exact")["text"] == "2"
    )
    day = f"{MESSAGES}?timestamp_from=2026-11-22"
    assert numbers(admin_client, day, "message_type__exact")["text"] == "2"


def test_beyond_the_window_a_number_is_the_least_it_can_be(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "WINDOW", 5)
    make(MessageFactory, 4, message_type="voice", timestamp=NOW - timedelta(days=1))
    make(MessageFactory, 4)

    found = numbers(admin_client, MESSAGES, "message_type__exact")

    assert (found["text"], found["voice"], found["poll"]) == ("4+", "2+", "")
    assert str(admin_client.get(MESSAGES).context["cl"].total) == "6+"


def test_yes_and_no_and_who_said_it_are_counted_too(admin_client: Client) -> None:
    AnalysisFactory(intent=Intent.ORDER, is_urgent=True)
    AnalysisFactory(intent=Intent.ORDER, source="model")
    AnalysisFactory()

    assert numbers(admin_client, ANALYSES, "is_urgent__exact") == {"": "", "1": "1", "0": "2"}
    assert numbers(admin_client, ANALYSES, "intent__exact")["order"] == "2"
    assert numbers(admin_client, f"{ANALYSES}?intent__exact=order", "source__exact")["model"] == "1"


@pytest.mark.parametrize("url", [MESSAGES, ANALYSES])
def test_no_statement_counts_a_large_table(admin_client: Client, url: str) -> None:
    make(AnalysisFactory, 3)
    with CaptureQueriesContext(connection) as captured:
        admin_client.get(url)

    counting = [
        query["sql"] for query in captured if "COUNT(" in query["sql"] and '"messages"' in query["sql"]
    ]
    assert len(counting) == 1
    assert f"LIMIT {counts.WINDOW + 1}" in counting[0]
    assert not [query for query in captured if "COUNT(*)" in query["sql"] and '"messages"' in query["sql"]]
