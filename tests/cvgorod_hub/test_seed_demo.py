"""`manage.py seed_demo`: rows as the hub would have stored them, repeatable, and gone again when asked."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, Max, Min
from django.test import TestCase

from bots.models import RawUpdate, TelegramBot
from clients.models import TelegramUser
from cvgorod_hub.seeding import identity
from intents.entities.schema import valid_entities
from intents.models import MessageAnalysis
from messaging.activity import recount_chats_of
from messaging.models import Chat, Message, MessageVersion, Recording
from sandbox.models import PendingResponse, ResponseEvent
from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db
UNTIL = "2026-11-20T15:00:00+03:00"


def seed(**options: object) -> None:
    call_command("seed_demo", stdout=StringIO(), **{"messages": 1500, "days": 60, "until": UNTIL, **options})


@pytest.mark.xdist_group("seeded")
class TestHistory(TestCase):
    """One history, made once."""

    @classmethod
    def setUpTestData(cls) -> None:
        seed()

    def test_there_are_as_many_messages_as_asked_for(self) -> None:
        bounds = Message.objects.aggregate(first=Min("timestamp"), last=Max("timestamp"))

        assert Message.objects.count() == 1500
        assert bounds["last"].isoformat() <= "2026-11-20T12:00:00+00:00"
        assert 50 <= (bounds["last"] - bounds["first"]).days <= 60

    def test_it_is_what_a_hub_would_hold(self) -> None:
        kinds = dict(Message.objects.values_list("message_type").annotate(Count("pk")).order_by())
        roles = set(Message.objects.values_list("user__role__role_name", flat=True))

        assert set(kinds) == {"text", "voice", "photo", "sticker"}
        assert kinds["text"] > 1000
        assert roles == {"client", "manager", "director", "broadcast_bot", "assistant_bot"}
        assert Recording.objects.count() == kinds["voice"]
        assert MessageVersion.objects.count() == Message.objects.filter(edited_at__isnull=False).count() > 0
        states = set(PendingResponse.objects.values_list("status", flat=True))
        assert states == set(PendingResponse.Status.values)
        assert RawUpdate.objects.filter(parse_state="failed").count() == 2

    def test_meanings_are_those_of_the_hubs_own_patterns(self) -> None:
        intents = set(MessageAnalysis.objects.values_list("intent", flat=True))

        assert intents >= {"order", "question", "complaint", "interest", "confirmation", "broadcast", "other"}
        assert not Message.objects.filter(analysis__isnull=True, source="telegram").exclude(text="").exists()
        for entities in MessageAnalysis.objects.exclude(entities=[]).values_list("entities", flat=True)[:50]:
            assert valid_entities(entities) == entities

    def test_each_reply_has_the_log_that_led_to_its_state(self) -> None:
        last = dict(ResponseEvent.objects.order_by("id").values_list("response_id", "kind"))
        # Where the last move has the state's own name, nothing more is to be said.
        named_otherwise = {"pending": "proposed", "sending": "claimed"}

        for key, status in PendingResponse.objects.values_list("pk", "status"):
            assert last[key] == named_otherwise.get(status, status)

    def test_a_reply_that_was_sent_is_a_message_of_its_chat(self) -> None:
        sent = PendingResponse.objects.filter(status="sent")
        said = {
            (chat, number): text
            for chat, number, text in Message.objects.filter(source="sent").values_list(
                "chat_id", "telegram_message_id", "text"
            )
        }

        assert sent.count() == len(said) > 0
        for reply in sent:
            assert said[reply.chat_id, reply.telegram_message_id] == reply.response_text

    def test_statistics_agree_with_the_messages(self) -> None:
        call_command("rebuild_statistics", check=True, stdout=StringIO())

    def test_who_waits_is_what_the_messages_say(self) -> None:
        before = dict(Chat.objects.values_list("pk", "waiting_since"))
        for person in TelegramUser.objects.filter(role__role_name="client"):
            recount_chats_of(user_id=person.pk)

        assert dict(Chat.objects.values_list("pk", "waiting_since")) == before
        assert any(before.values())

    def test_all_ids_are_such_as_telegram_never_gives(self) -> None:
        assert Chat.objects.aggregate(Max("pk"))["pk__max"] <= -(2**52)
        assert TelegramUser.objects.aggregate(Min("pk"))["pk__min"] >= 2**52
        assert TelegramBot.objects.get().pk == identity.BOT_ID

    def test_a_second_history_is_not_heaped_upon_the_first(self) -> None:
        with pytest.raises(CommandError, match="has such messages already"):
            seed()

        assert Message.objects.count() == 1500

    def test_a_raw_update_reads_as_telegram_writes_it(self) -> None:
        for update in RawUpdate.objects.filter(parse_state="parsed")[:50]:
            told = json.loads(update.payload)
            assert told["update_id"] == update.update_id
            assert told[update.kind]["chat"]["id"] == update.chat_id


def contents() -> list[object]:
    return [
        list(Message.objects.order_by("id").values_list("chat_id", "user_id", "text", "timestamp")),
        list(MessageAnalysis.objects.order_by("message_id").values_list("intent", "source", "entities")),
        list(PendingResponse.objects.order_by("id").values_list("status", "response_text", "created_at")),
    ]  # fmt: skip


def test_the_same_seed_makes_the_same_and_another_another() -> None:
    made = []
    for number in (7, 7, 8):
        seed(messages=300, seed=number)
        made.append(contents())
        call_command("seed_demo", remove=True, stdout=StringIO())

    assert made[0] == made[1]
    assert made[0] != made[2]


def tables() -> list[int]:
    models = (Message, MessageAnalysis, MessageVersion, Recording, PendingResponse, ResponseEvent,
              RawUpdate, Chat, TelegramUser, TelegramBot)  # fmt: skip
    return [model.objects.count() for model in models]


def test_all_of_it_goes_again_and_nothing_else() -> None:
    own = MessageFactory()
    before = tables()
    seed(messages=300, beside_real_data=True)

    call_command("seed_demo", remove=True, stdout=StringIO())

    assert tables() == before
    assert Message.objects.get() == own
    call_command("rebuild_statistics", check=True, stdout=StringIO())


def test_a_hub_with_real_messages_is_left_alone() -> None:
    MessageFactory()

    with pytest.raises(CommandError, match="messages that are not invented") as refused:
        seed()

    assert refused.value.returncode == 78
    assert Message.objects.count() == 1
    assert not Chat.objects.filter(pk__lte=-(2**52)).exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"messages": 0}, "--messages must be"),
        ({"days": 0}, "--days must be"),
        ({"until": "gestern"}, "--until"),
    ],
)
def test_what_cannot_be_made_is_said_in_one_line(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        seed(**options)
