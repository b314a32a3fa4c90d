"""What a pattern's change would do, seen before it is saved: exact, bounded in time, nothing stored."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from intents.models import Intent, MessageAnalysis, MessagePattern
from intents.patterns import preview as previewing
from intents.patterns.preview import Preview, preview
from messaging.models import Message
from tests.factories import AnalysisFactory, MessageFactory
from tests.intents.test_admin import PATTERNS, form

pytestmark = pytest.mark.django_db


def word(**fields: Any) -> MessagePattern:
    defaults = {"pattern_name": "Пароль", "pattern_type": Intent.ORDER, "keyword_patterns": ["абракадабра"]}
    return MessagePattern(**{**defaults, "weight": 9, **fields})


def moves(result: Preview) -> list[tuple[tuple[str, str], int]]:
    return [((str(before), str(after)), count) for (before, after), count in result.moves]


@pytest.fixture
def two_messages() -> tuple[Message, Message]:
    return MessageFactory(text="абракадабра"), MessageFactory(text="привет")


def test_a_new_pattern_is_compared_with_those_in_use(two_messages: tuple[Message, Message]) -> None:
    result = preview(word())

    assert (result.read, result.there, result.heard) == (2, 2, 1)
    assert moves(result) == [(("other", "order"), 1)]
    assert [one.message for one in result.changed] == [two_messages[0]]
    assert not MessagePattern.objects.filter(pattern_name="Пароль").exists()


def test_a_stored_pattern_is_compared_with_itself_as_it_was(two_messages: tuple[Message, Message]) -> None:
    pattern = word()
    pattern.save()
    pattern.pattern_type = Intent.COMPLAINT

    assert moves(preview(pattern)) == [(("order", "complaint"), 1)]


def test_switching_a_pattern_off_shows_what_is_lost(two_messages: tuple[Message, Message]) -> None:
    pattern = word(is_urgent=True)
    pattern.save()
    pattern.auto_classify = False
    result = preview(pattern)

    assert moves(result) == [(("order", "other"), 1)]
    assert (result.newly_urgent, result.no_longer_urgent) == (0, 1)


def test_urgency_and_mood_are_counted_without_another_intent(two_messages: tuple[Message, Message]) -> None:
    result = preview(word(weight=0, is_urgent=True, sentiment="negative"))

    assert (result.newly_urgent, result.other_moods, result.moves) == (1, 1, [])


def test_an_unchanged_pattern_changes_nothing(two_messages: tuple[Message, Message]) -> None:
    pattern = word()
    pattern.save()

    assert preview(pattern).changed == []


def test_only_the_newest_messages_with_words_are_read(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(previewing, "NEWEST_MESSAGES", 2)
    for text in ("абракадабра", "привет", "", "абракадабра и ещё"):
        MessageFactory(text=text)
    with django_assert_num_queries(2):
        result = preview(word())

    assert (result.read, len(result.changed)) == (2, 1)


def test_it_ends_in_time_and_says_how_far_it_came(two_messages: tuple[Message, Message]) -> None:
    result = preview(word(), seconds=0)

    assert (result.read, result.there, result.changed) == (0, 2, [])


# --- The page ---


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("manager"))
    client.cookies.load({"django_language": "en"})
    return client


def asked(**fields: Any) -> dict[str, Any]:
    return form(weight="9", **{"_preview": "", **fields})


@pytest.mark.parametrize("address", ["add/", "{}/change/"])
def test_both_pages_have_the_button(address: str, manager: Client) -> None:
    pattern = word()
    pattern.save()

    assert 'name="_preview"' in manager.get(PATTERNS + address.format(pattern.pk)).content.decode()


def test_the_add_page_shows_the_change_and_stores_nothing(manager: Client) -> None:
    message = AnalysisFactory(message=MessageFactory(text="абракадабра <b>1</b>")).message
    before = list(MessageAnalysis.objects.values())
    page = manager.post(f"{PATTERNS}add/", asked())
    shown = page.content.decode()

    assert page.status_code == 200
    assert "1 of the newest 1 messages would be understood differently." in shown
    assert "Other → <strong>Order</strong>: 1" in shown
    assert f"/admin/desk/conversation/{message.chat_id}/?message={message.pk}#message-{message.pk}" in shown
    assert "<b>1</b>" not in shown
    assert 'value="Пароль"' in shown
    assert not page.context["errors"]
    assert not MessagePattern.objects.filter(pattern_name="Пароль").exists()
    assert list(MessageAnalysis.objects.values()) == before
    assert not LogEntry.objects.exists()


def test_the_change_page_shows_unsaved_values_and_keeps_the_stored_ones(manager: Client) -> None:
    MessageFactory(text="крибле")
    pattern = word()
    pattern.save()
    page = manager.post(f"{PATTERNS}{pattern.pk}/change/", asked(keyword_patterns="крибле"))

    assert page.context["preview"]["moves"] == [("Other", "Order", 1)]
    pattern.refresh_from_db()
    assert pattern.keyword_patterns == ["абракадабра"]


def test_an_invalid_form_shows_its_errors_and_no_preview(manager: Client) -> None:
    page = manager.post(f"{PATTERNS}add/", asked(regex_pattern="(a+)+b"))

    assert "preview" not in page.context
    assert "could run too long" in page.content.decode()


def test_saving_as_ever_still_saves(manager: Client) -> None:
    assert manager.post(f"{PATTERNS}add/", form()).status_code == 302
    assert MessagePattern.objects.filter(pattern_name="Пароль").exists()


def test_a_preview_that_was_cut_says_so(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    MessageFactory(text="абракадабра")
    monkeypatch.setattr("intents.patterns.pages.preview", lambda pattern: preview(pattern, seconds=0))

    assert "Only the newest 0 of 1 messages" in manager.post(f"{PATTERNS}add/", asked()).content.decode()


def test_who_may_not_read_messages_sees_counts_alone(client: Client) -> None:
    MessageFactory(text="абракадабра")
    user = User.objects.create_user("editor", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="add_messagepattern"))
    client.force_login(user)
    client.cookies.load({"django_language": "en"})
    shown = client.post(f"{PATTERNS}add/", asked(keyword_patterns="абракадабра, крибле")).context["preview"]

    assert shown["moves"] == [("Other", "Order", 1)]
    assert (shown["table"]["rows"], shown["is_hidden"]) == ([], True)


@pytest.mark.parametrize(
    ("source", "note"),
    [("person", "a person decided, that stays"), ("model", "the model decided"), ("pattern", "")],
)
def test_it_says_whose_word_stands_anyhow(source: str, note: str, manager: Client) -> None:
    AnalysisFactory(message=MessageFactory(text="абракадабра"), source=source)
    (row,) = manager.post(f"{PATTERNS}add/", asked()).context["preview"]["table"]["rows"]

    assert row[0].endswith(f"{note}</small></span>")
    assert ("decided" in row[0]) == bool(note)
