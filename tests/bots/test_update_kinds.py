"""What becomes of each kind of update, from Telegram's JSON to the row that people read."""

from typing import Any

import pytest
from django.utils import translation

from bots.content import CONTENT_KINDS, ENVELOPE, SERVICE_KINDS
from bots.models import RawUpdate, TelegramBot
from bots.parsing import parse_update
from bots.raw_updates import store_updates
from bots.updates import parse_waiting_updates
from clients.models import RoleName, TelegramUser
from messaging.events import EVENT_LABELS
from messaging.models import Chat, Message, MessageVersion
from tests.bots.realistic import (
    ANONYMOUS,
    BASIC,
    BUTTONS,
    CHANNEL,
    CHANNEL_BOT,
    CLIENT,
    CONTENTS,
    DATE,
    EVENTS,
    FORUM,
    GROUP,
    JSON,
    MAILING_BOT,
    OTHER,
    TELEGRAM,
    file,
    membership,
    message,
    picture,
    update,
)
from tests.factories import ManagerFactory

pytestmark = pytest.mark.django_db

BOT_ID = 77


@pytest.fixture(autouse=True)
def bot() -> TelegramBot:
    return TelegramBot.objects.create(id=BOT_ID)


def take(*updates: JSON) -> None:
    store_updates(bot_id=BOT_ID, raw=updates)
    parse_waiting_updates()
    assert not RawUpdate.objects.exclude(parse_state__in=["parsed", "ignored"]).exists()


def take_message(kind: str = "message", **fields: Any) -> Message:
    take(update(10, kind, message(**fields)))
    return Message.objects.select_related("user__role", "chat").get()


def waiting_since() -> object:
    return Chat.objects.values_list("waiting_since", flat=True).get(pk=GROUP["id"])


@pytest.mark.parametrize("kind", CONTENTS)
def test_every_kind_of_content_is_kept_with_its_words_and_facts(kind: str) -> None:
    content, message_type, text, facts = CONTENTS[kind]

    stored = take_message(**content)

    assert (stored.message_type, stored.text) == (message_type, text)
    assert stored.media == {**stored.media, **facts}
    assert stored.user is not None
    assert (stored.telegram_message_id, stored.user.pk) == (100, CLIENT["id"])


def test_every_content_that_is_known_is_tried() -> None:
    assert {name for name, _type in CONTENT_KINDS} <= {*CONTENTS}
    assert {message_type for _name, message_type in CONTENT_KINDS} | {"unknown", "service"} == set(
        Message.Type
    )


@pytest.mark.parametrize("event", EVENTS)
def test_every_service_message_says_what_happened_to_whom(event: str) -> None:
    value, facts, text, words = EVENTS[event]

    stored = take_message(**{event: value})

    assert (stored.message_type, stored.text) == ("service", text)
    assert stored.media == {**stored.media, "event": event, **facts}
    with translation.override("en"):
        assert stored.event_label == words


def test_every_service_message_has_words() -> None:
    assert set(EVENT_LABELS) == set(SERVICE_KINDS)
    assert not ENVELOPE & {*SERVICE_KINDS, *dict(CONTENT_KINDS)}


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("poll", "утро"),
        ("checklist", "счет"),
        ("rich_message", "пионы"),
        ("contact", "Пример"),
        ("venue", "склад"),
    ],
)
def test_words_are_found_wherever_they_stand(kind: str, query: str) -> None:
    take_message(**CONTENTS[kind][0])

    assert Message.objects.search(query).count() == 1


def test_the_items_of_an_album_stay_together_and_keep_the_one_caption() -> None:
    items = [
        message(message_id=number, media_group_id="13900000000000001", photo=picture(str(number)))
        for number in (1, 2, 3)
    ]
    items[0]["caption"] = "Три букета"

    take(*(update(number, "message", item) for number, item in enumerate(items)))

    rows = Message.objects.order_by("telegram_message_id").values_list("media_group_id", "text")
    assert list(rows) == [("13900000000000001", text) for text in ("Три букета", "", "")]


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ({"type": "user", "date": DATE, "sender_user": CLIENT}, "Тест Ромашкина"),
        ({"type": "hidden_user", "date": DATE, "sender_user_name": "Кто-то"}, "Кто-то"),
        ({"type": "chat", "date": DATE, "sender_chat": GROUP, "author_signature": "Анна"}, GROUP["title"]),
        ({"type": "channel", "date": DATE, "chat": CHANNEL, "message_id": 3}, "Цветы оптом"),
    ],
)
def test_a_forward_says_whose_words_they_are(origin: JSON, name: str) -> None:
    assert take_message(text="Прайс", forward_origin=origin).forwarded_from == name


def test_a_reply_to_a_message_older_than_the_hub_keeps_its_words_and_the_quoted_part() -> None:
    answered = message(
        message_id=3, **{"from": OTHER}, date=DATE - 90_000_000, text="Пионы по 120, розы по 95"
    )

    stored = take_message(
        text="Беру",
        reply_to_message=answered,
        quote={"text": "розы по 95", "position": 14, "is_manual": True},
    )

    assert stored.reply_to_message_id == 3
    assert stored.media == {
        "quote": "розы по 95",
        "reply_to": {"name": "Пример", "text": "Пионы по 120, розы по 95"},
    }


def test_a_reply_to_a_message_of_another_chat_says_whose() -> None:
    external = {
        "origin": {"type": "channel", "date": DATE, "chat": CHANNEL, "message_id": 9},
        "chat": CHANNEL,
    }

    stored = take_message(text="А эти?", external_reply={**external, "message_id": 9, "photo": picture()})

    assert stored.reply_to_message_id is None
    assert stored.media["external_reply"] == {"name": "Цветы оптом", "chat": "Цветы оптом", "message_id": 9}


def test_a_message_in_a_topic_is_no_reply_to_the_topics_beginning() -> None:
    topic = message(
        message_id=7,
        chat=FORUM,
        forum_topic_created={"name": "Заказы", "icon_color": 7322096},
        message_thread_id=7,
    )

    stored = take_message(
        chat=FORUM, text="50 роз", message_thread_id=7, is_topic_message=True, reply_to_message=topic
    )

    assert (stored.message_thread_id, stored.reply_to_message_id) == (7, None)
    assert stored.media == {"topic": "Заказы"}


def test_a_reply_within_a_topic_is_one() -> None:
    answered = message(message_id=8, chat=FORUM, text="Сколько?", message_thread_id=7, is_topic_message=True)

    stored = take_message(
        chat=FORUM, text="50", message_thread_id=7, is_topic_message=True, reply_to_message=answered
    )

    assert (stored.message_thread_id, stored.reply_to_message_id) == (7, 8)


def test_what_another_bot_or_a_program_of_the_author_put_there_is_said() -> None:
    stored = take_message(text="Курс", via_bot=MAILING_BOT, sender_business_bot=MAILING_BOT)

    assert stored.media == {"via_bot": "Рассылка", "written_by_bot": "Рассылка"}


def test_a_channel_post_speaks_for_the_channel() -> None:
    post = {"message_id": 5, "sender_chat": CHANNEL, "chat": CHANNEL, "date": DATE, "text": "Новый завоз"}

    take(update(1, "channel_post", {**post, "author_signature": "Анна"}))
    take(update(2, "edited_channel_post", {**post, "text": "Завоз завтра", "edit_date": DATE + 60}))

    stored = Message.objects.get()
    assert (stored.user, stored.sender_chat_id, stored.text) == (None, CHANNEL["id"], "Завоз завтра")
    assert not TelegramUser.objects.exists()
    assert Chat.objects.get().waiting_since is None


# Who speaks without being a person: name, the fields that say so, whether it answers the client.
SPEAKERS: list[tuple[str, JSON, bool]] = [
    (
        "an anonymous administrator",
        {"from": ANONYMOUS, "sender_chat": GROUP, "author_signature": "Анна"},
        True,
    ),
    (
        "the linked channel's post",
        {
            "from": TELEGRAM,
            "sender_chat": CHANNEL,
            "is_automatic_forward": True,
            "forward_origin": {"type": "channel", "date": DATE, "chat": CHANNEL, "message_id": 3},
        },
        False,
    ),
    ("a channel that writes as itself", {"from": CHANNEL_BOT, "sender_chat": CHANNEL}, False),
    ("Telegram itself", {"from": TELEGRAM}, False),
    ("an anonymous administrator without a chat", {"from": ANONYMOUS}, False),
]


@pytest.mark.parametrize(
    ("fields", "answers"), [speaker[1:] for speaker in SPEAKERS], ids=[s[0] for s in SPEAKERS]
)
def test_nobody_waits_who_is_no_person(fields: JSON, answers: bool) -> None:
    take(update(1, "message", message(message_id=1, text="Слово", **fields)))

    assert waiting_since() is None
    assert Message.objects.get().user is None
    assert not TelegramUser.objects.exists()
    assert Message.objects.answers().exists() is answers


@pytest.mark.parametrize(
    ("fields", "answers"), [speaker[1:] for speaker in SPEAKERS], ids=[s[0] for s in SPEAKERS]
)
def test_a_client_is_answered_by_those_only_who_count_as_us(fields: JSON, answers: bool) -> None:
    take(update(1, "message", message(message_id=1, text="Роза есть?")))
    take(update(2, "message", message(message_id=2, text="Слово", date=DATE + 60, **fields)))

    assert (waiting_since() is None) is answers
    assert Message.objects.answers().exists() is answers


def test_a_channels_name_and_an_administrators_signature_are_kept() -> None:
    take(
        update(1, "message", message(message_id=1, text="а", **{"from": CHANNEL_BOT}, sender_chat=CHANNEL)),
        update(
            2,
            "message",
            message(
                message_id=2, text="б", **{"from": ANONYMOUS}, sender_chat=GROUP, author_signature="Анна"
            ),
        ),
    )

    media = Message.objects.order_by("telegram_message_id").values_list("media", flat=True)
    assert list(media) == [{"sender_chat": "Цветы оптом"}, {"signature": "Анна"}]


def test_another_bot_is_a_mailing_bot_and_waits_for_nothing() -> None:
    stored = take_message(text="Акция", **{"from": MAILING_BOT})

    assert stored.user is not None
    assert stored.user.role.role_name == RoleName.BROADCAST_BOT
    assert waiting_since() is None


def test_ephemeral_messages_have_no_number_and_are_all_kept() -> None:
    for number in (1, 2):
        take(
            update(
                number,
                "message",
                message(
                    message_id=0, text=f"слово {number}", receiver_user=OTHER, ephemeral_message_id=number
                ),
            )
        )

    rows = Message.objects.order_by("id").values_list("telegram_message_id", "text", "media")
    assert list(rows) == [(None, f"слово {number}", {"receiver": "Пример"}) for number in (1, 2)]


MOVED = {**GROUP, "id": -1002000000009}


@pytest.mark.parametrize(
    "order", [(1, 2, 3, 4), (1, 2, 4, 3), (2, 3, 4, 1), (4, 3, 2, 1), (3, 1, 4, 2), (1, 3, 4, 2)]
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_group_that_became_a_supergroup_is_followed_however_it_arrives(
    order: tuple[int, ...], at_once: bool
) -> None:
    updates = {
        1: update(1, "message", message(message_id=1, chat=BASIC, text="Роза есть?")),
        2: update(
            2, "message", message(message_id=2, chat=BASIC, date=DATE + 9, migrate_to_chat_id=MOVED["id"])
        ),
        3: update(
            3, "message", message(message_id=1, chat=MOVED, date=DATE + 9, migrate_from_chat_id=BASIC["id"])
        ),
        4: update(4, "message", message(message_id=2, chat=MOVED, date=DATE + 60, text="Ау?")),
    }
    arriving = [updates[number] for number in order]

    for batch in [arriving] if at_once else [[one] for one in arriving]:
        take(*batch)

    old, new = Chat.objects.get(pk=BASIC["id"]), Chat.objects.get(pk=MOVED["id"])
    assert (old.chat_type, old.migrated_to_id, old.waiting_since) == ("group", new.pk, None)
    assert (new.chat_type, new.name) == ("supergroup", GROUP["title"])
    assert new.waiting_since is not None
    assert new.waiting_since.timestamp() == DATE
    assert Message.objects.count() == 4


class TestEdits:
    """What is a new version, and what nobody sees."""

    def edited(self, before: JSON, after: JSON) -> Message:
        take(update(1, "message", message(**before)))
        take(update(2, "edited_message", message(edit_date=DATE + 60, **after)))
        return Message.objects.get()

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ({"text": "Роза"}, {"text": "Роза", "reply_markup": BUTTONS}),
            ({"text": "Роза"}, {"text": "Роза", "link_preview_options": {"is_disabled": True}}),
            ({"text": "Роза"}, {"text": "Роза", "entities": [{"type": "bold", "offset": 0, "length": 4}]}),
            ({"text": "Роза"}, {"text": "Роза", "via_bot": MAILING_BOT}),
            ({"photo": picture()}, {"photo": [{**size, "file_id": "another"} for size in picture()]}),
            ({"voice": file(duration=3)}, {"voice": {"file_id": "B", "file_unique_id": "AQADa"}}),
            (
                {"poll": CONTENTS["poll"][0]["poll"]},
                {"poll": {**CONTENTS["poll"][0]["poll"], "total_voter_count": 9}},
            ),
            (
                {"location": {"latitude": 1.5, "longitude": 2.5, "live_period": 900}},
                {"location": {"latitude": 1.6, "longitude": 2.6, "live_period": 900, "heading": 9}},
            ),
        ],
        ids=["buttons", "preview", "entities", "via", "photo again", "voice again", "votes", "live location"],
    )
    def test_what_nobody_sees_is_no_version(self, before: JSON, after: JSON) -> None:
        stored = self.edited(before, after)

        assert stored.edited_at is None
        assert not MessageVersion.objects.exists()

    @pytest.mark.parametrize(
        ("before", "after", "said"),
        [
            ({"text": "5 пачек"}, {"text": "15 пачек"}, "5 пачек"),
            ({"photo": picture(), "caption": "Роза"}, {"photo": picture(), "caption": "Пион"}, "Роза"),
            ({"photo": picture("a"), "caption": "Роза"}, {"photo": picture("b"), "caption": "Роза"}, "Роза"),
            ({"document": file(file_name="а.pdf")}, {"document": file(file_name="б.pdf")}, ""),
            (
                {"checklist": {"title": "К", "tasks": [{"id": 1, "text": "Розы"}]}},
                {"checklist": {"title": "К", "tasks": [{"id": 1, "text": "Розы", "completion_date": DATE}]}},
                "К\n☐ Розы",
            ),
        ],
        ids=["text", "caption", "photo", "file name", "a task done"],
    )
    def test_what_people_see_is_one(self, before: JSON, after: JSON, said: str) -> None:
        stored = self.edited(before, after)

        assert stored.edited_at is not None
        assert list(MessageVersion.objects.values_list("text", flat=True)) == [said]


class TestCharacters:
    @pytest.mark.parametrize(
        "text",
        [
            "🌷🏽‍🌾" * 100,
            "שלום עולם",
            "\u202eтекст наоборот\u202c",
            "я" * 4096,
            "🌷" * 2048,
            "\u200c\u200b\u2028\ufeff",
            "\x07\x1b",
        ],
        ids=["emoji", "rtl", "override", "4096 letters", "4096 units", "invisible", "control"],
    )
    def test_survive_as_they_are(self, text: str) -> None:
        assert take_message(text=text).text == text
        assert RawUpdate.objects.get().note == ""

    @pytest.mark.parametrize("bad", ["\x00", "\ud83d"])
    def test_that_cannot_be_stored_are_replaced_everywhere_with_a_note(self, bad: str) -> None:
        name = f"а{bad}б"
        person = {**CLIENT, "first_name": name, "last_name": name, "username": name}

        stored = take_message(
            chat={**GROUP, "title": name},
            **{"from": person},
            caption=name,
            document=file(file_name=name),
            author_signature=name,
            media_group_id=name,
            business_connection_id=name,
            quote={"text": name},
        )

        clean = "а\ufffdб"
        assert stored.user is not None
        assert {stored.user.first_name, stored.user.last_name, stored.user.username} == {clean}
        assert {stored.chat.name, stored.text, stored.media_group_id, stored.business_connection_id} == {
            clean
        }
        assert {stored.media[fact] for fact in ("file_name", "signature", "quote")} == {clean}
        assert RawUpdate.objects.get().note == "characters that cannot be stored were replaced"

    def test_in_the_names_of_fields_are_replaced_too(self) -> None:
        stored = take_message(**{"new\x00kind\ud83d": {"ke\x00y": ["va\x00lue"]}})

        assert stored.media == {"kind": "new\ufffdkind\ufffd", "content": {"ke\ufffdy": ["va\ufffdlue"]}}

    def test_names_longer_than_telegrams_are_cut(self) -> None:
        stored = take_message(
            text="а", **{"from": {**CLIENT, "first_name": "я" * 999}}, chat={**GROUP, "title": "ж" * 999}
        )

        assert stored.user is not None
        assert (stored.user.first_name, stored.chat.name) == ("я" * 256, "ж" * 256)


def test_an_unknown_kind_that_is_too_large_leaves_its_content_in_the_raw_update() -> None:
    stored = take_message(hologram={"bytes": "x" * 9_000})

    assert stored.media == {"kind": "hologram", "content": None}
    assert (
        RawUpdate.objects.get().note == "a part that is too large, or not JSON, stays in the raw update only"
    )


def test_a_business_connection_gives_nobody_a_role() -> None:
    connection = {
        "id": "bc1",
        "user": OTHER,
        "user_chat_id": OTHER["id"],
        "date": DATE,
        "is_enabled": True,
        "rights": {"can_reply": True},
    }
    take(update(1, "business_connection", connection))

    assert RawUpdate.objects.get().parse_state == "ignored"
    assert not TelegramUser.objects.exists()


@pytest.mark.parametrize(
    ("status", "member", "is_member"),
    [
        ("administrator", {"can_delete_messages": True}, True),
        ("member", {}, True),
        ("restricted", {"is_member": True, "can_send_messages": True, "until_date": 0}, True),
        ("restricted", {"is_member": False, "can_send_messages": False, "until_date": 0}, False),
        ("left", {}, False),
        ("kicked", {"until_date": 0}, False),
    ],
)
def test_membership(status: str, member: JSON, is_member: bool) -> None:
    take(membership(1, status, date=DATE, **member))

    assert Chat.objects.get().is_active is is_member


def test_a_removal_that_is_read_after_later_words_does_not_close_the_chat() -> None:
    take(update(2, "message", message(date=DATE + 60, text="Мы снова тут")))
    take(membership(1, "kicked", date=DATE))

    assert Chat.objects.get().is_active


def test_a_manager_who_joins_or_pins_answers_nobody() -> None:
    manager = {"id": ManagerFactory(id=9001).pk, "is_bot": False, "first_name": "Анна"}
    take(update(1, "message", message(message_id=1, text="Роза есть?")))
    pinned = message(
        message_id=2,
        date=DATE + 5,
        pinned_message=message(message_id=1, text="Роза есть?"),
        **{"from": manager},
    )
    joined = message(message_id=3, date=DATE + 6, new_chat_members=[manager], **{"from": manager})

    take(update(2, "message", pinned), update(3, "message", joined))

    assert waiting_since() is not None


def test_a_message_may_be_nothing_but_its_envelope() -> None:
    parsed = parse_update(update(1, "message", message()), arrival=1).message

    assert parsed is not None
    assert (parsed.message_type, parsed.media) == ("unknown", {"kind": ""})
