"""The waiting board: who stands on it, in which order, and what whom is shown."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clients.models import RoleName
from cvgorod_hub.desk.waiting import page as board_page
from cvgorod_hub.desk.waiting.reading import Wait
from messaging.activity import note_activity
from messaging.conversation_links import conversation_url
from messaging.models import Chat, Message
from sandbox.models import SandboxSettings
from tests.factories import (
    AnalysisFactory,
    ChatFactory,
    ManagerFactory,
    MessageFactory,
    PersonFactory,
    ResponseFactory,
    role,
)
from tests.sandbox.staff import member

pytestmark = pytest.mark.django_db

BOARD = "/admin/desk/waiting/"
# A Monday, 15:00.
NOW = datetime(2026, 11, 23, 15, tzinfo=ZoneInfo("Europe/Moscow"))
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _it_is_monday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def say(
    chat: Chat, ago: timedelta, *, user: object = None, text: str = "Роза есть?", **fields: object
) -> Message:
    """As `ingest` does: the message, then who waits."""
    message: Message = MessageFactory(
        chat=chat, user=user or PersonFactory(), text=text, timestamp=NOW - ago, **fields
    )
    note_activity([Message.objects.select_related("user__role").get(pk=message.pk)])
    return message


def waits(client: Client, query: str = "") -> list[Wait]:
    answer = client.get(BOARD + query)
    assert answer.status_code == 200
    found: list[Wait] = answer.context["waits"]
    return found


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("boris", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_the_longest_in_working_time_stands_first(admin_client: Client) -> None:
    """By the clock the second waits longer; but in Vladivostok hardly anybody has worked since."""
    near = ChatFactory(name="Рядом")
    far = ChatFactory(name="Далеко", time_zone="Asia/Vladivostok")
    fresh = ChatFactory(name="Только что")
    say(fresh, timedelta(minutes=20))
    say(near, 4 * HOUR)
    say(far, 5 * HOUR)

    assert [(wait.chat, wait.working, wait.wall) for wait in waits(admin_client)] == [
        ("Рядом", 4 * HOUR, 4 * HOUR),
        ("Далеко", HOUR, 5 * HOUR),
        ("Только что", timedelta(minutes=20), timedelta(minutes=20)),
    ]
    assert [wait.level for wait in waits(admin_client)] == ["very-long", "long", ""]


def test_house_rules_say_what_working_time_is(admin_client: Client) -> None:
    rules = SandboxSettings.get_solo()
    rules.works_sunday = True
    rules.save()
    say(ChatFactory(), 22 * HOUR)  # Sunday, 17:00

    assert [wait.working for wait in waits(admin_client)] == [7 * HOUR]


def test_who_was_answered_is_not_there(admin_client: Client) -> None:
    answered, waiting = ChatFactory(), ChatFactory()
    say(answered, 2 * HOUR)
    say(waiting, 2 * HOUR)
    say(answered, HOUR, user=ManagerFactory())
    say(waiting, HOUR, user=PersonFactory(role=role(RoleName.BROADCAST_BOT)))

    assert [wait.chat_id for wait in waits(admin_client)] == [waiting.pk]


def test_what_was_said_last_by_the_client_is_shown(admin_client: Client) -> None:
    chat, client = ChatFactory(), PersonFactory(first_name="Ольга", last_name="")
    say(chat, 3 * HOUR, user=client, text="Роза есть?")
    last = say(chat, 2 * HOUR, user=client, text="<b>Ау</b> " + "где " * 100)
    say(chat, HOUR, user=PersonFactory(role=role(RoleName.BROADCAST_BOT)), text="Рассылка")

    [wait] = waits(admin_client)

    assert (wait.said[:10], wait.said[-1], len(wait.said)) == ("<b>Ау</b> ", "…", 220)
    assert (wait.said_by, wait.said_at, wait.since) == ("Ольга", last.timestamp, NOW - 3 * HOUR)
    assert "&lt;b&gt;Ау" in admin_client.get(BOARD).content.decode()


def test_a_voice_message_says_what_it_is(admin_client: Client) -> None:
    say(ChatFactory(), HOUR, text="", message_type=Message.Type.VOICE)

    assert [wait.said for wait in waits(admin_client)] == ["[голосовое]"]


def test_urgent_words_and_drafts_are_marked_and_can_be_chosen(admin_client: Client) -> None:
    plain, urgent, answered_once = ChatFactory(), ChatFactory(), ChatFactory()
    say(plain, 3 * HOUR)
    ResponseFactory(chat=plain)
    ResponseFactory(chat=plain)
    ResponseFactory(chat=urgent, status="rejected")
    AnalysisFactory(message=say(urgent, 2 * HOUR), is_urgent=True, intent="complaint")
    AnalysisFactory(message=say(answered_once, 4 * HOUR), is_urgent=True)
    say(answered_once, 3 * HOUR, user=ManagerFactory())
    say(answered_once, HOUR)

    everybody = waits(admin_client)

    assert [(wait.chat_id, wait.is_urgent, wait.drafts, wait.intent) for wait in everybody] == [
        (plain.pk, False, 2, ""),
        (urgent.pk, True, 0, "Жалоба"),
        (answered_once.pk, False, 0, ""),
    ]
    assert [wait.chat_id for wait in waits(admin_client, "?only=urgent")] == [urgent.pk]
    assert [wait.chat_id for wait in waits(admin_client, "?only=no-draft")] == [urgent.pk, answered_once.pk]
    assert waits(admin_client, "?only=nonsense") == everybody


def test_a_group_that_moved_brings_its_question_and_its_draft(admin_client: Client) -> None:
    old, new = ChatFactory(), ChatFactory()
    draft = ResponseFactory(chat=old)
    asked = say(old, 2 * HOUR)
    AnalysisFactory(message=asked, is_urgent=True)
    Chat.objects.filter(pk=old.pk).update(migrated_to=new, waiting_since=None)
    Chat.objects.filter(pk=new.pk).update(waiting_since=asked.timestamp)

    [wait] = waits(admin_client)

    assert (wait.chat_id, wait.said, wait.is_urgent, wait.draft_id) == (new.pk, "Роза есть?", True, draft.pk)


def test_each_leads_to_its_conversation(admin_client: Client) -> None:
    chat = ChatFactory()
    message = say(chat, HOUR)

    [wait] = waits(admin_client)

    assert wait.link == conversation_url(chat.pk, message.pk)
    assert admin_client.get(wait.link.partition("#")[0]).status_code == 200


def test_the_board_comes_in_pages_in_one_order(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_page, "PER_PAGE", 2)
    for hours in (1, 5, 3):
        say(ChatFactory(name=str(hours)), hours * HOUR)

    assert [wait.chat for wait in waits(admin_client)] == ["5", "3"]
    assert [wait.chat for wait in waits(admin_client, "?p=2")] == ["1"]
    assert 'href="?p=2"' in admin_client.get(BOARD).content.decode()


def test_an_empty_board_says_so(admin_client: Client) -> None:
    shown = admin_client.get(BOARD).content.decode()

    assert "Никто не ждёт: всем клиентам ответили." in shown
    assert "desk-lengths" not in shown


def test_out_of_hours_the_clock_stands_still(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    say(ChatFactory(), HOUR)
    assert "Сейчас оно стоит" not in admin_client.get(BOARD).content.decode()

    monkeypatch.setattr(timezone, "now", lambda: NOW + 8 * HOUR)

    assert "Сейчас оно стоит" in admin_client.get(BOARD).content.decode()


def test_whoever_may_not_read_messages_has_no_board() -> None:
    client = staff("view_chat", "view_pendingresponse")
    say(ChatFactory(), HOUR)

    assert client.get(BOARD).status_code == 403
    assert BOARD not in client.get("/admin/").content.decode()


def test_what_may_not_be_seen_is_not_shown() -> None:
    chat = ChatFactory()
    AnalysisFactory(message=say(chat, HOUR), is_urgent=True)
    ResponseFactory(chat=chat)
    client = staff("view_chat", "view_message")

    [wait] = waits(client)

    assert (wait.is_urgent, wait.intent, wait.drafts, wait.draft_id) == (False, "", 0, None)
    assert [way.name for way in client.get(BOARD).context["ways"]] == [""]


def test_a_viewer_sees_all_of_it() -> None:
    say(ChatFactory(), HOUR)

    assert len(waits(member("Наблюдатели"))) == 1


def test_strangers_are_sent_to_the_login(client: Client) -> None:
    answer = client.get(BOARD)

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("admin:login"))


def test_the_sidebar_carries_how_many_wait(admin_client: Client) -> None:
    for _ in range(3):
        say(ChatFactory(), HOUR)

    [item] = [
        item
        for group in admin_client.get(BOARD).context["sidebar_navigation"]
        for item in group["items"]
        if str(item["link"]) == BOARD
    ]

    assert (item["badge"], bool(item["active"])) == ("3", True)


def test_queries_do_not_grow_with_who_waits(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """The session, the account and its permissions (4), the board (2), problems (2), badges (1)."""
    client = member("Менеджеры")
    for number in range(20):
        chat = ChatFactory()
        AnalysisFactory(message=say(chat, number * HOUR), is_urgent=True)
        ResponseFactory(chat=chat)

    with django_assert_num_queries(7):
        shown = client.get(BOARD).content.decode()

    assert len(re.findall(r'<li class="desk-wait ', shown)) == 20
