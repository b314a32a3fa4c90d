"""The daily report: once a day and way, to our own people only, and a failure is seen."""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
import redis
from django.conf import settings as django_settings
from django.core import mail
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from bots.models import DailyReport
from bots.problems import find_problems
from bots.report import daily, ways
from bots.report.brief import Brief, write_brief
from bots.simulator import SimulatedTelegram, answers
from cvgorod_hub.common.external import ExternalServiceError
from messaging.models import Chat
from tests.factories import ChatFactory, ManagerFactory, MessageFactory, PersonFactory, ResponseFactory
from tests.marks import committed

pytestmark = committed

MOSCOW = ZoneInfo("Europe/Moscow")
REVIEW_CHAT = -1_009_000_000_001
NINE = datetime(2026, 11, 23, 9, 0, tzinfo=MOSCOW)


@pytest.fixture(autouse=True)
def by_mail(settings: Settings) -> None:
    settings.HUB_REPORT_EMAIL = ["director@example.com"]
    settings.HUB_REPORT_HOUR = 9


@pytest.fixture
def by_telegram(settings: Settings, telegram: SimulatedTelegram) -> SimulatedTelegram:
    settings.HUB_REPORT_EMAIL = []
    settings.HUB_REPORT_CHAT_ID = settings.TELEGRAM_REVIEW_CHAT_ID = REVIEW_CHAT
    telegram.add_chat(REVIEW_CHAT, "Проверка")
    with redis.Redis.from_url(django_settings.REDIS_URL) as client:
        client.flushdb()
        client.set("hub:pace:warm", 1)
    return telegram


def codes() -> list[str]:
    return [problem.code for problem in find_problems()]


def test_nothing_is_due_before_its_hour() -> None:
    # Yesterday's nine o'clock is fifteen hours away at midnight: nobody is told at night.
    for hour in (0, 5, 8):
        assert daily.send_due(now=NINE.replace(hour=hour, minute=59)) == 0

    assert mail.outbox == []


def test_it_goes_out_once_a_day() -> None:
    for minutes in (0, 1, 60, 11 * 60):
        daily.send_due(now=NINE + timedelta(minutes=minutes))
    daily.send_due(now=NINE + timedelta(days=1))

    assert [report.subject for report in mail.outbox] == ["Хаб, 23 ноября 2026 г.", "Хаб, 24 ноября 2026 г."]
    assert mail.outbox[0].to == ["director@example.com"]


def test_two_sweeps_at_once_send_one() -> None:
    start = Barrier(4)

    def sweep(_number: int) -> int:
        try:
            start.wait()
            return daily.send_due(now=NINE)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(sweep, range(4))) == [0, 0, 0, 1]

    assert len(mail.outbox) == 1


def test_a_hub_that_was_away_makes_up_for_it_once(db: None) -> None:
    daily.send_due(now=NINE - timedelta(days=3))

    assert daily.send_due(now=NINE + timedelta(hours=5)) == 1
    assert daily.send_due(now=NINE + timedelta(hours=6)) == 0

    assert "Сообщений с 20.11.2026 09:00" in mail.outbox[-1].body
    assert len(mail.outbox) == 2


def test_it_says_what_came_what_waits_and_what_failed(settings: Settings) -> None:
    settings.HUB_PUBLIC_URL = "https://hub.example.com"
    now = timezone.now()
    chat = ChatFactory(waiting_since=now - timedelta(hours=1))
    MessageFactory.create_batch(3, chat=chat, timestamp=now - timedelta(hours=1))
    MessageFactory(timestamp=now - timedelta(hours=2), source="sent")
    MessageFactory(timestamp=now - timedelta(days=9))
    for status in ("pending", "pending", "unknown", "failed", "failed"):
        ResponseFactory(chat=chat, status=status)

    text = write_brief(since=now - timedelta(days=1), until=now).text

    lines = text.splitlines()
    assert lines[0].endswith(": 3, в чатах: 1")
    assert lines[1] == "Отправлено ответов: 1"
    assert lines[2].startswith("Ждут проверки: 2, самый давний с ")
    assert lines[3].startswith("Клиентов, ждущих ответа: 1, первый с ")
    assert lines[4:6] == ["Неизвестно, отправлено ли: 1", "Не отправлено: 2"]
    assert lines[-1] == "https://hub.example.com/admin/"


def test_all_is_well_is_said_too(telegram: SimulatedTelegram) -> None:
    from bots.models import TelegramBot

    now = timezone.now()
    TelegramBot.objects.create(
        id=77, can_read_all_group_messages=True, last_poll_at=now, checked_at=now, last_update_at=now
    )

    assert (
        "Всё, что передал Telegram, сохранено." in write_brief(since=now - timedelta(days=1), until=now).text
    )


def test_a_mail_server_that_fails_is_asked_again_ever_less_and_becomes_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_brief: object) -> None:
        raise ExternalServiceError("ConnectionRefusedError: nobody there")

    moment = timezone.localtime().replace(hour=9, minute=0, second=0, microsecond=0)
    monkeypatch.setitem(daily.SENDERS, DailyReport.Way.MAIL, fail)
    pauses, told = [], []
    for _try in range(7):
        assert daily.send_due(now=moment) == 0
        report = DailyReport.objects.get()
        assert report.next_try_at is not None
        pauses.append((report.next_try_at - moment) // timedelta(minutes=1))
        told.append("report_not_sent" in codes())
        assert daily.send_due(now=report.next_try_at - timedelta(seconds=1)) == 0
        moment = report.next_try_at

    assert pauses == [2, 4, 8, 16, 32, 60, 60]
    assert told == [False, False, True, True, True, True, True]
    assert report.attempts == 7
    monkeypatch.undo()
    assert daily.send_due(now=moment) == 1
    assert "report_not_sent" not in codes()


def test_a_refusal_is_a_problem_at_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_message: object) -> None:
        raise smtplib.SMTPAuthenticationError(535, b"bad credentials")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    daily.send_due(now=timezone.localtime().replace(hour=9))

    [problem] = [each for each in find_problems() if each.code == "report_not_sent"]
    assert "535" in problem.advice
    settings.HUB_REPORT_EMAIL = []
    assert "report_not_sent" not in codes()


def test_a_mail_server_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Event

    never = Event()
    monkeypatch.setattr("django.core.mail.EmailMessage.send", lambda _message: never.wait(30))
    monkeypatch.setattr(ways, "MAIL_SECONDS", 0.1)

    assert daily.send_due(now=NINE) == 0
    assert "took longer" in DailyReport.objects.get().last_error
    never.set()


def test_it_goes_to_the_review_chat_at_the_pace_of_all_that_is_sent(by_telegram: SimulatedTelegram) -> None:
    assert daily.send_due(now=NINE) == 1

    [message] = by_telegram.sent_messages
    assert message.chat_id == REVIEW_CHAT
    assert message.text.startswith("Хаб, 23 ноября 2026 г.\n\n")
    with redis.Redis.from_url(django_settings.REDIS_URL) as client:
        assert client.llen(f"hub:pace:{REVIEW_CHAT}") == 1


@pytest.mark.parametrize("other", ["a client's group", "a client", "nobody's"])
def test_it_never_goes_to_clients(by_telegram: SimulatedTelegram, settings: Settings, other: str) -> None:
    if other == "a client's group":
        settings.HUB_REPORT_CHAT_ID = MessageFactory(user=PersonFactory()).chat_id
    elif other == "a client":
        settings.HUB_REPORT_CHAT_ID = ChatFactory(id=PersonFactory().pk, chat_type=Chat.Type.PRIVATE).pk
    else:
        settings.HUB_REPORT_CHAT_ID = -100777
    by_telegram.add_chat(settings.HUB_REPORT_CHAT_ID, "Чужие")

    assert daily.send_due(now=timezone.localtime().replace(hour=9)) == 0
    assert by_telegram.sent_messages == []
    assert "report_not_sent" in codes()


def test_it_may_go_to_a_group_of_our_own_people(by_telegram: SimulatedTelegram, settings: Settings) -> None:
    settings.HUB_REPORT_CHAT_ID = MessageFactory(user=ManagerFactory()).chat_id
    by_telegram.add_chat(settings.HUB_REPORT_CHAT_ID, "Свои")

    assert daily.send_due(now=NINE) == 1
    assert [message.chat_id for message in by_telegram.sent_messages] == [settings.HUB_REPORT_CHAT_ID]


def test_telegram_away_delays_it(by_telegram: SimulatedTelegram) -> None:
    by_telegram.script("sendMessage", [answers.too_many_requests(7)])

    assert daily.send_due(now=NINE) == 0
    report = DailyReport.objects.get()
    assert (report.attempts, report.sent_at, report.next_try_at) == (1, None, NINE + daily.FIRST_PAUSE)
    with redis.Redis.from_url(django_settings.REDIS_URL) as client:
        client.delete(f"hub:pace:{REVIEW_CHAT}")
    assert daily.send_due(now=NINE + daily.FIRST_PAUSE) == 1
    assert len(by_telegram.sent_messages) == 1


def test_a_worker_that_died_at_it_is_followed_by_another() -> None:
    DailyReport.objects.create(
        day=NINE.date(), way="mail", attempts=1, claimed_until=NINE + timedelta(minutes=5)
    )

    assert daily.send_due(now=NINE + timedelta(minutes=4)) == 0
    assert daily.send_due(now=NINE + timedelta(minutes=6)) == 1


def test_a_worker_that_slept_over_its_claim_leaves_the_report_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It wakes when another one has sent it."""

    def sleep_meanwhile(*, since: datetime, until: datetime) -> Brief:
        monkeypatch.setattr(daily, "write_brief", write_brief)
        assert daily.send_due(now=NINE + daily.CLAIM + timedelta(seconds=1)) == 1
        return write_brief(since=since, until=until)

    monkeypatch.setattr(daily, "write_brief", sleep_meanwhile)

    assert daily.send_due(now=NINE) == 0

    assert len(mail.outbox) == 1
    report = DailyReport.objects.get()
    assert (report.attempts, report.claimed_until) == (2, None)
    assert report.told_until == NINE + daily.CLAIM + timedelta(seconds=1)
