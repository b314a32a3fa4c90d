"""docs/partitioning.sql: with messages in partitions by month, what the hub does goes on.

PostgreSQL takes changes of tables back with the transaction, so each test makes partitions of its own. All
other tests can be run on partitions, too: with HUB_TEST_PARTITIONED=1.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, connection, transaction

from clients.people import IncomingPerson
from cvgorod_hub.management.commands.rebuild_statistics import COMPARISONS, STEPS
from intents.corrections.correcting import Word, correct
from intents.models import Intent, MessageAnalysis
from messaging.ingest import record_sent, store_messages
from messaging.models import Message, MessageVersion, Recording, TranscriptVersion
from messaging.recounting import find_differences
from messaging.statistics import count_messages
from tests.factories import AnalysisFactory, ChatFactory, MessageFactory
from tests.messaging.test_ingest import edited, incoming
from tests.partitions import EVERYWHERE, FIRST_MONTH, partition

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(EVERYWHERE, reason="These make the partitions that all tests have then."),
]

FIRST_ID = 202_701_000_000_000
FEBRUARY, FIRST_ID_OF_FEBRUARY = date(2027, 2, 1), 202_702_000_000_000
AT = datetime(2027, 1, 5, 9, 0, tzinfo=UTC)


@pytest.fixture
def before() -> Message:
    """A message that was stored before there were partitions."""
    [message] = store_messages([incoming(7, "Хризантемы есть?")])
    return message


@pytest.fixture
def partitions(before: Message) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    partition(first=FIRST_MONTH)


def ask(statement: str, *parameters: object) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        [answer] = cursor.fetchone()
    return answer


@contextmanager
def checked_at_once() -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        yield


def part_of(message: Message) -> object:
    return ask("SELECT tableoid::regclass::text FROM messages WHERE id = %s", message.pk)


def count_keys() -> object:
    return ask("SELECT (SELECT count(*) FROM message_keys) + (SELECT count(*) FROM message_origins)")


@pytest.mark.usefixtures("partitions")
def test_each_month_stores_in_its_own_part(before: Message) -> None:
    [january] = store_messages([incoming(8, "Розы есть?")])
    ask("SELECT messages_begin_month(%s)::text", FEBRUARY)
    ask("SELECT messages_begin_month(%s)::text", FEBRUARY)
    [february] = store_messages([incoming(9, "Пионы есть?")])

    assert (january.pk, february.pk) == (FIRST_ID, FIRST_ID_OF_FEBRUARY)
    assert [part_of(message) for message in (before, january, february)] == [
        "messages_before",
        "messages_2027_01",
        "messages_2027_02",
    ]


@pytest.mark.usefixtures("partitions")
def test_what_comes_again_is_one_row_and_an_edit_its_version(before: Message) -> None:
    store_messages([incoming(8, "Розы есть?")])

    assert store_messages([incoming(7, "Хризантемы есть?"), incoming(8, "Розы есть?")]) == []
    store_messages([edited("Хризантемы белые есть?", 60, 7), edited("Розы белые есть?", 60, 8)])

    texts = Message.objects.order_by("id").values_list("text", flat=True)
    assert list(texts) == ["Хризантемы белые есть?", "Розы белые есть?"]
    earlier = MessageVersion.objects.order_by("message_id").values_list("text", flat=True)
    assert list(earlier) == ["Хризантемы есть?", "Розы есть?"]
    assert Message.objects.get(text="Хризантемы белые есть?").pk == before.pk


@pytest.mark.usefixtures("partitions")
def test_a_number_in_a_chat_stays_unique_across_parts(before: Message) -> None:
    origin = MessageFactory(chat_id=before.chat_id, telegram_message_id=None, origin="update:1").origin
    for keys in ({"telegram_message_id": 7}, {"telegram_message_id": None, "origin": origin}):
        with pytest.raises(IntegrityError), transaction.atomic():
            MessageFactory(chat_id=before.chat_id, **keys)
    Message.objects.filter(pk=before.pk).update(telegram_message_id=70)
    MessageFactory(chat_id=before.chat_id, telegram_message_id=7)
    assert count_keys() == Message.objects.count() == 3


@pytest.mark.usefixtures("partitions")
def test_nothing_refers_to_a_message_that_is_not_there(before: Message) -> None:
    AnalysisFactory(message=before)

    with pytest.raises(IntegrityError), checked_at_once():
        MessageAnalysis.objects.filter(message=before).update(message_id=FIRST_ID + 5)
    with pytest.raises(IntegrityError), checked_at_once():
        ask("DELETE FROM messages WHERE id = %s RETURNING id", before.pk)


@pytest.mark.usefixtures("partitions")
def test_what_was_sent_is_found_and_counted(before: Message) -> None:
    bot = IncomingPerson(id=900, first_name="Бот", is_bot=True)
    for _ in range(2):
        record_sent(
            chat_id=before.chat_id,
            telegram_message_id=8,
            text="Хризантемы есть, 95 рублей.",
            sent_at=AT,
            sender=bot,
            reply_to_message_id=7,
        )

    found = Message.objects.search("хризантема").order_by("id").values_list("text", flat=True)
    assert list(found) == ["Хризантемы есть?", "Хризантемы есть, 95 рублей."]
    assert count_messages(None) == 2
    assert find_differences(COMPARISONS) == {}


@pytest.mark.usefixtures("partitions")
def test_a_month_is_dropped_with_what_is_known_of_it(before: Message) -> None:
    chat = ChatFactory()
    gone = [MessageFactory(chat=chat, timestamp=AT, message_type="voice") for _ in range(3)]
    AnalysisFactory(message=gone[0], is_urgent=True)
    recording = Recording.objects.create(message=gone[1], bot_id=1, file_id="f", queued_at=AT)
    TranscriptVersion.objects.create(recording=recording, text="Розы")
    ask("SELECT messages_begin_month(%s)::text", FEBRUARY)
    stays = MessageFactory(chat=chat)
    AnalysisFactory(message=stays)

    assert ask("SELECT messages_drop_month(%s)", FIRST_MONTH) == 3

    for rebuild in STEPS.values():
        rebuild()
    assert list(Message.objects.order_by("id").values_list("pk", flat=True)) == [before.pk, stays.pk]
    assert list(MessageAnalysis.objects.values_list("message_id", flat=True)) == [stays.pk]
    assert not Recording.objects.exists()
    assert count_keys() == 2
    assert count_messages(None) == 2
    assert find_differences(COMPARISONS) == {}


@pytest.mark.usefixtures("partitions")
def test_a_month_that_people_corrected_is_kept() -> None:
    message = MessageFactory(timestamp=AT)
    user = User.objects.create_user("anna")
    correct(message_id=AnalysisFactory(message=message).message_id, user=user, word=Word(intent=Intent.ORDER))

    with pytest.raises(DatabaseError, match="that log is kept"), transaction.atomic():
        ask("SELECT messages_drop_month(%s)", FIRST_MONTH)

    assert Message.objects.filter(pk=message.pk).exists()
