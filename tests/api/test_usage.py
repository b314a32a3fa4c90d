"""Who used which key for what: a line for writes and refusals, a count for all, no write for a read."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.keys import usage as module
from cvgorod_hub.api.keys.journal import readable
from cvgorod_hub.api.keys.limits import spend_call
from cvgorod_hub.api.keys.usage import UsageCounter, usage
from cvgorod_hub.api.models import ApiKey, ApiKeyUsage
from cvgorod_hub.api.tasks import delete_old_usage
from tests.api.conftest import Caller
from tests.factories import ChatFactory
from tests.marks import committed

COUNTS = ("method", "route", "succeeded", "refused", "mistaken", "failed")


def counted(key: ApiKey) -> set[tuple[object, ...]]:
    usage.write()
    return set(ApiKeyUsage.objects.filter(key=key).values_list(*COUNTS))


@pytest.fixture
def key(db: None) -> ApiKey:
    return create_key(name="agent", scopes=["read"])[0]


class TestTable:
    def test_counts_by_call_and_outcome(self, agent: Caller) -> None:
        chat = ChatFactory()
        for path in (
            f"chats/{chat.pk}",
            "chats/-9",
            f"chats/{chat.pk}",
            "chats?limit=0",
            "messages?search=роза",
        ):
            agent.follow(agent.url(path))
        agent.post("send", {"chat_id": chat.pk, "text": "Да"})
        agent.post("sandbox/1/approve")

        assert counted(ApiKey.objects.get()) == {
            ("GET", "chats/{id}", 2, 0, 1, 0),
            ("GET", "chats", 0, 0, 1, 0),
            ("GET", "messages", 1, 0, 0, 0),
            ("POST", "send", 1, 0, 0, 0),
            ("POST", "sandbox/{id}/approve", 0, 1, 0, 0),
        }

    def test_counts_our_own_errors(self, agent: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("messaging.api.chats.ChatViewSet.read_page", None)
        key = ApiKey.objects.get()

        assert agent.get("chats").status_code == 500

        assert counted(key) == {("GET", "chats", 0, 0, 0, 1)}

    def test_a_key_that_works_no_longer_is_counted_as_refused(self, agent: Caller) -> None:
        ApiKey.objects.update(revoked_at=timezone.now())

        agent.get("chats")

        assert counted(ApiKey.objects.get()) == {("GET", "chats", 0, 1, 0, 0)}

    def test_a_read_writes_nothing(
        self, reader: Caller, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        reader.get("chats")

        with django_assert_num_queries(2):  # the key, the page
            reader.get("chats")

    def test_what_callers_invent_is_one_row(self, agent: Caller) -> None:
        for method in ("PROPFIND", "X" * 50):
            Client().generic(method, "/api/v1/chats", headers={"X-API-Key": agent.key})

        assert counted(ApiKey.objects.get()) == {("other", "chats", 0, 0, 2, 0)}

    def test_the_environments_key_has_no_row(self, db: None, settings: Settings) -> None:
        settings.HUB_API_KEY = "from-the-environment"
        usage.write()

        assert Caller("from-the-environment").get("chats").status_code == 200

        assert usage.write() == 0

    def test_forgets_after_ninety_days(self, key: ApiKey) -> None:
        now = timezone.now()
        for days in (89, 90, 91, 200):
            ApiKeyUsage.objects.create(
                key=key,
                day=timezone.localdate() - timedelta(days=days),
                method="GET",
                route="chats",
                last_at=now,
            )

        assert delete_old_usage() == 2

        ages = [(timezone.localdate() - row.day).days for row in ApiKeyUsage.objects.all()]
        assert sorted(ages) == [89, 90]


class TestCounter:
    def test_adds_to_what_is_there(self, key: ApiKey) -> None:
        counter = UsageCounter()
        for statuses in ([200, 201, 304, 404], [200, 401, 403, 429, 500]):
            for status in statuses:
                counter.note(key.pk, "GET", "chats", status)
            assert counter.write() == 1

        assert list(ApiKeyUsage.objects.values_list(*COUNTS)) == [("GET", "chats", 4, 3, 1, 1)]
        assert counter.write() == 0

    def test_a_day_is_the_hubs_own(self, key: ApiKey, monkeypatch: pytest.MonkeyPatch) -> None:
        counter = UsageCounter()
        for moment in ("2026-11-22T20:59:59", "2026-11-22T21:00:00", "2026-11-23T20:59:59"):  # Moscow: +3
            at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
            monkeypatch.setattr(module.time, "time", at.timestamp)
            counter.note(key.pk, "GET", "chats", 200)

        counter.write()

        rows = ApiKeyUsage.objects.order_by("day").values_list("day", "succeeded", "last_at")
        assert [(str(day), count) for day, count, _at in rows] == [("2026-11-22", 1), ("2026-11-23", 2)]
        assert rows[1][2] == datetime(2026, 11, 23, 20, 59, 59, tzinfo=UTC)

    def test_a_key_that_is_gone_stops_nobody(self, key: ApiKey) -> None:
        counter = UsageCounter()
        counter.note(key.pk + 1, "GET", "chats", 200)
        counter.note(key.pk, "GET", "chats", 200)

        counter.write()

        assert list(ApiKeyUsage.objects.values_list("key", "succeeded")) == [(key.pk, 1)]

    def test_what_cannot_be_written_waits(
        self, key: ApiKey, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        counter = UsageCounter()
        counter.note(key.pk, "GET", "chats", 200)

        def unreachable(*_: object) -> None:
            counter.note(key.pk, "GET", "chats", 200)  # while it was tried
            raise DatabaseError

        with monkeypatch.context() as patch:
            patch.setattr(module, "_add", unreachable)
            assert counter.write() == 0
        assert caplog.messages == ["usage of API keys waits for the database error=DatabaseError"]

        counter.write()
        assert ApiKeyUsage.objects.get().succeeded == 2

    def test_asks_for_one_writing_a_minute(
        self, key: ApiKey, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.API_USAGE_WRITTEN_EVERY_SECONDS = 60
        started: list[float] = []

        class Timer:
            def __init__(self, seconds: float, function: object) -> None:
                started.append(seconds)

            def start(self) -> None:
                pass

        monkeypatch.setattr("threading.Timer", Timer)
        monkeypatch.setattr(module, "_write_at_exit", lambda: None)
        counter = UsageCounter()

        for _ in range(3):
            counter.note(key.pk, "GET", "chats", 200)
        assert started == [60]
        counter.write()
        counter.note(key.pk, "GET", "chats", 200)

        assert started == [60, 60]


@committed
def test_several_processes_add_up() -> None:
    keys = [create_key(name=f"agent {n}", scopes=["read"])[0] for n in range(10)]
    together = threading.Barrier(4)

    def work(order: int) -> None:
        counter = UsageCounter()
        together.wait()
        try:
            for _ in range(5):
                for key in keys[::order]:
                    counter.note(key.pk, "GET", "chats", 200)
                counter.write()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(work, order) for order in (1, -1, 1, -1)]:
            each.result()

    assert set(ApiKeyUsage.objects.values_list("succeeded", flat=True)) == {20}


class TestLog:
    @pytest.fixture(autouse=True)
    def _journal(self, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
        with caplog.at_level(logging.INFO, logger="cvgorod_hub.watching.requests"):
            yield

    def lines(self, caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
        records = [record for record in caplog.records if record.name == "cvgorod_hub.watching.requests"]
        return [(record.levelno, record.getMessage()) for record in records]

    def test_a_write_has_a_line(self, agent: Caller, caplog: pytest.LogCaptureFixture) -> None:
        agent.post("send", {"chat_id": ChatFactory().pk, "text": "Секретные слова"})

        [(level, line)] = self.lines(caplog)
        assert level == logging.INFO
        before, _, rest = line.partition(" ms=")
        assert before == "request method=POST view=send-list status=201"
        assert rest.endswith(' key="agent" account=null from=127.0.0.1')

    def test_a_read_has_none(self, agent: Caller, caplog: pytest.LogCaptureFixture) -> None:
        agent.get("chats")

        assert self.lines(caplog) == []

    @pytest.mark.parametrize(
        ("changes", "path", "status"),
        [
            ({"revoked_at": timezone.now()}, "chats", 401),
            ({"scopes": ["propose"]}, "chats", 403),
            ({"calls_per_minute": 1}, "chats", 429),
        ],
    )
    def test_a_refusal_has_a_line(
        self,
        agent: Caller,
        caplog: pytest.LogCaptureFixture,
        changes: dict[str, object],
        path: str,
        status: int,
    ) -> None:
        ApiKey.objects.update(**changes)
        spend_call(ApiKey.objects.get())

        agent.get(path, search="роза")

        [(level, line)] = self.lines(caplog)
        assert level == logging.WARNING
        assert line.startswith(f"request method=GET view=chats-list status={status} ")
        assert ' key="agent" ' in line
        assert "роза" not in line

    def test_a_stranger_is_named_by_address(self, db: None, caplog: pytest.LogCaptureFixture) -> None:
        Caller("cvh_0123456789ab_wrong").get("messages/5")

        [(_level, line)] = self.lines(caplog)
        assert line.startswith("request method=GET view=messages-detail status=401 ")
        assert " key=null " in line
        assert line.endswith(" from=127.0.0.1")
        assert "wrong" not in line

    def test_a_name_stays_on_its_line(self, db: None, caplog: pytest.LogCaptureFixture) -> None:
        caller = Caller(create_key(name='a" 200 "b', scopes=["read"])[1])

        caller.post("send", {})

        [(_level, line)] = self.lines(caplog)
        assert line.startswith("request method=POST view=send-list status=403 ")
        assert ' key="a\\" 200 \\"b" ' in line

    def test_never_holds_a_secret(self, agent: Caller, caplog: pytest.LogCaptureFixture) -> None:
        assert agent.key is not None
        agent.post("send", {})
        ApiKey.objects.update(revoked_at=timezone.now())
        agent.get("chats")

        assert agent.key.split("_", 2)[2] not in caplog.text


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("api/v1/^messages/(?P<pk>-?[0-9]{1,19})/context/?$", "messages/{id}/context"),
        ("api/v1/^clients/(?P<client_id>-?[0-9]{1,19})/messages/?$", "clients/{client_id}/messages"),
        ("api/v1/^chats/?$", "chats"),
    ],
)
def test_routes_are_written_as_people_do(route: str, words: str) -> None:
    assert readable(route) == words
