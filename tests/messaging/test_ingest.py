from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from clients.models import RoleName, TelegramUser
from clients.people import IncomingPerson
from messaging.activity import recount_chats_of
from messaging.incoming import IncomingChat, IncomingMessage
from messaging.ingest import record_sent, store_messages
from messaging.models import Chat, Message, MessageVersion
from tests.factories import ChatFactory, ManagerFactory

pytestmark = pytest.mark.django_db

SENT_AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
GROUP = IncomingChat(id=-1001, chat_type="supergroup", name="Магазин «Пример»")
CLIENT = IncomingPerson(id=501, first_name="Тест", last_name="Ромашкина", username="test_client")


def incoming(number: int | None = 1, text: str = "Роза есть?", **fields: Any) -> IncomingMessage:
    values: dict[str, Any] = {
        "chat": GROUP,
        "telegram_message_id": number,
        "timestamp": SENT_AT,
        "message_type": "text",
        "text": text,
        "sender": CLIENT,
    }
    return IncomingMessage(**{**values, **fields})


def edited(text: str, seconds: int, number: int = 1) -> IncomingMessage:
    return incoming(number, text, edited_at=SENT_AT + timedelta(seconds=seconds))


def test_a_message_brings_its_chat_and_its_person() -> None:
    [message] = store_messages([incoming()])

    assert message.pk is not None
    chat = Chat.objects.get()
    assert (chat.pk, chat.name, chat.chat_type) == (-1001, "Магазин «Пример»", "supergroup")
    person = TelegramUser.objects.select_related("role").get()
    assert (person.display_name, person.role.role_name) == ("Тест Ромашкина", RoleName.CLIENT)
    assert message.user.role.role_name == RoleName.CLIENT


def test_the_same_message_twice_is_one_row_and_no_change() -> None:
    store_messages([incoming()])

    assert store_messages([incoming(), incoming()]) == []
    assert Message.objects.count() == 1
    assert MessageVersion.objects.count() == 0


def test_the_same_id_in_two_chats_is_two_messages() -> None:
    other = IncomingChat(id=-1002, chat_type="group", name="Другой")

    store_messages([incoming(7), incoming(7, chat=other), incoming(7, business_connection_id="abc")])

    assert Message.objects.filter(telegram_message_id=7).count() == 3


def test_messages_without_an_id_are_told_apart_by_their_origin() -> None:
    batch = [incoming(None, "а", origin="update:1:10"), incoming(None, "б", origin="update:1:11")]

    store_messages(batch)
    store_messages(batch)

    assert sorted(Message.objects.values_list("origin", "text")) == [
        ("update:1:10", "а"),
        ("update:1:11", "б"),
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("at_once", [True, False])
def test_states_of_a_message_end_the_same_in_any_order(order: tuple[int, ...], at_once: bool) -> None:
    states = [incoming(1, "5 пачек"), edited("15 пачек", 30), edited("16 пачек", 60)]
    arriving = [states[place] for place in order]

    for batch in [arriving] if at_once else [[state] for state in arriving]:
        store_messages(batch)
    store_messages(arriving)  # and once more, as a replay would

    message = Message.objects.get()
    assert (message.text, message.edited_at) == ("16 пачек", SENT_AT + timedelta(seconds=60))
    assert list(message.versions.values_list("text", "valid_from")) == [
        ("5 пачек", SENT_AT),
        ("15 пачек", SENT_AT + timedelta(seconds=30)),
    ]


def test_an_edit_that_changes_nothing_visible_makes_no_version() -> None:
    store_messages([incoming(1, "5 пачек")])

    assert store_messages([edited("5 пачек", 30)]) == []
    assert MessageVersion.objects.count() == 0


def test_an_edit_within_the_second_of_sending_wins_over_the_original() -> None:
    store_messages([edited("исправлено", 0), incoming(1, "опечатка")])

    assert Message.objects.get().text == "исправлено"


def test_names_follow_the_latest_sighting_only() -> None:
    later = IncomingPerson(id=501, first_name="Новое", username="new")
    store_messages([incoming(2, sender=later, timestamp=SENT_AT + timedelta(hours=1))])
    store_messages([incoming(1)])

    person = TelegramUser.objects.get()
    assert (person.first_name, person.username) == ("Новое", "new")
    assert (person.first_seen, person.last_seen) == (SENT_AT, SENT_AT + timedelta(hours=1))


def test_a_role_given_by_people_stays() -> None:
    ManagerFactory(id=CLIENT.id)

    store_messages([incoming()])

    assert TelegramUser.objects.get().role.role_name == RoleName.MANAGER


def test_an_unknown_bot_is_a_mailing_bot() -> None:
    store_messages([incoming(sender=IncomingPerson(id=9, first_name="Рассылка", is_bot=True))])

    assert TelegramUser.objects.get().role.role_name == RoleName.BROADCAST_BOT


def test_a_batch_costs_the_same_queries_whatever_its_size() -> None:
    def batch(numbers: range) -> list[IncomingMessage]:
        return [
            incoming(
                number,
                chat=IncomingChat(id=-2000 - number, chat_type="group", name="x"),
                sender=IncomingPerson(id=3000 + number),
            )
            for number in numbers
        ]

    with CaptureQueriesContext(connection) as few:
        store_messages(batch(range(1, 4)))
    with CaptureQueriesContext(connection) as many:
        store_messages(batch(range(100, 200)))
    assert len(many) == len(few) == 11


def test_search_finds_word_forms_and_reads_yo_as_ye() -> None:
    store_messages([incoming(1, "Нужны зелёные хризантемы"), incoming(2, "Всё хорошо")])

    found = Message.objects.search("зеленая хризантема")
    assert [message.telegram_message_id for message in found] == [1]


def test_a_group_that_became_a_supergroup_points_to_it() -> None:
    old = IncomingChat(id=-55, chat_type="group", name="Магазин")
    store_messages([incoming(1, chat=old)])

    store_messages([incoming(2, "", chat=old, message_type="service", migrated_to=-1001)])
    store_messages([incoming(1, "", message_type="service", migrated_from=-55)])

    assert Chat.objects.get(pk=-55).migrated_to_id == -1001
    assert Chat.objects.get(pk=-1001).name == "Магазин «Пример»"


def test_a_state_between_two_that_look_alike_does_not_win_when_it_is_read_late() -> None:
    store_messages([incoming(1, "5 пачек"), edited("5 пачек", 60)])

    store_messages([edited("15 пачек", 30)])

    message = Message.objects.get()
    assert (message.text, message.edited_at) == ("5 пачек", SENT_AT + timedelta(seconds=60))
    assert list(message.versions.values_list("text", flat=True)) == ["5 пачек", "15 пачек"]


def test_of_two_edits_within_a_second_the_later_arrival_stays() -> None:
    first = incoming(1, "б", edited_at=SENT_AT + timedelta(seconds=30), arrival=2)
    second = incoming(1, "в", edited_at=SENT_AT + timedelta(seconds=30), arrival=3)
    store_messages([incoming(1, "а", arrival=1), first, second])

    store_messages([first])

    assert Message.objects.get().text == "в"


def test_an_older_sighting_does_not_rename_a_chat() -> None:
    store_messages([incoming(2, timestamp=SENT_AT + timedelta(hours=1))])
    store_messages([incoming(1, chat=IncomingChat(id=-1001, chat_type="supergroup", name="Старое"))])

    assert Chat.objects.get().name == "Магазин «Пример»"


def test_an_edit_that_nobody_sees_is_no_change_for_readers() -> None:
    [message] = store_messages([incoming(1, "5 пачек")])
    before = Message.objects.values_list("changed_xid", flat=True).get()

    Message.objects.filter(pk=message.pk).update(text="5 пачек")

    assert Message.objects.values_list("changed_xid", flat=True).get() == before


OLD = IncomingChat(id=-55, chat_type="group", name="Магазин")
NEW = IncomingChat(id=-10055, chat_type="supergroup", name="Магазин")
LEAVES = incoming(2, "", chat=OLD, message_type="service", migrated_to=-10055)
ARRIVES = incoming(1, "", chat=NEW, message_type="service", migrated_from=-55)


@pytest.mark.parametrize(
    "batches", [[[LEAVES, ARRIVES]], [[LEAVES], [ARRIVES]], [[ARRIVES], [LEAVES]], [[ARRIVES]], [[LEAVES]]]
)
def test_a_client_who_waits_goes_on_waiting_in_the_supergroup(batches: list[list[IncomingMessage]]) -> None:
    store_messages([incoming(1, "Роза есть?", chat=OLD)])

    for batch in batches:
        store_messages(batch)
    store_messages([incoming(2, "Ау?", chat=NEW, timestamp=SENT_AT + timedelta(minutes=1))])

    assert Chat.objects.get(pk=-55).waiting_since is None
    assert Chat.objects.get(pk=-10055).waiting_since == SENT_AT


def test_what_was_answered_before_the_group_moved_stays_answered() -> None:
    manager = IncomingPerson(id=ManagerFactory().pk)
    store_messages([incoming(1, chat=OLD), incoming(2, chat=OLD, sender=manager)])

    store_messages([LEAVES, ARRIVES])

    assert Chat.objects.get(pk=-10055).waiting_since is None


class TestWaiting:
    """Since when a client waits for an answer."""

    def manager(self) -> IncomingPerson:
        return IncomingPerson(id=ManagerFactory().pk)

    def waiting_since(self) -> datetime | None:
        return Chat.objects.get(pk=GROUP.id).waiting_since

    def test_begins_with_the_first_unanswered_message(self) -> None:
        store_messages([incoming(1), incoming(2, timestamp=SENT_AT + timedelta(minutes=5))])

        assert self.waiting_since() == SENT_AT

    def test_ends_with_an_answer_of_our_staff(self) -> None:
        later = SENT_AT + timedelta(minutes=1)
        store_messages([incoming(1), incoming(2, sender=self.manager(), timestamp=later)])

        assert self.waiting_since() is None

    def test_begins_again_with_the_next_question_even_in_the_same_second(self) -> None:
        store_messages([incoming(1), incoming(2, sender=self.manager()), incoming(3, "А когда?")])

        assert self.waiting_since() == SENT_AT

    def test_does_not_end_with_a_mailing(self) -> None:
        bot = IncomingPerson(id=9, is_bot=True)
        store_messages([incoming(1), incoming(2, sender=bot, timestamp=SENT_AT + timedelta(minutes=1))])

        assert self.waiting_since() == SENT_AT

    def test_an_answer_that_arrives_before_its_question_still_answers_it(self) -> None:
        store_messages([incoming(2, sender=self.manager(), timestamp=SENT_AT + timedelta(minutes=1))])
        store_messages([incoming(1)])

        assert self.waiting_since() is None

    def test_ends_with_a_word_of_an_anonymous_administrator(self) -> None:
        later = SENT_AT + timedelta(minutes=1)
        store_messages([incoming(1), incoming(2, sender=None, sender_chat_id=GROUP.id, timestamp=later)])

        assert self.waiting_since() is None

    def test_ends_with_a_reply_that_the_hub_sent(self) -> None:
        store_messages([incoming(1)])
        ChatFactory(id=-9)

        record_sent(
            chat_id=GROUP.id,
            telegram_message_id=2,
            text="Есть.",
            sent_at=SENT_AT + timedelta(minutes=2),
            sender=IncomingPerson(id=77, username="hub_bot", first_name="Hub", is_bot=True),
            reply_to_message_id=1,
        )

        assert self.waiting_since() is None
        sent = Message.objects.get(telegram_message_id=2)
        assert (sent.source, sent.user.role.role_name) == ("sent", RoleName.ASSISTANT_BOT)

    def test_is_the_same_counted_anew_where_answers_of_one_second_have_a_number_or_none(self) -> None:
        manager = self.manager()
        store_messages(
            [
                incoming(1),
                incoming(2, sender=manager),
                incoming(None, "Есть", sender=manager, origin="update:3"),
            ]
        )
        counted = self.waiting_since()

        recount_chats_of(user_id=manager.id)

        assert (counted, self.waiting_since()) == (None, None)

    def test_never_begins_where_our_own_people_talk_about_replies(self, settings: Settings) -> None:
        settings.TELEGRAM_REVIEW_CHAT_ID = GROUP.id
        store_messages([incoming(1)])
        stored = self.waiting_since()

        recount_chats_of(user_id=CLIENT.id)

        assert (stored, self.waiting_since()) == (None, None)
