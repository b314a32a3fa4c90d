"""Managers' pages: patterns are checked on saving, a message can be tried, analyses are listed cheaply."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from intents.models import Intent, MessageAnalysis, MessagePattern
from intents.patterns.rulebook import load_classifier
from tests.factories import AnalysisFactory, make

pytestmark = pytest.mark.django_db
PATTERNS = "/admin/intents/messagepattern/"
ANALYSES = "/admin/intents/messageanalysis/"


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("manager"))
    client.cookies.load({"django_language": "en"})
    return client


def form(**fields: Any) -> dict[str, Any]:
    return {
        "pattern_name": "Пароль",
        "pattern_type": Intent.ORDER,
        "keyword_patterns": "абракадабра",
        "except_patterns": "",
        "regex_pattern": "",
        "sender_role": "",
        "min_text_length": "0",
        "auto_classify": "on",
        "priority": "1",
        "weight": "1",
        "sentiment": "",
        "description": "",
        **fields,
    }


def test_a_pattern_saved_in_the_admin_speaks_at_once(manager: Client) -> None:
    load_classifier()
    words = "абракадабра,  крибле   крабле\nбумс, бумс"

    assert manager.post(f"{PATTERNS}add/", form(keyword_patterns=words)).status_code == 302

    pattern = MessagePattern.objects.get(pattern_name="Пароль")
    assert pattern.keyword_patterns == ["абракадабра", "крибле крабле", "бумс"]
    assert load_classifier().classify("скажи крибле крабле").pattern_id == pattern.pk


@pytest.mark.parametrize(
    ("fields", "name", "complaint"),
    [
        ({"regex_pattern": "(a+)+b"}, "regex_pattern", "could run too long"),
        ({"regex_pattern": "(роза"}, "regex_pattern", "no regular expression"),
        ({"regex_pattern": "x*"}, "regex_pattern", "matches every message"),
        ({"keyword_patterns": "<цвт> роза"}, "keyword_patterns", "&lt;цвт&gt; is no class of words"),
        ({"except_patterns": "... роза"}, "except_patterns", "a gap stands between words"),
        ({"keyword_patterns": "р" * 201}, "keyword_patterns", "longer than 200 characters"),
        ({"keyword_patterns": ""}, "keyword_patterns", "would speak of every message"),
    ],
)
def test_a_pattern_that_could_not_be_used_is_refused_beside_its_field(
    fields: dict[str, str], name: str, complaint: str, manager: Client
) -> None:
    page = manager.post(f"{PATTERNS}add/", form(**fields))

    assert page.status_code == 200
    assert list(page.context["adminform"].form.errors) == [name]
    assert complaint in page.content.decode()
    assert not MessagePattern.objects.filter(pattern_name="Пароль").exists()


def test_the_list_of_patterns_leads_to_the_page_for_trying(manager: Client) -> None:
    page = manager.get(PATTERNS)

    assert page.status_code == 200
    assert f"{PATTERNS}try/" in page.content.decode()


def test_a_message_is_tried_with_the_rules_that_spoke(manager: Client) -> None:
    page = manager.post(f"{PATTERNS}try/", {"text": "беру 5 пачек, срочно", "sender_role": "client"})

    shown = page.content.decode()
    assert page.context["intent"] == "Order"
    assert page.context["is_urgent"] is True
    assert "Количество товара" in shown
    assert "Решение купить" in shown
    assert not MessageAnalysis.objects.exists()


def test_the_sender_changes_the_verdict(manager: Client) -> None:
    page = manager.post(f"{PATTERNS}try/", {"text": "беру 5 пачек", "sender_role": "broadcast_bot"})

    assert page.context["intent"] == "Mailing"


def test_markup_in_a_tried_message_stays_text(manager: Client) -> None:
    page = manager.post(
        f"{PATTERNS}try/", {"text": "беру <script>1</script> 5 пачек", "sender_role": "client"}
    )

    assert "<script>1</script>" not in page.content.decode()


def test_an_empty_message_is_refused(manager: Client) -> None:
    page = manager.post(f"{PATTERNS}try/", {"text": " ", "sender_role": "client"})

    assert "text" in page.context["form"].errors
    assert "intent" not in page.context


def test_trying_needs_the_right_to_see_patterns(client: Client) -> None:
    client.force_login(User.objects.create_user("newcomer", is_staff=True))

    assert client.get(f"{PATTERNS}try/").status_code == 403


def test_analyses_are_listed_at_a_fixed_cost_and_never_counted(manager: Client) -> None:
    make(AnalysisFactory, 2)
    manager.get(ANALYSES)
    with CaptureQueriesContext(connection) as few:
        manager.get(ANALYSES)
    make(AnalysisFactory, 20)
    with CaptureQueriesContext(connection) as many:
        page = manager.get(ANALYSES)

    assert page.status_code == 200
    assert len(many) == len(few)
    assert not [query for query in many if "COUNT(*)" in query["sql"] and "message_analysis" in query["sql"]]


@pytest.mark.parametrize(
    "query", ["?intent__exact=order", "?source__exact=model", "?is_urgent__exact=1", "?o=1"]
)
def test_analyses_can_be_filtered(query: str, manager: Client) -> None:
    AnalysisFactory.create(intent=Intent.ORDER)

    assert manager.get(ANALYSES + query).status_code == 200
