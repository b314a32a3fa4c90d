"""What `/metrics` says is what the rows, the queues and the processes say."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client.core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as text_string_to_openmetrics
from pytest_django import DjangoAssertNumQueries, Settings

from bots.models import RawUpdate, SpeechUsage, TelegramBot, VoiceGate
from cvgorod_hub.api.hooks.models import WebhookDelivery, WebhookEndpoint
from cvgorod_hub.api.hooks.signing import new_seed
from cvgorod_hub.common import alive
from cvgorod_hub.version import VERSION
from cvgorod_hub.watching import tallies
from intents.llm.budget import today
from intents.llm.gate import settings_digest
from intents.llm.records import ModelSettings, ModelState, ModelUsage
from intents.models import MessageAnalysis
from messaging.models import Chat, Recording
from sandbox.models import PendingResponse, ResponseEvent, SendingState
from tests.factories import AnalysisFactory, ChatFactory, MessageFactory, ResponseFactory
from tests.fakes import BOT_ID
from tests.watching.conftest import Scrape, counted, value, values

pytestmark = pytest.mark.django_db
Status = PendingResponse.Status


def ago(**length: float) -> datetime:
    return timezone.now() - timedelta(**length)


def about(seconds: float) -> object:
    return pytest.approx(seconds, abs=20)


@pytest.fixture
def bot() -> TelegramBot:
    return TelegramBot.objects.create(
        id=BOT_ID,
        username="hub_bot",
        can_read_all_group_messages=True,
        last_poll_at=ago(minutes=2),
        last_update_at=ago(minutes=10),
        checked_at=ago(minutes=1),
    )


def update(bot: TelegramBot, number: int, **fields: Any) -> None:
    received_at = fields.pop("received_at", None)
    row = RawUpdate.objects.create(bot=bot, update_id=number, kind="message", payload="{}", **fields)
    if received_at:
        RawUpdate.objects.filter(pk=row.pk).update(received_at=received_at)


def test_an_empty_hub_says_so(scrape: Scrape) -> None:
    said = scrape()

    assert values(said["hub_queue_waiting"], "queue") == dict.fromkeys(
        [(name,) for name in ("updates", "model", "voice", "drafts", "delivery", "webhooks")], 0
    )
    assert values(said["hub_queue_oldest_seconds"], "queue") == values(said["hub_queue_waiting"], "queue")
    assert set(values(said["hub_replies"], "state").values()) == {0}
    assert value(said["hub_messages"]) == 0
    assert value(said["hub_clients_waiting"]) == 0
    assert values(said["hub_problems"], "code", "severity") == {("no_bot", "warning"): 1}
    assert values(said["hub_reachable"], "server") == {("database",): 1, ("redis",): 1}
    assert value(said["hub_database_size_bytes"]) > 1_000_000
    assert 0 < value(said["hub_disk_free_bytes"]) <= value(said["hub_disk_size_bytes"])
    assert said["hub_bot_last_poll_age_seconds"].samples == []


class TestCollecting:
    def test_since_when_nothing_was_heard(self, bot: TelegramBot, scrape: Scrape) -> None:
        said = scrape()

        assert values(said["hub_bot_last_poll_age_seconds"], "bot") == {(str(BOT_ID),): about(120)}
        assert values(said["hub_bot_last_update_age_seconds"], "bot") == {(str(BOT_ID),): about(600)}
        assert values(said["hub_bot_token_refused"], "bot") == {(str(BOT_ID),): 0}
        assert said["hub_bot_webhook_waiting"].samples == []

    def test_a_bot_with_a_webhook_is_not_asked_for(self, bot: TelegramBot, scrape: Scrape) -> None:
        bot.webhook_url, bot.webhook_waiting = f"https://hub.example.com/telegram/webhook/{BOT_ID}", 7
        bot.save()
        said = scrape()

        assert said["hub_bot_last_poll_age_seconds"].samples == []
        assert values(said["hub_bot_webhook_waiting"], "bot") == {(str(BOT_ID),): 7}

    def test_a_bot_that_nobody_needs_is_left_out(self, bot: TelegramBot, scrape: Scrape) -> None:
        TelegramBot.objects.update(is_watched=False)
        assert scrape()["hub_bot_token_refused"].samples == []

    def test_updates_by_state(self, bot: TelegramBot, scrape: Scrape) -> None:
        update(bot, 1, parse_state=RawUpdate.State.PENDING, received_at=ago(minutes=30))
        update(bot, 2, parse_state=RawUpdate.State.PENDING)
        update(bot, 3, parse_state=RawUpdate.State.FAILED)
        update(bot, 4, parse_state=RawUpdate.State.PARSED)
        update(bot, 5, parse_state=RawUpdate.State.PARSED, received_at=ago(minutes=6))

        said = scrape()

        assert values(said["hub_updates_unsettled"], "state") == {
            ("pending",): 2,
            ("failed",): 1,
            ("dismissed",): 0,
        }
        assert values(said["hub_updates_lately"], "state") == {
            ("pending",): 1,
            ("parsed",): 1,
            ("failed",): 1,
            ("ignored",): 0,
            ("dismissed",): 0,
        }
        assert values(said["hub_queue_oldest_seconds"], "queue")["updates",] == about(1800)

    def test_messages_are_counted_where_they_are_kept(self, scrape: Scrape) -> None:
        MessageFactory()
        MessageFactory().delete()
        MessageFactory()
        assert value(scrape()["hub_messages"]) == 2


class TestQueues:
    def waits(self, scrape: Scrape, queue: str) -> tuple[float, float]:
        said = scrape()
        return (
            values(said["hub_queue_waiting"], "queue")[queue,],
            values(said["hub_queue_oldest_seconds"], "queue")[queue,],
        )

    def test_drafts(self, scrape: Scrape) -> None:
        for minutes in (5, 50):
            draft = ResponseFactory()
            PendingResponse.objects.filter(pk=draft.pk).update(created_at=ago(minutes=minutes))
        ResponseFactory(status=Status.REJECTED)

        assert self.waits(scrape, "drafts") == (2, about(3000))

    def test_delivery_begins_when_it_may(self, scrape: Scrape) -> None:
        approved = {"status": Status.APPROVED, "approved_at": ago(hours=1)}
        ResponseFactory(**approved, scheduled_at=ago(minutes=-10))
        assert self.waits(scrape, "delivery") == (0, 0)

        ResponseFactory(**approved, scheduled_at=ago(minutes=2))
        assert self.waits(scrape, "delivery") == (1, about(120))

        ResponseFactory(**approved)
        assert self.waits(scrape, "delivery") == (2, about(3600))

    def test_the_model(self, scrape: Scrape) -> None:
        for minutes in (90, 9):
            analysis = AnalysisFactory(model_due_at=timezone.now())
            MessageAnalysis.objects.filter(pk=analysis.pk).update(updated_at=ago(minutes=minutes))
        AnalysisFactory()

        assert self.waits(scrape, "model") == (2, about(5400))

    def test_voices(self, scrape: Scrape) -> None:
        facts = {"bot_id": BOT_ID, "file_id": "f"}
        Recording.objects.create(
            message=MessageFactory(), **facts, queued_at=ago(hours=2), due_at=timezone.now()
        )
        Recording.objects.create(message=MessageFactory(), **facts, queued_at=ago(hours=9), state="failed")

        assert self.waits(scrape, "voice") == (1, about(7200))
        assert value(scrape()["hub_recordings_failed"]) == 1

    def test_webhooks(self, scrape: Scrape) -> None:
        def endpoint(name: str, **fields: Any) -> WebhookEndpoint:
            return WebhookEndpoint.objects.create(
                name=name, url="https://a.example", events=[], seed=new_seed(), **fields
            )

        def waits_since(to: WebhookEndpoint, **length: float) -> None:
            WebhookDelivery.objects.create(
                endpoint=to, event="draft.sent", payload="{}", created_at=ago(**length)
            )

        well, paused = endpoint("well"), endpoint("paused", paused_at=timezone.now())
        endpoint("failing", strikes=4)
        endpoint("off", is_active=False)
        waits_since(well, minutes=3)
        waits_since(well, minutes=1)
        waits_since(paused, days=3)
        WebhookDelivery.objects.create(
            endpoint=well, event="x", payload="{}", created_at=ago(days=1), state="delivered"
        )

        assert self.waits(scrape, "webhooks") == (2, about(180))
        assert values(scrape()["hub_webhook_endpoints"], "state") == {
            (state,): 1 for state in ("well", "paused", "failing", "off")
        }

    def test_clients(self, scrape: Scrape) -> None:
        ChatFactory()
        Chat.objects.filter(pk=ChatFactory().pk).update(waiting_since=ago(minutes=40))
        said = scrape()
        assert value(said["hub_clients_waiting"]) == 1
        assert value(said["hub_clients_waiting_oldest_seconds"]) == about(2400)


class TestReplies:
    def test_by_state_and_what_happened_lately(self, scrape: Scrape) -> None:
        reply = ResponseFactory(status=Status.UNKNOWN)
        ResponseFactory(status=Status.FAILED)
        ResponseFactory(status=Status.SENT)
        for kind, minutes in (("sent", 1), ("sent", 4), ("sent", 6), ("unknown", 1)):
            event = ResponseEvent.objects.create(response=reply, kind=kind, actor_name="hub")
            assert event.pk
            with connection.cursor() as cursor:  # the log refuses to be changed, except like this
                cursor.execute("SET LOCAL session_replication_role = replica")
                cursor.execute(
                    "UPDATE pending_response_events SET created_at = %s WHERE id = %s",
                    [ago(minutes=minutes), event.pk],
                )
                cursor.execute("SET LOCAL session_replication_role = DEFAULT")

        said = scrape()

        assert values(said["hub_replies"], "state") == {
            ("pending",): 0,
            ("approved",): 0,
            ("sending",): 0,
            ("failed",): 1,
            ("unknown",): 1,
        }
        lately = values(said["hub_reply_moves_lately"], "kind")
        assert {name: number for name, number in lately.items() if number} == {("sent",): 2, ("unknown",): 1}
        assert set(lately) == {(kind,) for kind in ResponseEvent.Kind.values}

    @pytest.mark.parametrize(
        ("fields", "paused"),
        [
            (lambda: {"paused_until": ago(minutes=-1)}, 1),
            (lambda: {"paused_until": ago(minutes=1)}, 0),
            (lambda: {"trouble": "token_refused"}, 1),
        ],
        ids=["until later", "until before", "refused"],
    )
    def test_whether_sending_is_paused(
        self, fields: Callable[[], dict[str, Any]], paused: int, scrape: Scrape
    ) -> None:
        assert value(scrape()["hub_sending_paused"]) == 0
        SendingState.objects.update_or_create(pk=1, defaults=fields())
        assert value(scrape()["hub_sending_paused"]) == paused


class TestNeighbours:
    def test_what_the_model_used(self, scrape: Scrape) -> None:
        ModelSettings.objects.update_or_create(pk=1, defaults={"daily_cost": Decimal(2), "daily_tokens": 100})
        use = {
            "requests": 3,
            "failures": 1,
            "messages": 40,
            "hit_tokens": 5,
            "miss_tokens": 6,
            "output_tokens": 7,
        }
        for day in (today(), today() - timedelta(days=200)):
            ModelUsage.objects.create(day=day, model="m", prompt_version="p", cost=Decimal("0.5"), **use)

        said = scrape()

        assert value(said["hub_model_requests"]) == 6
        assert value(said["hub_model_failures"]) == 2
        assert value(said["hub_model_messages"]) == 80
        assert values(said["hub_model_tokens"], "kind") == {("hit",): 10, ("miss",): 12, ("output",): 14}
        assert value(said["hub_model_cost_dollars"]) == 1
        # 0.5 of 2 dollars, 18 of 100 tokens.
        assert value(said["hub_model_budget_used_ratio"]) == 0.25

    @pytest.mark.parametrize(
        ("limits", "share"),
        [
            ({"daily_cost": None, "daily_tokens": None}, None),
            ({"daily_cost": None, "daily_tokens": 0}, 1.0),
            ({"daily_cost": Decimal(4), "daily_tokens": None}, 0.0),
        ],
    )
    def test_how_much_of_the_budget(
        self, limits: dict[str, Any], share: float | None, scrape: Scrape
    ) -> None:
        ModelSettings.objects.update_or_create(pk=1, defaults=limits)
        samples = scrape()["hub_model_budget_used_ratio"].samples
        assert [sample.value for sample in samples] == ([] if share is None else [share])

    def test_a_refused_key(self, scrape: Scrape, settings: Settings) -> None:
        settings.DEEPSEEK_API_KEY = "key"
        ModelState.objects.create(pk=1, trouble="key", settings_digest=settings_digest())

        said = scrape()

        assert values(said["hub_model_trouble"], "kind") == {
            ("key",): 1,
            ("balance",): 0,
            ("refused",): 0,
            ("service",): 0,
        }
        assert ("model_key", "warning") in values(said["hub_problems"], "code", "severity")

    def test_speech(self, scrape: Scrape) -> None:
        for day in (today(), today() - timedelta(days=1)):
            SpeechUsage.objects.create(day=day, api="short", recordings=2, seconds=30)
        VoiceGate.objects.create(name="short", failures=3, refused_key="mark")

        said = scrape()

        assert values(said["hub_speech_recordings"], "api") == {("short",): 4}
        assert values(said["hub_speech_seconds"], "api") == {("short",): 60}
        assert values(said["hub_voice_gate_failures"], "gate") == {("short",): 3}
        assert value(said["hub_speech_refused"]) == 1


class TestProcesses:
    def test_who_lives(self, scrape: Scrape, settings: Settings) -> None:
        client, now = tallies.connect(), int(timezone.now().timestamp())
        said_at = {"worker a 1": now, "worker b 1": now - 50, "worker c 1": now - 70, "beat a 2": now - 4000}
        client.hset(alive.KEY, mapping=said_at)

        assert values(scrape()["hub_processes_alive"], "kind") == {
            ("worker",): 2,
            ("beat",): 0,
            ("collector",): 0,
        }
        assert client.hkeys(alive.KEY) == [b"worker a 1", b"worker b 1", b"worker c 1"]

    def test_tasks_that_nobody_took(self, scrape: Scrape) -> None:
        client = tallies.connect()
        # What earlier tests published waits there still: they have no worker.
        client.delete("classify", "default", "delivery", "voice", "webhooks")
        client.rpush("delivery", "a", "b")
        try:
            lengths = values(scrape()["hub_celery_queue_length"], "queue")
        finally:
            client.delete("delivery")
        assert lengths == {
            ("classify",): 0,
            ("default",): 0,
            ("delivery",): 2,
            ("voice",): 0,
            ("webhooks",): 0,
        }

    def test_which_hub_it_is(self, scrape: Scrape) -> None:
        [sample] = scrape()["hub_build_info"].samples
        assert sample.labels["version"] == VERSION


def test_counts_stop_where_more_is_simply_many(
    bot: TelegramBot, scrape: Scrape, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO raw_updates (bot_id, update_id, kind, payload, parse_state, error, note, received_at,
                                     dismissed_by, dismissed_reason)
            SELECT %s, n, 'message', '{}', 'pending', '', '', now(), '', ''
              FROM generate_series(1, 10001) AS n
            """,
            [bot.pk],
        )
    assert values(scrape()["hub_updates_unsettled"], "state")["pending",] == 10_000


def test_it_asks_as_much_of_a_full_hub_as_of_an_empty_one(
    bot: TelegramBot, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """A savepoint, its limit, one statement, the two of problems, the savepoint's end."""
    client.get("/metrics")
    ResponseFactory(status=Status.UNKNOWN)
    AnalysisFactory(model_due_at=timezone.now())
    update(bot, 1, parse_state=RawUpdate.State.PARSED)
    with django_assert_num_queries(6):
        client.get("/metrics")


def test_no_name_of_a_chat_or_person_is_told(bot: TelegramBot, client: Client) -> None:
    message = MessageFactory(text="Секретные слова")
    ResponseFactory(chat=message.chat, status=Status.UNKNOWN)
    said = client.get("/metrics").content.decode()
    assert not [word for word in (str(message.chat_id), message.chat.name, "Секретные") if word in said]


class TestServersAway:
    def test_without_redis_the_rest_is_told(self, client: Client, settings: Settings) -> None:
        settings.REDIS_URL = "redis://127.0.0.1:9/0"
        said = client.get("/metrics").content.decode()
        assert 'hub_reachable{server="redis"} 0.0' in said
        assert 'hub_reachable{server="database"} 1.0' in said
        assert "hub_queue_waiting{" in said
        assert "hub_celery_queue_length" not in said

    def test_without_the_database_the_rest_is_told(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse() -> None:
            raise OperationalError("connection refused")

        monkeypatch.setattr("cvgorod_hub.watching.scrape.read_facts", refuse)
        said = client.get("/metrics").content.decode()
        assert 'hub_reachable{server="database"} 0.0' in said
        assert "hub_celery_queue_length{" in said
        assert "hub_queue_waiting" not in said


def test_what_redis_did_not_take_is_written_later(scrape: Scrape, settings: Settings) -> None:
    url = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    tallies.tallies.count("tasks", "x", "expired")
    tallies.tallies.write()
    settings.REDIS_URL = url
    tallies.tallies.count("tasks", "x", "expired")

    assert counted(scrape()["hub_tasks"], "task", "outcome") == {("x", "expired"): 2}


def test_processes_add_up(scrape: Scrape) -> None:
    others = [tallies.Tallies(), tallies.Tallies()]
    for each in others:
        each.note("tasks", ("x", "success"), of=("x",), seconds=0.02)
        each.write()

    said = scrape()

    assert counted(said["hub_tasks"], "task", "outcome") == {("x", "success"): 2}
    samples: dict[str, float] = {
        sample.name: sample.value for sample in said["hub_task_seconds"].samples if "le" not in sample.labels
    }
    assert samples == {"hub_task_seconds_count": 2, "hub_task_seconds_sum": pytest.approx(0.04)}


def test_a_failure_is_told_before_it_happens(scrape: Scrape, settings: Settings) -> None:
    """Prometheus takes no series for growth that begins with its first value: 1 failure would be none."""
    tallies.tallies.note("requests", ("home", "GET", "2xx"), of=("home",), seconds=0.1)
    tallies.tallies.note("tasks", ("x", "success"), of=("x",), seconds=0.1)

    said = scrape()

    assert values(said["hub_http_requests"], "view", "method", "status")["home", "GET", "5xx"] == 0
    tasks = values(said["hub_tasks"], "task", "outcome")
    for task in ("x", *settings.CELERY_BEAT_SCHEDULE):
        assert tasks[task, "failure"] == 0
    assert len(tasks) == 2 * len(settings.CELERY_BEAT_SCHEDULE) + 2


def test_prometheus_can_read_it_in_either_format(bot: TelegramBot, client: Client, scrape: Scrape) -> None:
    """It asks for OpenMetrics first, whose rules are stricter."""
    tallies.tallies.note("requests", ("home", "GET", "2xx"), of=("home",), seconds=0.1)
    plain = scrape()

    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})

    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    families = {family.name: family for family in text_string_to_openmetrics(answer.content.decode())}
    assert families.keys() == plain.keys()
    assert {name: family.type for name, family in families.items()} == {
        name: family.type for name, family in plain.items()
    }


def test_labels_are_few(bot: TelegramBot, scrape: Scrape) -> None:
    """What it says of a hub is bounded by its code, its bots and queues."""
    said: dict[str, Metric] = scrape()
    labels = {label for family in said.values() for sample in family.samples for label in sample.labels}
    assert labels <= {
        *("bot", "state", "queue", "kind", "code", "severity", "server", "api", "gate", "le"),
        *("view", "method", "status", "task", "outcome", "version", "release", "python", "django"),
    }
