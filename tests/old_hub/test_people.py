"""Roles, people and chats of the old hub."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType

from clients.models import TelegramUser, UserRole
from cvgorod_hub.old_hub.chats import NOT_LISTED, NOT_THERE, WAS_INACTIVE
from cvgorod_hub.old_hub.people import NOT_THERE as NO_PERSON
from cvgorod_hub.old_hub.people import UNKNOWN_ROLE
from messaging.models import Chat, Message
from tests.factories import ChatFactory, MessageFactory, PersonFactory
from tests.old_hub.conftest import Bring
from tests.old_hub.old_database import BEGAN, CHAT, CLIENT, ROLES, OldHub
from tests.old_hub.sums import notes, sums

pytestmark = pytest.mark.django_db
HERE = "is here already"


def utc(**later: int) -> datetime:
    return BEGAN.replace(tzinfo=UTC) + timedelta(**later)


def role_of(key: int) -> str:
    return TelegramUser.objects.values_list("role__role_name", flat=True).get(pk=key)


@pytest.mark.parametrize(
    ("said", "role"),
    [
        ({}, "client"),
        ({"role_id": None, "role": None, "is_manager": None}, "client"),
        ({"role_id": ROLES["director"], "role": "MANAGER", "is_manager": True}, "director"),
        ({"role_id": ROLES["client"], "role": "MANAGER"}, "manager"),
        ({"role": "DIRECTOR", "is_manager": True}, "director"),
        ({"role": "BOT", "is_manager": True}, "broadcast_bot"),
        ({"role": "CLIENT", "is_manager": True}, "manager"),
        ({"role": "", "is_manager": True}, "manager"),
        ({"role_id": ROLES["admin"], "role": "CLIENT"}, "admin"),
        ({"role": "КЛАДОВЩИК"}, "client"),
    ],
)
def test_a_role_said_three_ways_is_one(old: OldHub, bring: Bring, said: dict[str, object], role: str) -> None:
    old.person(7, **said)

    report = bring()

    assert role_of(7) == role
    assert notes(report, "users").get(UNKNOWN_ROLE, 0) == (said.get("role") == "КЛАДОВЩИК")


def test_without_the_later_columns_two_ways_say_it(first: OldHub, bring: Bring) -> None:
    first.person(7, is_manager=True)
    first.person(8, role_id=ROLES["director"], is_manager=True)
    first.person(9)

    report = bring()

    assert [role_of(key) for key in (7, 8, 9)] == ["manager", "director", "client"]
    assert sums(report, "users") == (3, {}, {})


def test_a_role_of_its_own_comes_with_its_flags(old: OldHub, bring: Bring) -> None:
    key = old.add("user_roles", role_name="courier", display_name="Курьер", is_staff=True)
    old.person(7, role_id=key)

    report = bring()

    courier = UserRole.objects.get(role_name="courier")
    assert (courier.display_name, courier.is_staff, courier.is_bot) == ("Курьер", True, False)
    assert role_of(7) == "courier"
    assert sums(report, "user_roles") == (1, {"a role of this name is here": 6}, {})


def test_naive_times_are_utc_and_names_are_cut_to_what_fits(old: OldHub, bring: Bring) -> None:
    old.person(7, username="u" * 100, last_name=None, first_seen=BEGAN, last_seen="infinity")

    bring()

    person = TelegramUser.objects.get(pk=7)
    assert (person.username, person.last_name) == ("u" * 64, "")
    assert (person.first_seen, person.last_seen) == (utc(), utc())


def test_who_only_wrote_comes_without_a_name_and_with_the_role_of_their_words(
    old: OldHub, bring: Bring
) -> None:
    old.chat()
    old.message(user_id=71, role="CLIENT")
    old.message(user_id=72, role="MANAGER")
    old.message(user_id=72, role=None)
    old.message(user_id=None)

    report = bring()

    assert (role_of(71), role_of(72)) == ("client", "manager")
    assert TelegramUser.objects.get(pk=72).first_seen == utc(minutes=old._number - 2)
    assert sums(report, "users") == (0, {}, {})
    assert notes(report, "users") == {NO_PERSON: 2}
    assert notes(report, "messages") == {"of a person that no table of people listed": 3}
    assert Message.objects.filter(user=None).count() == 1


def test_whoever_is_here_keeps_newer_names_and_gets_an_older_role(old: OldHub, bring: Bring) -> None:
    PersonFactory(pk=7, first_name="Новое", username="", first_seen=utc(days=9), last_seen=utc(days=9))
    PersonFactory(pk=8, first_name="Старое", first_seen=utc(), last_seen=utc(hours=1))
    old.person(7, first_name="Прежнее", role="MANAGER")
    old.person(8, first_name="Позднее")

    report = bring()

    seven, eight = TelegramUser.objects.get(pk=7), TelegramUser.objects.get(pk=8)
    assert (seven.first_name, seven.first_seen, seven.last_seen) == ("Новое", utc(), utc(days=9))
    assert role_of(7) == "manager"
    assert (eight.first_name, eight.last_seen) == ("Позднее", utc(days=1))
    assert sums(report, "users") == (0, {HERE: 2}, {})


def test_a_role_that_people_changed_here_afterwards_stays(old: OldHub, bring: Bring) -> None:
    old.person(7, role="MANAGER")
    bring()
    TelegramUser.objects.filter(pk=7).update(role=UserRole.objects.get(role_name="client"))
    editor = User.objects.create(username="director")
    kind = ContentType.objects.get_for_model(TelegramUser)
    LogEntry.objects.create(user=editor, content_type=kind, object_id="7", action_flag=CHANGE)

    bring()

    assert role_of(7) == "client"


def test_a_chat_comes_with_its_customer(old: OldHub, bring: Bring) -> None:
    own = old.add("customers", sync_id="КА-00000001", name="Первый")
    old.add("customers", sync_id="КА-00000002", name="Второй", cvgorod_chat_id=22)
    old.add("customer_uuid_mapping", chat_id=-103, sync_id="КА-00000003")
    old.add("customer_uuid_mapping", cvgorod_chat_id=44, sync_id="КА-00000004")
    old.chat(-101, customer_id=own, cvgorod_chat_id=22, folder="Юг", members_count=5)
    old.chat(-102, cvgorod_chat_id=22)
    old.chat(-103)
    old.chat(-104, cvgorod_chat_id=44)
    old.chat(-105, members_count=-1)

    report = bring()

    numbers = dict(Chat.objects.values_list("pk", "customer_ref"))
    assert numbers == {
        -101: "КА-00000001", -102: "КА-00000002", -103: "КА-00000003", -104: "КА-00000004", -105: "",
    }  # fmt: skip
    chat = Chat.objects.get(pk=-101)
    assert (chat.folder, chat.members_count, chat.is_active) == ("Юг", 5, True)
    assert Chat.objects.get(pk=-105).members_count is None
    assert notes(report, "chats") == {"with a customer of 1C": 4}
    assert report.left_alone == {
        "agent_sessions": 0, "customer_uuid_mapping": 2, "customers": 2, "mailing_campaigns": 0,
        "user_chats": 0,
    }  # fmt: skip


def test_kinds_of_chats_that_are_not_said_are_told_by_the_id(first: OldHub, bring: Bring) -> None:
    for key in (CHAT, -55, 77):
        first.chat(key, chat_type=None)
    first.chat(-56, chat_type="Channel", is_active=False)

    bring()

    kinds = dict(Chat.objects.values_list("pk", "chat_type"))
    assert kinds == {CHAT: "supergroup", -55: "group", 77: "private", -56: "channel"}
    assert Chat.objects.get(pk=-56).unreachable_reason == WAS_INACTIVE


def test_chats_that_nothing_lists_are_kept_and_not_reachable(old: OldHub, bring: Bring) -> None:
    old.person()
    old.message(chat_id=-900)
    old.reply(chat_id=-901)

    report = bring()

    assert list(Chat.objects.order_by("pk").values_list("pk", "is_active", "unreachable_reason")) == [
        (-901, False, NOT_LISTED),
        (-900, False, NOT_LISTED),
    ]
    assert sums(report, "chats") == (0, {}, {})
    assert notes(report, "chats") == {NOT_THERE: 2}
    assert notes(report, "messages") == {"of a chat that no table of chats listed": 1}


def test_a_chat_that_is_here_is_filled_and_not_changed(old: OldHub, bring: Bring) -> None:
    ChatFactory(pk=CHAT, name="Новое имя", folder="", is_active=False)
    old.chat(name="Старое имя", folder="Юг", chat_type="group", created_at=BEGAN)

    report = bring()

    chat = Chat.objects.get(pk=CHAT)
    assert (chat.name, chat.folder, chat.chat_type, chat.is_active) == (
        "Новое имя",
        "Юг",
        "supergroup",
        False,
    )
    assert chat.created_at == utc()
    assert sums(report, "chats") == (0, {HERE: 1}, {})


def test_a_manager_of_the_old_hub_answers_what_was_collected_before_it_was_known(
    old: OldHub, bring: Bring
) -> None:
    person = PersonFactory(pk=CLIENT)
    chat = ChatFactory(pk=CHAT, waiting_since=utc())
    MessageFactory(chat=chat, user=person, timestamp=utc())
    old.person(CLIENT, is_manager=True)

    bring()

    chat.refresh_from_db()
    assert chat.waiting_since is None
