"""Pages by key: nothing twice, nothing missed, whatever arrives; and no page reads those before it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from messaging.admin import MessageAdmin
from messaging.models import Message
from tests.factories import NOW, AnalysisFactory, MessageFactory, make

pytestmark = pytest.mark.django_db
MESSAGES = reverse("admin:messaging_message_changelist")
ANALYSES = reverse("admin:intents_messageanalysis_changelist")


@pytest.fixture(autouse=True)
def _few_on_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MessageAdmin, "list_per_page", 3)


def read(client: Client, url: str) -> Any:  # noqa: ANN401  (a ChangeList)
    return client.get(url).context["cl"]


def walk(client: Client, url: str, direction: str) -> list[list[int]]:
    """The keys of the rows, page by page."""
    pages = []
    while url:
        shown = read(client, url)
        pages.append([row.pk for row in shown.result_list])
        following = getattr(shown, direction)
        url = f"{MESSAGES}{following}" if following else ""
    return pages


def make_messages(count: int) -> list[int]:
    """Three to a second; newest first."""
    rows = [MessageFactory(timestamp=NOW + timedelta(seconds=place // 3)) for place in range(count)]
    return [row.pk for row in reversed(rows)]


def test_pages_follow_each_other_without_a_gap(admin_client: Client) -> None:
    keys = make_messages(8)

    assert walk(admin_client, MESSAGES, "older_url") == [keys[:3], keys[3:6], keys[6:]]
    oldest = f"{MESSAGES}?p=oldest"
    assert walk(admin_client, oldest, "newer_url") == [keys[5:], keys[2:5], keys[:3]]


def test_what_arrives_meanwhile_shifts_nothing(admin_client: Client) -> None:
    keys = make_messages(6)
    first = read(admin_client, MESSAGES)
    MessageFactory(timestamp=NOW + timedelta(days=1))

    second = read(admin_client, f"{MESSAGES}{first.older_url}")

    assert [row.pk for row in second.result_list] == keys[3:6]


def test_the_ends_lead_no_further(admin_client: Client) -> None:
    make_messages(4)
    newest, oldest = read(admin_client, MESSAGES), read(admin_client, f"{MESSAGES}?p=oldest")

    assert (newest.newer_url, newest.newest_url, bool(newest.older_url)) == ("", "", True)
    assert (oldest.older_url, oldest.oldest_url, bool(oldest.newer_url)) == ("", "", True)


def test_filters_stay_on_the_next_page(admin_client: Client) -> None:
    make(MessageFactory, 5, message_type="voice")
    MessageFactory()

    shown = read(admin_client, f"{MESSAGES}?message_type__exact=voice")
    following = read(admin_client, f"{MESSAGES}{shown.older_url}")

    assert {row.message_type for row in following.result_list} == {"voice"}
    assert len(following.result_list) == 2


@pytest.mark.parametrize(
    "page", ["before~x~1", "before~1", "sideways~2026-11-22T09:00:00+00:00~1", "after~~", "9"]
)
def test_an_address_that_says_nothing_is_not_taken_for_a_page(admin_client: Client, page: str) -> None:
    answer = admin_client.get(MESSAGES, {"p": page})

    assert (answer.status_code, answer["Location"]) == (302, f"{MESSAGES}?e=1")


def test_analyses_go_by_the_time_of_what_was_said(admin_client: Client) -> None:
    late = AnalysisFactory(message__timestamp=NOW)
    imported = AnalysisFactory(message__timestamp=NOW - timedelta(days=900), message__source="import")

    assert [row.pk for row in read(admin_client, ANALYSES).result_list] == [late.pk, imported.pk]


def test_a_page_far_down_asks_an_index_and_skips_nothing(admin_client: Client) -> None:
    make_messages(8)
    second = read(admin_client, MESSAGES).older_url
    with CaptureQueriesContext(connection) as captured:
        admin_client.get(f"{MESSAGES}{second}")

    rows = [
        query["sql"]
        for query in captured
        if 'FROM "messages"' in query["sql"] and query["sql"].endswith("LIMIT 4")
    ]
    assert len(rows) == 1
    assert "OFFSET" not in rows[0]
    assert '"messages"."timestamp" <= ' in rows[0]
    assert Message.objects.count() == 8
