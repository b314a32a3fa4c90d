"""Requests are counted by view, method and class of status, timed, named and told of."""

import json
import logging
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from cvgorod_hub.api.models import ApiKey
from cvgorod_hub.watching.context import about
from cvgorod_hub.watching.logs import JsonFormatter
from cvgorod_hub.watching.tallies import BOUNDS, tallies
from tests.factories import ChatFactory
from tests.watching.conftest import Scrape, counted, values

pytestmark = pytest.mark.django_db
LOGGER = "cvgorod_hub.watching.requests"


class TestCounts:
    def test_by_view_method_and_class_of_status(self, client: Client, scrape: Scrape) -> None:
        client.get("/health/live")
        client.get("/health/live")
        client.post("/health/live")
        client.get("/api/v1/chats/-1009")
        client.get("/nowhere/-1001234567890")

        assert counted(scrape()["hub_http_requests"], "view", "method", "status") == {
            ("health-live", "GET", "2xx"): 2,
            ("health-live", "POST", "4xx"): 1,
            ("chats-detail", "GET", "4xx"): 1,
            ("unknown", "GET", "4xx"): 1,
        }

    def test_made_up_methods_are_one(self, client: Client, scrape: Scrape) -> None:
        for method in ("BREW", "STEEP"):
            client.generic(method, "/health/live")

        assert counted(scrape()["hub_http_requests"], "view", "method", "status") == {
            ("health-live", "other", "4xx"): 2
        }

    def test_rows_and_search_words_are_no_labels(self, admin_client: Client, scrape: Scrape) -> None:
        chat = ChatFactory()
        admin_client.get(f"/admin/messaging/chat/{chat.pk}/change/", {"q": "роза"})

        [labels] = values(scrape()["hub_http_requests"], "view")
        assert labels == ("admin:messaging_chat_change",)

    def test_durations_fall_into_buckets(self, scrape: Scrape) -> None:
        for seconds in (0.001, 0.005, 0.3, 100.0):
            tallies.note("requests", ("home", "GET", "2xx"), of=("home",), seconds=seconds)

        family = scrape()["hub_http_request_seconds"]

        buckets = {
            sample.labels["le"]: sample.value for sample in family.samples if sample.name.endswith("bucket")
        }
        assert [float(bound) for bound in buckets] == [*BOUNDS, float("inf")]
        assert (buckets["0.005"], buckets["0.25"], buckets["0.5"], buckets["30.0"]) == (2, 2, 3, 3)
        rest = {sample.name: sample.value for sample in family.samples if "le" not in sample.labels}
        assert rest == {
            "hub_http_request_seconds_count": 4,
            "hub_http_request_seconds_sum": pytest.approx(100.306),
        }


class TestId:
    def test_one_is_made(self, client: Client) -> None:
        ids = {client.get("/health/live").headers["X-Request-ID"] for _ in range(3)}
        assert len(ids) == 3
        assert {len(one) for one in ids} == {16}

    @pytest.mark.parametrize("given", ["0f8fad5b-d9cb-469f-a165-70867728950e", "A1.b_c-d2"])
    def test_a_well_formed_one_is_taken(self, client: Client, given: str) -> None:
        response = client.get("/api/v1/chats", headers={"X-Request-ID": given})
        assert response.headers["X-Request-ID"] == given

    @pytest.mark.parametrize(
        "given", ["short", "x" * 65, "two words1", "-leading-dash", 'a"quote12', "слово-слово"]
    )
    def test_another_one_is_not(self, client: Client, given: str) -> None:
        response = client.get("/health/live", headers={"X-Request-ID": given})
        assert response.headers["X-Request-ID"] != given

    def test_it_ends_with_the_request(self, client: Client) -> None:
        client.get("/health/live")
        assert about.get() == {}


class TestLine:
    @pytest.fixture(autouse=True)
    def _logged(self, caplog: pytest.LogCaptureFixture, settings: Settings) -> Iterator[None]:
        settings.LOGS_READS = True
        with caplog.at_level(logging.INFO, logger=LOGGER):
            yield

    def lines(self, caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
        return [record for record in caplog.records if record.name == LOGGER]

    def test_one_a_request_with_who_and_what(
        self, client: Client, caplog: pytest.LogCaptureFixture, settings: Settings
    ) -> None:
        settings.HUB_API_KEY = "cvh-of-the-environment"
        client.get("/api/v1/chats?search=роза", headers={"X-API-Key": settings.HUB_API_KEY})

        [record] = self.lines(caplog)
        told = json.loads(JsonFormatter().format(record))
        assert told.pop("ms") >= 0
        assert told.pop("time").endswith("Z")
        assert told == {
            "level": "info",
            "logger": LOGGER,
            "event": "request",
            "method": "GET",
            "view": "chats-list",
            "status": 200,
            "key": "HUB_API_KEY",
            "account": None,
            "from": "127.0.0.1",
        }

    def test_the_account_of_who_is_logged_in(
        self, admin_client: Client, admin_user: User, caplog: pytest.LogCaptureFixture
    ) -> None:
        admin_client.get("/admin/")

        [record] = self.lines(caplog)
        assert f'account="{admin_user.username}"' in record.getMessage()

    @pytest.mark.parametrize("path", ["/health/live", "/metrics"])
    def test_what_machines_ask_is_no_event(
        self, client: Client, caplog: pytest.LogCaptureFixture, path: str
    ) -> None:
        client.get(path)
        assert self.lines(caplog) == []

    def test_unless_it_is_refused(self, client: Client, caplog: pytest.LogCaptureFixture) -> None:
        client.get("/metrics", REMOTE_ADDR="203.0.113.7")

        [record] = self.lines(caplog)
        assert record.levelno == logging.WARNING
        assert record.getMessage().startswith("request method=GET view=metrics status=403 ")

    def test_reads_are_left_out_where_people_look(
        self, client: Client, caplog: pytest.LogCaptureFixture, settings: Settings
    ) -> None:
        settings.LOGS_READS = False
        client.get("/admin/login/")
        client.get("/nowhere")
        assert self.lines(caplog) == []

        client.post("/admin/login/", {})
        client.get("/api/v1/chats")

        assert [record.levelno for record in self.lines(caplog)] == [logging.INFO, logging.WARNING]

    def test_a_failure_of_the_hub_is_an_error(
        self, client: Client, caplog: pytest.LogCaptureFixture, settings: Settings
    ) -> None:
        settings.ROOT_URLCONF = "tests.watching.failing_urls"
        client.raise_request_exception = False

        response = client.get("/fails")

        assert response.status_code == 500
        assert response.headers["X-Request-ID"]
        [record] = self.lines(caplog)
        assert (record.levelno, record.args[2]) == (logging.ERROR, 500)  # type: ignore[index]

    def test_asking_who_it_is_costs_no_query(
        self, client: Client, caplog: pytest.LogCaptureFixture, django_assert_num_queries: object
    ) -> None:
        with django_assert_num_queries(0):  # type: ignore[operator]
            client.get("/")
        assert len(self.lines(caplog)) == 1
        assert not ApiKey.objects.exists()
