"""The home page: numbers that are exact, that lead to their rows, and that nobody sees who may not."""

import json
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clients.models import RoleName
from cvgorod_hub.desk.home.charts import Chart
from intents.labels import Intent
from intents.recounting import rebuild_analysis_counts
from messaging.models import Chat, Message
from sandbox.models import PendingResponse
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

HOME = "/admin/"
ZONE = ZoneInfo("Europe/Moscow")
# A Monday, 15:00; each test says what it is about on this day.
NOW = datetime(2026, 11, 23, 15, tzinfo=ZONE)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _it_is_monday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def context(client: Client, query: str = "") -> dict[str, Any]:
    answer = client.get(HOME + query)
    assert answer.status_code == 200
    return {name: answer.context[name] for name in ("now", "day", "beginning")}


def figures(client: Client) -> dict[str, int]:
    return {figure.name: figure.value for figure in context(client)["now"]["figures"]}


def chart(client: Client, name: str, query: str = "") -> Chart:
    found: Chart = context(client, query)["day"][name]["chart"]
    return found


def said(at: datetime = NOW - HOUR, **fields: Any) -> Message:
    message: Message = MessageFactory(timestamp=at, **fields)
    return message


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("boris", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def rows_at(client: Client, link: str) -> int:
    """How many rows the list behind a link has."""
    answer = client.get(link)
    assert answer.status_code == 200, link
    return len(answer.context["cl"].result_list)


def proposed(at: datetime, **fields: Any) -> PendingResponse:
    draft: PendingResponse = ResponseFactory(**fields)
    PendingResponse.objects.filter(pk=draft.pk).update(created_at=at)
    return draft


# --- now -------------------------------------------------------------------------------------------
def test_figures_say_what_waits_for_a_person(admin_client: Client) -> None:
    for status, number in (("pending", 3), ("failed", 2), ("unknown", 1), ("sent", 4)):
        ResponseFactory.create_batch(number, status=status)
    waiting = ChatFactory(waiting_since=NOW - 2 * HOUR)
    AnalysisFactory(message=said(chat=waiting), is_urgent=True)
    AnalysisFactory(message=said(NOW - 3 * HOUR, chat=waiting), is_urgent=True)  # answered since
    ChatFactory(waiting_since=NOW - HOUR)

    assert figures(admin_client) == {"drafts": 3, "waiting": 2, "urgent": 1, "failed": 2, "unknown": 1}


def test_each_figure_leads_to_as_many_rows(admin_client: Client) -> None:
    ResponseFactory.create_batch(3)
    ResponseFactory.create_batch(2, status="failed")
    ResponseFactory(status="unknown")

    links = {figure.name: (figure.link, figure.value) for figure in context(admin_client)["now"]["figures"]}

    for name in ("drafts", "failed", "unknown"):
        link, value = links[name]
        assert rows_at(admin_client, link) == value, name
    assert links["waiting"] == ("/admin/desk/waiting/", 0)
    assert links["urgent"] == ("/admin/desk/waiting/?only=urgent", 0)


def test_the_longest_waits_are_told_with_their_working_time(admin_client: Client) -> None:
    for hours in range(1, 8):
        chat = ChatFactory(name=f"Чат {hours}", waiting_since=NOW - hours * HOUR)
        said(NOW - hours * HOUR, chat=chat, text=f"Вопрос {hours}")

    now = context(admin_client)["now"]

    assert [(wait.chat, wait.said) for wait in now["waits"]] == [
        (f"Чат {hours}", f"Вопрос {hours}") for hours in (7, 6, 5, 4, 3)
    ]
    [figure] = [figure for figure in now["figures"] if figure.name == "waiting"]
    assert (figure.value, figure.note, figure.level) == (7, "дольше всех – 6 ч рабочего времени", "bad")


def test_urgent_words_are_told_the_oldest_first(admin_client: Client) -> None:
    chat = ChatFactory(name="Ромашка", waiting_since=NOW - 3 * HOUR)
    for hours in (1, 3):
        AnalysisFactory(message=said(NOW - hours * HOUR, chat=chat, text=f"{hours}!"), is_urgent=True)

    assert [words.said for words in context(admin_client)["now"]["urgent"]] == ["3!", "1!"]


# --- the day ---------------------------------------------------------------------------------------
def test_messages_by_hour_are_those_of_the_day(admin_client: Client) -> None:
    dice = random.Random(7)  # noqa: S311
    people = {
        "client": PersonFactory(),
        "staff": ManagerFactory(),
        "program": PersonFactory(role=role(RoleName.BROADCAST_BOT)),
        "channel": None,
    }
    counts: dict[str, Counter[int]] = {name: Counter() for name in people}
    chat = ChatFactory()
    for _ in range(120):
        name = dice.choice(list(people))
        at = datetime(2026, 11, 22, 12, tzinfo=ZONE) + timedelta(minutes=dice.randrange(48 * 60))
        said(at, chat=chat, user=people[name])
        if at.date() == NOW.date():
            counts[name][at.hour] += 1

    hours = chart(admin_client, "hours")

    expected = [list(map(counts[name].__getitem__, range(24))) for name in people]
    assert [list(series.values) for series in hours.series] == expected
    assert json.loads(hours.data)["datasets"][0]["data"] == expected[0]


def test_each_hour_leads_to_its_messages(admin_client: Client) -> None:
    chat = ChatFactory()
    for minutes in (0, 59, 60, 61, 200):
        said(NOW - 6 * HOUR + timedelta(minutes=minutes), chat=chat)

    hours = chart(admin_client, "hours")

    totals = [sum(column) for column in zip(*(series.values for series in hours.series), strict=True)]
    assert [totals[hour] for hour in (9, 10, 12)] == [2, 2, 1]
    assert [rows_at(admin_client, hours.links[hour]) for hour in (9, 10, 12)] == [2, 2, 1]
    assert [link for hour, link in enumerate(hours.links) if hour not in (9, 10, 12)] == [""] * 21
    assert [cell.text for cell in hours.rows[0].cells] == ["2", "2"]


def test_meanings_by_day_are_those_of_fourteen_days(admin_client: Client) -> None:
    dice = random.Random(11)  # noqa: S311
    counts: Counter[tuple[str, str]] = Counter()
    chat, client = ChatFactory(), PersonFactory()
    for _ in range(90):
        at = NOW - timedelta(minutes=dice.randrange(20 * 24 * 60))
        intent = dice.choice(Intent.values)
        AnalysisFactory(message=said(at, chat=chat, user=client), intent=intent)
        counts[f"{at.day}.{at.month:02d}", Intent(intent).label.capitalize()] += 1
    rebuild_analysis_counts()

    meanings = chart(admin_client, "meanings")

    assert list(meanings.labels) == [f"{day}.11" for day in range(10, 24)]
    assert {
        (day, series.label): value
        for series in meanings.series
        for day, value in zip(meanings.labels, series.values, strict=True)
        if value
    } == {key: number for key, number in counts.items() if key[0] in meanings.labels}


def test_each_meaning_leads_to_its_analyses(admin_client: Client) -> None:
    for intent, at in (
        ("order", NOW),
        ("order", NOW - 2 * HOUR),
        ("question", NOW),
        ("order", NOW - 24 * HOUR),
    ):
        AnalysisFactory(message=said(at), intent=intent)

    meanings = chart(admin_client, "meanings")

    today = meanings.rows[0]
    assert (today.name.text, rows_at(admin_client, today.name.link)) == ("23 ноября", 3)
    assert [(cell.text, rows_at(admin_client, cell.link)) for cell in today.cells] == [("2", 2), ("1", 1)]


def test_first_replies_are_of_the_period_and_lead_to_themselves(admin_client: Client) -> None:
    manager = ManagerFactory(first_name="Анна", last_name="")
    for hours_ago, minutes in ((3, 10), (2, 30), (30, 5)):
        chat = ChatFactory(name=f"{minutes} минут")
        said(NOW - hours_ago * HOUR, chat=chat)
        said(NOW - hours_ago * HOUR + timedelta(minutes=minutes), chat=chat, user=manager)

    today, week = chart(admin_client, "replies"), chart(admin_client, "replies", "?days=7")

    assert [[row.name.text, *(cell.text for cell in row.cells)] for row in today.rows] == [
        ["Анна", "2", "20 мин", "30 мин"]
    ]
    assert [[cell.text for cell in row.cells] for row in week.rows] == [["3", "10 мин", "30 мин"]]
    listed = admin_client.get(week.rows[0].name.link).context["page"].object_list
    assert [reply.chat for reply in listed] == ["30 минут", "10 минут", "5 минут"]


def test_drafts_are_told_by_what_people_made_of_them(admin_client: Client) -> None:
    for status, edited, number in (
        ("sent", False, 3), ("approved", False, 2), ("failed", True, 1), ("rejected", False, 4),
        ("pending", False, 2), ("expired", False, 1), ("cancelled", True, 1),
    ):  # fmt: skip
        for _ in range(number):
            proposed(
                NOW - HOUR, status=status, original_text="Иначе." if edited else "Да, роза есть, 95 рублей."
            )
    person = User.objects.create(username="manager")
    for status in ("sent", "expired"):
        proposed(NOW - HOUR, status=status, requested_by_user=person)
    proposed(NOW - 30 * HOUR, status="rejected")
    said()

    outcomes = chart(admin_client, "outcomes")

    assert [[row.name.text, *(cell.text for cell in row.cells)] for row in outcomes.rows] == [
        ["Одобрен без правок", "5", "50%"],
        ["Одобрен с правкой", "1", "10%"],
        ["Отклонён", "4", "40%"],
        ["Ждёт решения", "2", "–"],
        ["Истёк или отозван", "2", "–"],
        ["Написан сотрудником", "2", "–"],
    ]
    for row in outcomes.rows:
        assert rows_at(admin_client, row.name.link) == int(row.cells[0].text), row.name.text
    assert rows_at(admin_client, outcomes.links[0]) == 16


def test_drafts_that_nobody_decided_on_have_no_shares(admin_client: Client) -> None:
    proposed(NOW - HOUR)
    said()

    outcomes = chart(admin_client, "outcomes")

    assert outcomes.is_drawn is False
    assert [cell.text for cell in outcomes.rows[0].cells] == ["0", "–"]
    assert "desk-chart is-outcomes" not in admin_client.get(HOME).content.decode()


# --- which day -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "day", "length", "is_today"),
    [
        ("", "2026-11-23", 1, True),
        ("?day=2026-11-20", "2026-11-20", 1, False),
        ("?day=2026-11-20&days=7", "2026-11-20", 7, False),
        ("?day=2027-01-01", "2026-11-23", 1, True),
        ("?day=2026-02-31", "2026-11-23", 1, True),
        ("?day=nonsense&days=8", "2026-11-23", 1, True),
        ("?day=0001-01-01&days=30", "2000-01-01", 30, False),
    ],
)
def test_the_address_names_the_day(
    admin_client: Client, query: str, day: str, length: int, is_today: bool
) -> None:
    said()

    days = context(admin_client, query)["day"]["days"]

    assert (days.last.isoformat(), days.length, days.is_today) == (day, length, is_today)


def test_neighbouring_days_keep_the_period(admin_client: Client) -> None:
    said()
    days = context(admin_client, "?day=2026-11-22&days=7")["day"]["days"]

    assert days.before.query == "?day=2026-11-21&days=7"
    assert days.after.query == "?days=7"
    assert [other.query for other in days.others()] == [
        "?day=2026-11-22", "?day=2026-11-22&days=7", "?day=2026-11-22&days=30",
    ]  # fmt: skip


# --- nothing yet, and who may see what ----------------------------------------------------------------
def test_an_empty_hub_says_what_to_do_next(admin_client: Client) -> None:
    shown = admin_client.get(HOME).content.decode()

    assert "Пока не пришло ни одного сообщения" in shown
    assert "Подключите бота" in shown
    assert "desk-chart" not in shown
    assert [step.is_done for step in context(admin_client)["beginning"]] == [False] * 5


def test_days_without_anything_say_so(admin_client: Client) -> None:
    said(NOW - timedelta(days=40))

    shown = admin_client.get(HOME).content.decode()

    for sentence in (
        "Никто не ждёт: всем клиентам ответили.",
        "Срочного без ответа нет.",
        "В этот день сообщений не было.",
        "За эти две недели ещё ни одно сообщение не разобрано.",
        "За этот период никому не отвечали.",
        "За этот период агент ничего не предложил.",
    ):
        assert sentence in shown, sentence
    assert "<canvas" not in shown


@pytest.mark.parametrize(
    ("permissions", "seen", "parts"),
    [
        ((), [], []),
        (("view_pendingresponse",), ["drafts", "failed", "unknown"], ["outcomes"]),
        (("view_message",), [], ["hours"]),
        (("view_message", "view_chat"), ["waiting"], ["hours"]),
        (("view_messageanalysis",), [], ["meanings"]),
        (("view_message", "view_chat", "view_messageanalysis"), ["waiting", "urgent"], ["hours", "meanings"]),
        (("view_message", "view_chat", "view_telegramuser"), ["waiting"], ["hours", "replies"]),
    ],
)
def test_each_sees_the_parts_whose_rows_are_theirs(
    permissions: tuple[str, ...], seen: list[str], parts: list[str]
) -> None:
    said()
    client = staff(*permissions)

    assert list(figures(client)) == seen
    assert [part for part in context(client)["day"] if part != "days"] == parts


def test_first_replies_are_closed_to_whoever_may_not_see_people() -> None:
    assert staff("view_message", "view_chat").get("/admin/desk/replies/").status_code == 403


@pytest.mark.parametrize("group", ["Менеджеры", "Директора", "Администраторы"])
def test_few_queries_make_the_page(group: str, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """The session, the account and its permissions (4), problems (2), badges, and one for all of this."""
    client = member(group)
    for number in range(20):
        chat: Chat = ChatFactory(waiting_since=NOW - number * HOUR)
        AnalysisFactory(message=said(NOW - number * HOUR, chat=chat), is_urgent=True)
        said(NOW - number * HOUR, chat=chat, user=ManagerFactory())
        ResponseFactory(chat=chat)

    with django_assert_num_queries(6):
        client.get(HOME)


def test_few_queries_make_the_list_of_first_replies(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = member("Директора")
    for _ in range(20):
        chat = ChatFactory()
        said(NOW - 2 * HOUR, chat=chat)
        said(NOW - HOUR, chat=chat, user=ManagerFactory())

    with django_assert_num_queries(6):
        answer = client.get("/admin/desk/replies/")

    assert len(answer.context["page"].object_list) == 20
