import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients.models import RoleName, TelegramUser
from clients.people import IncomingPerson
from messaging.history.copying import COLUMNS
from messaging.history.errors import ExportError
from messaging.history.importing import import_history
from messaging.history.models import HistoryImport
from messaging.history.report import ImportReport
from messaging.history.taking import ImportHooks, ImportOptions
from messaging.incoming import IncomingChat, IncomingMessage
from messaging.ingest import store_messages
from messaging.models import Chat, Message, MessageVersion
from sandbox.models import PendingResponse
from tests.factories import ChatFactory, ManagerFactory, MessageFactory, PersonFactory, ResponseFactory
from tests.marks import committed
from tests.messaging.exports import (
    BARE,
    BEGAN,
    CLIENT,
    MANAGER,
    SUPERGROUP,
    account,
    bring,
    chat,
    said,
    write,
)

pytestmark = pytest.mark.django_db

GROUP_ID = -555
State = HistoryImport.State


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(BEGAN + seconds, UTC)


def group(*messages: Any) -> dict[str, Any]:
    return chat(*messages, kind="private_group", number=555)


def private(
    *messages: Any, number: int = CLIENT, kind: str = "personal_chat", name: str | None = "Клиент"
) -> dict[str, Any]:
    return chat(*messages, kind=kind, number=number, name=name)


def counts(report: ImportReport) -> tuple[int, int, int]:
    return report.total("added"), report.total("present"), report.total("skipped")


def test_a_supergroups_messages_stand_under_their_own_numbers(tmp_path: Path) -> None:
    report = bring(tmp_path, chat(said(1), said(2, "Есть", user=MANAGER, reply_to_message_id=1)))

    assert counts(report) == (2, 0, 0)
    first, second = Message.objects.order_by("id")
    assert (first.chat_id, first.telegram_message_id, first.numbered_by, first.origin) == (
        SUPERGROUP,
        1,
        0,
        None,
    )
    assert (first.text, first.timestamp, first.user_id, first.source) == (
        "Роза есть?",
        moment(1),
        CLIENT,
        "import",
    )
    assert second.reply_to_message_id == 1
    assert Message.objects.search("розы").get() == first


def test_a_chat_and_people_that_only_history_tells_of(tmp_path: Path) -> None:
    report = bring(tmp_path, chat(said(1)))

    brought = Chat.objects.get()
    assert (brought.name, brought.chat_type, brought.is_active) == ("Магазин", "supergroup", False)
    assert brought.last_message_at == moment(1)
    person = TelegramUser.objects.select_related("role").get()
    assert (person.first_name, person.role.role_name) == ("Человек 501", RoleName.CLIENT)
    assert (person.first_seen, person.last_seen) == (moment(1), moment(1))
    assert report.total("people_added") == 1


def test_what_telegram_says_later_makes_such_a_chat_reachable(tmp_path: Path) -> None:
    bring(tmp_path, chat(said(1)))

    store_messages(
        [
            collected(
                2, "Новое", at=50, chat=IncomingChat(id=SUPERGROUP, chat_type="supergroup", name="Магазин")
            )
        ]
    )

    assert Chat.objects.get().is_active


def collected(
    number: int, text: str, *, at: int, chat: IncomingChat, user: int = CLIENT, **more: Any
) -> IncomingMessage:
    return IncomingMessage(
        chat=chat,
        telegram_message_id=number,
        timestamp=moment(at),
        message_type="text",
        text=text,
        sender=IncomingPerson(id=user, first_name="Тест", username="test"),
        **more,
    )


def test_a_second_run_adds_nothing(tmp_path: Path) -> None:
    export = account(
        chat(said(1), said(-999_999_000, "давно", at=-500)), group(said(1), said(2)), private(said(1))
    )
    PersonFactory(id=CLIENT)
    bring(tmp_path, export)
    rows = list(Message.objects.order_by("id").values())
    people = list(TelegramUser.objects.order_by("id").values())

    again = bring(tmp_path, export)

    assert counts(again) == (0, 5, 0)
    assert list(Message.objects.order_by("id").values()) == rows
    assert list(TelegramUser.objects.order_by("id").values()) == people


def test_a_collected_message_is_left_as_it_is(tmp_path: Path) -> None:
    known = IncomingChat(id=SUPERGROUP, chat_type="supergroup", name="Имя сейчас")
    store_messages(
        [
            collected(1, "Роза?", at=1, chat=known),
            collected(1, "Пион?", at=1, chat=known, edited_at=moment(9)),
        ]
    )

    report = bring(tmp_path, chat(said(1, "Роза?"), said(2)))

    assert counts(report) == (1, 1, 0)
    stored = Message.objects.get(telegram_message_id=1)
    assert (stored.text, stored.source) == ("Пион?", "telegram")
    assert MessageVersion.objects.count() == 1
    assert Chat.objects.get().name == "Имя сейчас"


class TestWithoutNumbersOfTheChat:
    """Basic groups and private chats: an export's ids are the exporting account's own."""

    def test_no_number_of_the_export_becomes_a_number_of_the_chat(self, tmp_path: Path) -> None:
        bring(tmp_path, group(said(7, reply_to_message_id=3)))

        stored = Message.objects.get()
        assert (stored.chat_id, stored.telegram_message_id, stored.reply_to_message_id) == (
            GROUP_ID,
            None,
            None,
        )
        assert stored.origin is not None
        assert stored.origin.startswith("history:")

    def test_another_members_export_of_the_same_group_doubles_nothing(self, tmp_path: Path) -> None:
        bring(tmp_path, group(said(7, at=0), said(8, "+", at=1), said(9, "+", at=1)))

        report = bring(
            tmp_path,
            group(said(107, at=0), said(108, "+", at=1), said(109, "+", at=1), said(110, "да", at=2)),
        )

        assert counts(report) == (1, 3, 0)
        assert Message.objects.count() == 4

    def test_equal_messages_of_one_second_count_as_often_as_the_fuller_source_has_them(
        self, tmp_path: Path
    ) -> None:
        here = IncomingChat(id=GROUP_ID, chat_type="group", name="Группа")
        store_messages([collected(1, "+", at=0, chat=here), collected(2, "+", at=0, chat=here, user=MANAGER)])

        report = bring(
            tmp_path, group(said(7, "+", at=0), said(8, "+", at=0), said(9, "+", at=0, user=MANAGER))
        )

        assert counts(report) == (1, 2, 0)
        assert Message.objects.filter(user_id=CLIENT, text="+").count() == 2
        assert counts(bring(tmp_path, group(said(7, "+", at=0), said(8, "+", at=0)))) == (0, 2, 0)

    def test_equals_are_counted_across_batches(self, tmp_path: Path) -> None:
        export = group(*(said(n, "+", at=0) for n in range(1, 8)))

        assert counts(bring(tmp_path, export, batch_size=2)) == (7, 0, 0)
        assert counts(bring(tmp_path, export, batch_size=3)) == (0, 7, 0)

    def test_a_collected_message_is_known_by_what_it_said_before_its_edit(self, tmp_path: Path) -> None:
        here = IncomingChat(id=GROUP_ID, chat_type="group", name="Группа")
        store_messages(
            [collected(1, "5", at=0, chat=here), collected(1, "15", at=0, chat=here, edited_at=moment(5))]
        )

        assert counts(bring(tmp_path, group(said(7, "5", at=0)))) == (0, 1, 0)
        assert counts(bring(tmp_path, group(said(7, "15", at=0)))) == (0, 1, 0)

    def test_a_photo_without_words_and_an_anonymous_speaker_match_too(self, tmp_path: Path) -> None:
        here = ChatFactory(id=GROUP_ID, chat_type="group")
        MessageFactory(
            chat=here, user=None, sender_chat_id=GROUP_ID, text="", message_type="photo", timestamp=moment(0)
        )

        report = bring(tmp_path, group(said(7, "", at=0, photo="a.jpg") | {"from_id": "chat555"}))

        assert counts(report) == (0, 1, 0)

    @pytest.mark.parametrize(
        ("kind", "words", "exported"),
        [
            ("contact", "Пётр\n+70000000000", {"contact_information": {"first_name": "Пётр"}}),
            ("poll", "Когда?\nзавтра", {"poll": {"question": "Когда?", "answers": [{"text": "завтра"}]}}),
            ("venue", "Склад\nул. Примерная", {"place_name": "Склад", "address": "ул. Примерная"}),
        ],
    )
    def test_what_the_hub_puts_into_words_itself_matches_too(
        self, tmp_path: Path, kind: str, words: str, exported: dict[str, Any]
    ) -> None:
        here = ChatFactory(id=GROUP_ID, chat_type="group")
        sender = PersonFactory(id=CLIENT)
        MessageFactory(chat=here, user=sender, text=words, message_type=kind, timestamp=moment(0))

        assert counts(bring(tmp_path, group(said(7, "", at=0, **exported)))) == (0, 1, 0)


class TestBeforeTheCollector:
    """An export that is brought in while updates of the last 24 hours still wait at Telegram."""

    HERE = IncomingChat(id=SUPERGROUP, chat_type="supergroup", name="Магазин")
    GROUP = IncomingChat(id=GROUP_ID, chat_type="group", name="Группа")

    def test_a_question_of_today_is_news_and_one_row(self, tmp_path: Path) -> None:
        bring(tmp_path, chat(said(1)))
        Message.objects.update(changed_xid=0)

        [changed] = store_messages([collected(1, "Роза есть?", at=1, chat=self.HERE, arrival=5)])

        stored = Message.objects.get()
        assert (changed.pk, stored.source, stored.versions.count()) == (stored.pk, "telegram", 0)
        assert Chat.objects.get().waiting_since == moment(1)
        assert stored.changed_xid > 0
        assert counts(bring(tmp_path, chat(said(1)))) == (0, 1, 0)

    def test_without_numbers_each_finds_its_own(self, tmp_path: Path) -> None:
        bring(tmp_path, group(said(7, "+", at=0), said(8, "+", at=0), said(9, "?", at=1)))

        for number in (41, 42):
            store_messages([collected(number, "+", at=0, chat=self.GROUP, bot_id=77, arrival=number)])
        store_messages([collected(43, "+", at=0, chat=self.GROUP, bot_id=77, arrival=43)])

        assert list(Message.objects.order_by("pk").values_list("telegram_message_id", "text", "source")) == [
            (41, "+", "telegram"),
            (42, "+", "telegram"),
            (None, "?", "import"),
            (43, "+", "telegram"),
        ]
        again = bring(tmp_path, group(said(7, "+", at=0), said(8, "+", at=0), said(9, "?", at=1)))
        assert counts(again) == (0, 3, 0)

    def test_telegrams_own_word_of_a_file_is_no_edit_of_it(self, tmp_path: Path) -> None:
        bring(tmp_path, chat(said(1, "Вот", photo="photos/photo_1.jpg")))
        picture = {"file_id": "a", "file_unique_id": "b"}

        store_messages(
            [
                IncomingMessage(
                    chat=self.HERE,
                    telegram_message_id=1,
                    timestamp=moment(1),
                    message_type="photo",
                    text="Вот",
                    media=picture,
                    media_group_id="album",
                    sender=IncomingPerson(id=CLIENT),
                    arrival=5,
                )
            ]
        )

        stored = Message.objects.get()
        assert (stored.media, stored.media_group_id, stored.versions.count()) == (picture, "album", 0)

    @pytest.mark.parametrize("edit_first", [True, False])
    def test_an_edit_that_the_export_knew_ends_the_same_in_any_order(
        self, tmp_path: Path, edit_first: bool
    ) -> None:
        bring(tmp_path, chat(said(1, "15", edited_unixtime=str(BEGAN + 60))))
        states = [
            collected(1, "5", at=1, chat=self.HERE, arrival=5),
            collected(1, "15", at=1, chat=self.HERE, arrival=6, edited_at=moment(60)),
        ]

        for state in states[::-1] if edit_first else states:
            store_messages([state])

        stored = Message.objects.get()
        assert (stored.text, stored.edited_at, stored.source) == ("15", moment(60), "telegram")
        assert [version.text for version in stored.versions.all()] == ["5"]


class TestBeforeTheSupergroup:
    """Negative ids: what was said while the supergroup was a basic group."""

    OLD = said(-999_999_000, "давно", at=-500)

    def test_they_stay_in_the_supergroup_where_nobody_knows_the_group(self, tmp_path: Path) -> None:
        bring(tmp_path, chat(self.OLD, said(1)))

        assert set(Message.objects.values_list("chat_id", "telegram_message_id", "text")) == {
            (SUPERGROUP, None, "давно"),
            (SUPERGROUP, 1, "Роза есть?"),
        }

    def test_they_go_to_the_group_that_moved_and_meet_what_was_collected_there(self, tmp_path: Path) -> None:
        here = ChatFactory(id=SUPERGROUP)
        before = ChatFactory(id=GROUP_ID, chat_type="group", migrated_to=here)
        MessageFactory(chat=before, user=PersonFactory(id=CLIENT), text="давно", timestamp=moment(-500))

        report = bring(tmp_path, chat(self.OLD, said(-999_999_001, "ещё", at=-400), said(1)))

        assert counts(report) == (2, 1, 0)
        assert Message.objects.get(text="ещё").chat_id == GROUP_ID

    def test_they_are_found_again_after_the_hub_learnt_of_the_move(self, tmp_path: Path) -> None:
        bring(tmp_path, chat(self.OLD))
        ChatFactory(id=GROUP_ID, chat_type="group", migrated_to_id=SUPERGROUP)

        assert counts(bring(tmp_path, chat(self.OLD))) == (0, 1, 0)
        assert counts(bring(tmp_path, group(said(55, "давно", at=-500)))) == (0, 1, 0)


class TestWhereItBelongs:
    def test_kinds_and_their_ids(self, tmp_path: Path) -> None:
        export = account(
            chat(said(1), kind="public_supergroup", number=1),
            chat(said(1), kind="private_channel", number=2),
            chat(said(1), kind="private_group", number=3),
            left=(chat(said(1), kind="public_channel", number=4),),
        )

        report = bring(tmp_path, export)

        ids = [-1_000_000_000_001, -1_000_000_000_002, -3, -1_000_000_000_004]
        assert [each.chat_id for each in report.chats] == ids
        assert {c.pk: c.chat_type for c in Chat.objects.all()} == dict(
            zip(ids, ["supergroup", "channel", "group", "channel"], strict=True)
        )

    @pytest.mark.parametrize("kind", ["saved_messages", "replies", "verification_codes", "", "hologram"])
    def test_what_is_no_conversation_is_left_out_with_a_word(self, tmp_path: Path, kind: str) -> None:
        left_out = chat(said(1), said(2), kind=kind, number=9)
        del left_out["name"]

        report = bring(tmp_path, account(left_out, chat(said(1))))

        assert counts(report) == (1, 0, 2)
        assert report.chats[0].refused != ""

    def test_a_chat_without_a_name(self, tmp_path: Path) -> None:
        bring(tmp_path, chat(said(1), name=None))

        assert Chat.objects.get().name == ""

    def test_a_supergroup_does_not_go_elsewhere(self, tmp_path: Path) -> None:
        refused = bring(tmp_path, chat(said(1)), chat_id=-5)

        assert "--chat -5 contradicts it" in refused.chats[0].refused
        assert str(SUPERGROUP) in refused.chats[0].refused
        assert not Message.objects.exists()
        assert counts(bring(tmp_path, chat(said(1)), chat_id=SUPERGROUP)) == (1, 0, 0)

    def test_old_exports_wrote_the_kind_of_chat_into_its_id(self, tmp_path: Path) -> None:
        old = said(1) | {"from_id": CLIENT}
        del old["date_unixtime"]

        report = bring(tmp_path, chat(old, number=(2 << 32) + BARE))

        assert report.chats[0].chat_id == SUPERGROUP
        assert report.chats[0].has_local_dates

    def test_a_whole_account_takes_no_chat(self, tmp_path: Path) -> None:
        with pytest.raises(ExportError, match="whole account"):
            bring(tmp_path, account(chat(said(1))), chat_id=5)

    def test_a_managers_talk_with_a_known_client(self, tmp_path: Path) -> None:
        PersonFactory(id=CLIENT, first_name="Имя сейчас")
        ManagerFactory(id=MANAGER)

        bring(tmp_path, private(said(1), said(2, user=MANAGER)))

        assert set(Message.objects.values_list("chat_id", "user_id")) == {(CLIENT, CLIENT), (CLIENT, MANAGER)}
        assert Chat.objects.get().chat_type == "private"
        assert TelegramUser.objects.get(pk=CLIENT).first_name == "Имя сейчас"

    def test_somebody_unknown_is_not_guessed(self, tmp_path: Path) -> None:
        refused = bring(tmp_path, private(said(1)))

        assert "give --chat 501" in refused.chats[0].refused
        assert not Message.objects.exists()
        assert not Chat.objects.exists()
        assert not HistoryImport.objects.exists()
        assert counts(bring(tmp_path, private(said(1)), chat_id=CLIENT)) == (1, 0, 0)

    def test_a_clients_export_of_the_talk_with_our_manager(self, tmp_path: Path) -> None:
        ManagerFactory(id=MANAGER)
        export = private(said(1), said(2, user=MANAGER), number=MANAGER, name="Менеджер")

        refused = bring(tmp_path, export)

        assert "is one of us" in refused.chats[0].refused
        assert "Человек 501 (501): --chat 501" in refused.chats[0].refused
        assert counts(bring(tmp_path, export, chat_id=CLIENT)) == (2, 0, 0)
        assert set(Message.objects.values_list("chat_id", flat=True)) == {CLIENT}

    def test_both_sides_exports_of_one_talk_are_the_same_messages(self, tmp_path: Path) -> None:
        PersonFactory(id=CLIENT)
        ManagerFactory(id=MANAGER)
        bring(tmp_path, private(said(11), said(12, user=MANAGER)))

        theirs = private(said(71, at=11), said(72, user=MANAGER, at=12), number=MANAGER)

        assert counts(bring(tmp_path, theirs, chat_id=CLIENT)) == (0, 2, 0)

    def test_our_bot_is_one_of_us_even_before_it_said_anything(self, tmp_path: Path) -> None:
        export = private(said(1), said(2, "Здравствуйте", user=77), number=77, kind="bot_chat", name="Бот")

        assert "is one of us" in bring(tmp_path, export, our_bots=frozenset({77})).chats[0].refused

        bring(tmp_path, export, our_bots=frozenset({77}), chat_id=CLIENT)
        roles = dict(TelegramUser.objects.values_list("pk", "role__role_name"))
        assert roles == {CLIENT: RoleName.CLIENT, 77: RoleName.ASSISTANT_BOT}

    def test_a_chat_that_neither_of_the_two_is(self, tmp_path: Path) -> None:
        refused = bring(tmp_path, private(said(1), said(2, user=MANAGER)), chat_id=999)

        assert "--chat 999 is neither" in refused.chats[0].refused

    def test_a_private_talk_is_no_groups(self, tmp_path: Path) -> None:
        assert "positive number" in bring(tmp_path, private(said(1)), chat_id=-5).chats[0].refused

    def test_direct_messages_of_a_channel_are_no_private_chat(self, tmp_path: Path) -> None:
        PersonFactory(id=CLIENT)
        monoforum = private(said(1, user=1), said(2, user=2), said(3) | {"from_id": "channel501"})

        assert "direct messages of a channel" in bring(tmp_path, monoforum).chats[0].refused

    def test_and_they_are_recognised_later(self, tmp_path: Path) -> None:
        PersonFactory(id=CLIENT)
        monoforum = private(said(1, user=1), said(2, user=1), said(3, user=2), said(4, user=3))

        report = bring(tmp_path, monoforum, batch_size=2)

        assert counts(report) == (2, 0, 2)
        assert "direct messages of a channel" in report.chats[0].refused

    def test_a_group_that_became_a_supergroup_may_be_named_by_it(self, tmp_path: Path) -> None:
        ChatFactory(id=SUPERGROUP)
        assert "neither" in bring(tmp_path, group(said(1)), chat_id=-9).chats[0].refused

        bring(tmp_path, group(said(1)), chat_id=SUPERGROUP)

        assert Message.objects.get().chat_id == SUPERGROUP


class TestPeople:
    def test_a_known_person_keeps_name_and_username(self, tmp_path: Path) -> None:
        PersonFactory(
            id=CLIENT,
            first_name="Анна",
            last_name="Примерова",
            username="anna",
            last_seen=moment(0),
            first_seen=moment(0),
        )

        bring(tmp_path, chat(said(1, at=-9), said(2, at=9)))

        person = TelegramUser.objects.get()
        assert (person.first_name, person.last_name, person.username) == ("Анна", "Примерова", "anna")
        assert (person.first_seen, person.last_seen) == (moment(-9), moment(9))

    def test_a_deleted_account_is_a_person_without_a_name(self, tmp_path: Path) -> None:
        bring(tmp_path, chat(said(1) | {"from": None}))

        assert (TelegramUser.objects.get().pk, TelegramUser.objects.get().first_name) == (CLIENT, "")

    def test_a_channel_speaks_as_itself(self, tmp_path: Path) -> None:
        bring(tmp_path, chat(said(1) | {"from_id": f"channel{BARE}"}))

        assert Message.objects.values_list("user_id", "sender_chat_id").get() == (None, SUPERGROUP)
        assert not TelegramUser.objects.exists()


class TestNobodyReacts:
    def test_nobody_waits_and_nothing_is_answered(self, tmp_path: Path) -> None:
        ManagerFactory(id=MANAGER)
        here = IncomingChat(id=SUPERGROUP, chat_type="supergroup", name="Магазин")
        store_messages([collected(5, "Когда?", at=5, chat=here)])

        bring(tmp_path, chat(said(1), said(9, "Завтра", user=MANAGER)))

        now = Chat.objects.get()
        assert (now.waiting_since, now.answered_at) == (moment(5), None)
        assert now.last_message_at == moment(9)
        assert list(Message.objects.of_clients().values_list("telegram_message_id", flat=True)) == [5]
        assert not Message.objects.answers().exists()

    def test_the_last_message_does_not_go_back(self, tmp_path: Path) -> None:
        here = IncomingChat(id=SUPERGROUP, chat_type="supergroup", name="Магазин")
        store_messages([collected(5, "Когда?", at=500, chat=here)])

        bring(tmp_path, chat(said(1)))

        assert Chat.objects.get().last_message_at == moment(500)

    def test_a_draft_does_not_become_stale(self, tmp_path: Path) -> None:
        ResponseFactory(chat=ChatFactory(id=SUPERGROUP))

        bring(tmp_path, chat(said(1), said(2, user=MANAGER)))

        assert not PendingResponse.objects.with_staleness().get().is_stale

    def test_an_edit_from_telegram_reaches_an_imported_message(self, tmp_path: Path) -> None:
        bring(tmp_path, chat(said(1, "5 пачек")))
        here = IncomingChat(id=SUPERGROUP, chat_type="supergroup", name="Магазин")

        store_messages([collected(1, "15 пачек", at=1, chat=here, edited_at=moment(60))])

        stored = Message.objects.get()
        assert (stored.text, stored.source) == ("15 пачек", "import")
        assert [version.text for version in stored.versions.all()] == ["5 пачек"]

    def test_they_are_given_to_whoever_asked_in_the_transaction_of_their_batch(self, tmp_path: Path) -> None:
        given: list[tuple[int | None, str]] = []

        def take(rows: Sequence[Message]) -> None:
            given.extend((row.pk, row.text) for row in rows)

        bring(tmp_path, chat(said(1, "а"), said(2, "б")), hooks=ImportHooks(on_added=take))

        assert given == list(Message.objects.order_by("id").values_list("id", "text"))


class TestRuns:
    def test_a_dry_run_writes_nothing_and_counts_what_the_real_one_does(self, tmp_path: Path) -> None:
        here = IncomingChat(id=SUPERGROUP, chat_type="supergroup", name="Магазин")
        store_messages([collected(2, "Роза есть?", at=2, chat=here)])
        export = account(
            chat(said(1), said(2), {"id": "?"}, said(3, user=MANAGER)),
            group(said(1, "+", at=0), said(2, "+", at=0)),
            private(said(1), number=777),
            left=(chat(said(3, user=MANAGER), said(4)),),
        )
        before = Message.objects.count(), Chat.objects.count(), TelegramUser.objects.count()

        dry = bring(tmp_path, export, is_dry_run=True, batch_size=2).as_json()

        assert (Message.objects.count(), Chat.objects.count(), TelegramUser.objects.count()) == before
        assert not HistoryImport.objects.exists()
        real = bring(tmp_path, export, batch_size=2).as_json()
        assert dry.pop("is_dry_run") is True
        assert real.pop("is_dry_run") is False
        for each in (*dry["chats"], *real["chats"]):
            each.pop("is_new_chat")
        assert dry == real
        assert dry["totals"] == {"messages": 9, "added": 5, "present": 2, "skipped": 2, "people_added": 1}

    def test_the_table_of_imports_says_what_came(self, tmp_path: Path) -> None:
        bring(tmp_path, chat(said(1), "?", said(3)), batch_size=2)

        row = HistoryImport.objects.get()
        assert (row.chat_id, row.export_chat_id, row.export_name, row.state) == (
            SUPERGROUP,
            BARE,
            "Магазин",
            State.FINISHED,
        )
        assert (row.messages, row.added, row.present, row.skipped, row.people_added) == (3, 2, 0, 1, 1)
        assert (row.first_at, row.last_at) == (moment(1), moment(3))
        assert len(row.sha256) == 64
        assert row.finished_at is not None

    def test_a_file_that_breaks_off_gives_what_came_before(self, tmp_path: Path) -> None:
        text = write(tmp_path, chat(said(1))).read_text().rstrip(" ]}\n") + '}, {"id": 2, "ty'

        report = bring(tmp_path, text)

        assert counts(report) == (1, 0, 0)
        assert f"cut off: it ends at byte {len(text.encode()):,}, after 1 messages" in report.broken
        row = HistoryImport.objects.get()
        assert (row.state, row.added, row.sha256) == (State.FAILED, 1, "")

    def test_a_stop_ends_after_the_batch_and_the_next_run_goes_on(self, tmp_path: Path) -> None:
        export = chat(*(said(n) for n in range(1, 8)))

        stopped = bring(tmp_path, export, hooks=ImportHooks(should_stop=lambda: True), batch_size=3)

        assert stopped.was_stopped
        assert counts(stopped) == (3, 0, 0)
        assert HistoryImport.objects.get().state == State.STOPPED
        assert counts(bring(tmp_path, export)) == (4, 3, 0)

    def test_a_crash_in_the_middle_leaves_whole_batches_and_the_next_run_goes_on(
        self, tmp_path: Path
    ) -> None:
        export = group(*(said(n) for n in range(1, 8)))

        def crash(rows: Sequence[Message]) -> None:
            if rows[0].text and Message.objects.count() > 3:
                raise RuntimeError("power cut")

        with pytest.raises(RuntimeError, match="power cut"):
            bring(tmp_path, export, hooks=ImportHooks(on_added=crash), batch_size=3)

        assert Message.objects.count() == 3
        assert HistoryImport.objects.get().state == State.RUNNING
        assert counts(bring(tmp_path, export)) == (4, 3, 0)
        assert set(HistoryImport.objects.values_list("state", flat=True)) == {State.STOPPED, State.FINISHED}

    @pytest.mark.parametrize("export", [chat, group])
    def test_a_batch_costs_as_many_queries_whatever_its_size(
        self, tmp_path: Path, export: Callable[..., Any]
    ) -> None:
        def queries(first: int, size: int) -> int:
            messages = [said(n, f"слово {n}", user=n) for n in range(first, first + size)]
            with CaptureQueriesContext(
                connection,
            ) as captured:
                bring(tmp_path, export(*messages))
            return len(captured)

        queries(1, 1)

        assert queries(1000, 20) == queries(2000, 900)


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_ten_times_the_messages_take_no_more_memory(tmp_path: Path, is_dry_run: bool) -> None:
    def peak(messages: int, number: int) -> int:
        export = write(tmp_path, chat(*(said(n, "слово " * 40) for n in range(1, messages)), number=number))
        options = ImportOptions(zone=UTC, is_dry_run=is_dry_run, batch_size=100)
        tracemalloc.start()
        try:
            import_history(export, options, ImportHooks())
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(400, 1)

    assert peak(4_000, 2) < 1.5 * peak(400, 3)


@committed
def test_only_one_import_at_a_time(tmp_path: Path) -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [0x_C7_60_1B])
        with pytest.raises(ExportError, match="another import"):
            bring(tmp_path, chat(said(1)))
    finally:
        other.close()
    assert not Message.objects.exists()


def test_copying_names_every_column_that_must_have_a_value() -> None:
    """A column that is new may be left out only where PostgreSQL knows what belongs there."""
    needed = {
        field.column
        for field in Message._meta.concrete_fields
        if not (field.generated or field.null or field.has_db_default())
    }

    assert needed - set(COLUMNS.replace(",", " ").split()) == set()
