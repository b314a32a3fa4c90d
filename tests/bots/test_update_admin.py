"""What could not be read, in the admin: seen, read again, set aside."""

import json
import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import translation
from kombu.exceptions import OperationalError as BrokerError
from pytest_django import DjangoAssertNumQueries

from bots import update_admin
from bots.error_words import in_words
from bots.models import RawUpdate, TelegramBot
from bots.raw_updates import store_updates
from bots.tasks import replay_failed_updates
from bots.updates import parse_waiting_updates
from messaging.models import Message
from tests.bots.test_updates import numbered

pytestmark = pytest.mark.django_db

LIST = reverse("admin:bots_rawupdate_changelist")
READ_ALL = reverse("admin:bots_rawupdate_read_all")
SET_ASIDE = reverse("admin:bots_rawupdate_set_aside")
POISON = {"update_id": 11, "message": {"message_id": "?", "text": "<script>alert(1)</script>"}}


@pytest.fixture(autouse=True)
def updates() -> None:
    TelegramBot.objects.create(id=77)
    store_updates(bot_id=77, raw=[numbered(10), POISON, numbered(12)])
    parse_waiting_updates()


@pytest.fixture
def viewer() -> Client:
    user = User.objects.create_user("viewer", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_rawupdate"))
    client = Client()
    client.force_login(user)
    return client


def failed() -> RawUpdate:
    return RawUpdate.objects.get(update_id=11)


def listed(client: Client, **query: Any) -> list[int | None]:
    return [row.update_id for row in client.get(LIST, query).context["cl"].result_list]


def mend() -> None:
    RawUpdate.objects.filter(update_id=11).update(payload=json.dumps(numbered(11)))


def said(response: Any) -> list[str]:  # noqa: ANN401  (the test client's own)
    return [str(message) for message in response.context["messages"]]


def test_the_list_opens_on_what_could_not_be_read_and_shows_the_rest_when_asked(admin_client: Client) -> None:
    assert listed(admin_client) == [11]
    assert listed(admin_client, parse_state__exact="parsed") == [12, 10]
    assert listed(admin_client, parse_state__exact="all") == [12, 11, 10]
    assert listed(admin_client, parse_state__exact="all", kind="poll") == []


def test_a_search_finds_by_the_number_of_the_update_or_chat_in_any_state(admin_client: Client) -> None:
    RawUpdate.objects.filter(update_id=12).update(chat_id=-100500)

    assert listed(admin_client, q="10") == [10]
    assert listed(admin_client, q="-100500") == [12]
    assert listed(admin_client, q="розы") == []
    assert listed(admin_client, q=str(2**70)) == []


def test_the_list_costs_few_queries(
    admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(16):  # two of them the session's and the account's
        admin_client.get(LIST)


def test_the_page_says_why_in_words_and_shows_the_payload_as_text(admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:bots_rawupdate_change", args=[failed().pk])).content.decode()

    assert "message_id" in page
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_one_is_read_again_from_its_page(admin_client: Client) -> None:
    mend()

    admin_client.post(reverse("admin:bots_rawupdate_read_one", args=[failed().pk]))

    assert failed().parse_state == "parsed"
    assert Message.objects.count() == 3


def test_a_selection_is_read_again(admin_client: Client) -> None:
    mend()

    admin_client.post(LIST, {"action": "replay", "_selected_action": [failed().pk]})

    assert failed().parse_state == "parsed"


def test_all_are_read_again(admin_client: Client) -> None:
    mend()

    response = admin_client.post(READ_ALL, follow=True)

    assert failed().parse_state == "parsed"
    assert said(response) == ["Прочитано ещё раз: 1."]


def test_too_many_are_handed_to_a_worker(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update_admin, "MOST_AT_ONCE", 0)
    queued: list[bool] = []
    monkeypatch.setattr(replay_failed_updates, "apply_async", lambda **_options: queued.append(True))
    mend()

    admin_client.post(READ_ALL)

    assert queued == [True]
    assert failed().parse_state == "failed"
    assert replay_failed_updates() == 0
    assert failed().parse_state == "parsed"


def test_a_worker_that_cannot_be_told_is_said(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update_admin, "MOST_AT_ONCE", 0)

    def away(**_options: Any) -> None:
        raise BrokerError

    monkeypatch.setattr(replay_failed_updates, "apply_async", away)

    [message] = said(admin_client.post(READ_ALL, follow=True))

    assert "Redis" in message


def test_more_than_can_be_read_at_once_are_refused_as_a_selection(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update_admin, "MOST_AT_ONCE", 0)
    mend()

    admin_client.post(LIST, {"action": "replay", "_selected_action": [failed().pk]})

    assert failed().parse_state == "failed"


def test_one_is_set_aside_with_who_when_and_why(admin_client: Client, admin_user: User) -> None:
    admin_client.post(SET_ASIDE, {"update": failed().pk, "reason": "  проверка бота "})

    row = failed()
    assert (row.parse_state, row.dismissed_reason) == ("dismissed", "проверка бота")
    assert row.dismissed_by == admin_user.get_username()
    assert row.dismissed_at is not None
    assert LogEntry.objects.filter(object_id=str(row.pk)).count() == 1
    assert listed(admin_client) == []


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_without_a_usable_reason_nothing_is_set_aside(admin_client: Client, reason: str) -> None:
    response = admin_client.post(SET_ASIDE, {"update": failed().pk, "reason": reason})

    assert response.status_code == 200
    assert failed().parse_state == "failed"


def test_a_selection_is_shown_before_it_is_set_aside(admin_client: Client) -> None:
    ids = list(RawUpdate.objects.values_list("pk", flat=True))

    response = admin_client.post(
        LIST + "?parse_state__exact=all", {"action": "put_aside", "_selected_action": ids}
    )

    assert [update.update_id for update, _words in response.context["chosen"]] == [11]
    assert response.context["left_out"] == 2
    assert failed().parse_state == "failed"


def test_what_was_read_meanwhile_is_not_set_aside(admin_client: Client) -> None:
    mend()
    admin_client.post(READ_ALL)

    admin_client.post(SET_ASIDE, {"update": failed().pk, "reason": "не нужно"})

    assert (failed().parse_state, failed().dismissed_reason) == ("parsed", "")


def test_what_was_set_aside_can_be_read_again_after_all(admin_client: Client) -> None:
    admin_client.post(SET_ASIDE, {"update": failed().pk, "reason": "не нужно"})
    mend()

    admin_client.post(reverse("admin:bots_rawupdate_read_one", args=[failed().pk]))

    assert (failed().parse_state, failed().dismissed_by) == ("parsed", "")


def test_whoever_may_only_look_can_settle_nothing(viewer: Client) -> None:
    page = reverse("admin:bots_rawupdate_change", args=[failed().pk])

    assert "read-again" not in viewer.get(page).content.decode() + viewer.get(LIST).content.decode()
    for url in (READ_ALL, SET_ASIDE, reverse("admin:bots_rawupdate_read_one", args=[failed().pk])):
        assert viewer.post(url, {"update": failed().pk, "reason": "x"}).status_code == 403
    assert failed().parse_state == "failed"


def test_a_get_settles_nothing(admin_client: Client) -> None:
    for url in (READ_ALL, SET_ASIDE, reverse("admin:bots_rawupdate_read_one", args=[failed().pk])):
        assert admin_client.get(url).status_code == 405


def test_the_sidebar_counts_what_could_not_be_read(admin_client: Client) -> None:
    roles = reverse("admin:clients_userrole_changelist")
    link = re.compile(rf'href="{LIST}".*?</a>', re.DOTALL)

    [counted] = link.findall(admin_client.get(roles).content.decode())
    RawUpdate.objects.filter(update_id=11).delete()
    [quiet] = link.findall(admin_client.get(roles).content.decode())

    assert re.findall(r"^\s*(\d+)\s*$", counted, re.MULTILINE) == ["1"]
    assert "bg-red-100" not in quiet


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("update is not an object", "This is no update at all."),
        ("message is not an object", "“message” is missing, or holds something else."),
        ("chat.type is not one of channel, group", "“chat.type” holds a value that the hub does not know."),
        ("message_ids is not a list", "“message_ids” is missing, or holds something else."),
        ("callback_query.id is not a name", "“callback_query.id” is missing, or holds something else."),
        ("business_connection_id is too long", "“business_connection_id” is too long."),
        ("'date'", "“date” is missing."),
        ("DataError: value too long", "The database refused what the update holds (DataError)."),
        (
            "RuntimeError: a bug",
            "A fault of the hub itself (RuntimeError); its developers should see the update.",
        ),
        ("something new", "something new"),
        ("", "The hub does not say why."),
    ],
)
def test_errors_are_said_in_words(error: str, words: str) -> None:
    with translation.override("en"):
        assert in_words(error) == words


@pytest.mark.parametrize("state", RawUpdate.State)
def test_each_state_is_shown_by_its_name(admin_client: Client, state: RawUpdate.State) -> None:
    RawUpdate.objects.update(parse_state=state)

    shown = admin_client.get(LIST, {"parse_state__exact": state.value})

    with translation.override("ru"):
        words = str(state.label)
    cells = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", shown.content.decode().partition("<tbody")[2]))
    assert words in cells
    assert f" {state.value} " not in cells
