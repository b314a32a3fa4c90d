from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from messaging.history.clock import ExportClock
from messaging.history.errors import UnreadableMessageError
from messaging.history.files import ExportFolder
from messaging.history.peers import Sender
from messaging.history.reading import HistoryMessage, MessageReader
from tests.messaging.exports import BEGAN, said

MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")


def reader(
    folder: Path = Path("/nonexistent"), *, zone: ZoneInfo = MOSCOW, chat_type: str = "supergroup"
) -> MessageReader:
    return MessageReader(chat_type=chat_type, clock=ExportClock(zone), folder=ExportFolder(folder))


def read(raw: object, folder: Path = Path("/nonexistent")) -> HistoryMessage:
    return reader(folder).read(raw)


def old(number: int, date: object, **more: Any) -> dict[str, Any]:
    """As builds before 2021 wrote it."""
    return {
        "id": number,
        "type": "message",
        "date": date,
        "from": "Тест",
        "from_id": 501,
        "text": "да",
        **more,
    }


@pytest.mark.parametrize(
    ("text", "entities", "words"),
    [
        ("Роза", None, "Роза"),
        (["Роза ", {"type": "bold", "text": "красная"}, " есть"], None, "Роза красная есть"),
        (
            "старое",
            [{"type": "plain", "text": "Роза "}, {"type": "link", "text": "a.example"}],
            "Роза a.example",
        ),
        ("Роза", [], "Роза"),
        ("a\x00b\ud83d", None, "a\ufffdb\ufffd"),
        (None, None, ""),
        ({"text": "?"}, None, ""),
    ],
)
def test_text_in_all_its_forms(text: object, entities: object, words: str) -> None:
    raw = said(1, text) | ({} if entities is None else {"text_entities": entities})

    assert read(raw).text == words


class TestDates:
    def test_unix_time_counts_whatever_the_local_date_says(self) -> None:
        assert read(said(1, at=0)).sent_at == datetime.fromtimestamp(BEGAN, UTC)

    def test_an_old_local_date_is_read_in_the_given_zone(self) -> None:
        clock = ExportClock(MOSCOW)

        assert clock.sent_at(old(1, "2019-07-01T12:00:00")) == datetime(2019, 7, 1, 9, tzinfo=UTC)
        assert clock.has_local_dates

    def test_the_hour_that_comes_twice_goes_on_from_what_was_said_before(self) -> None:
        clock = ExportClock(BERLIN)
        dates = ["2019-10-27T02:10:00", "2019-10-27T02:50:00", "2019-10-27T02:05:00", "2019-10-27T03:00:00"]

        read_dates = [clock.sent_at(old(n, date)) for n, date in enumerate(dates, 1)]

        hours = [(0, 10), (0, 50), (1, 5), (2, 0)]
        assert read_dates == [datetime(2019, 10, 27, h, m, tzinfo=UTC) for h, m in hours]

    def test_an_edit_has_its_time(self) -> None:
        edited = read(said(1, at=0, edited="2023-11-15T02:00:00", edited_unixtime=str(BEGAN + 60)))

        assert edited.edited_at == datetime.fromtimestamp(BEGAN + 60, UTC)

    def test_what_was_never_edited_was_not_edited_in_1970(self) -> None:
        assert read(old(1, "2018-09-01T10:00:00", edited="1970-01-01T03:00:00")).edited_at is None

    @pytest.mark.parametrize("date", ["yesterday", "9999-99-99T00:00:00", "1970-01-01T00:00:00", 5])
    def test_a_date_that_is_none(self, date: object) -> None:
        with pytest.raises(UnreadableMessageError, match="date is no time of our days"):
            read(old(1, date))

    def test_the_unsupported_takes_the_time_of_the_one_before_it(self) -> None:
        reading = reader()
        before = reading.read(said(1))

        unsupported = reading.read({"id": 2, "type": "unsupported"})

        assert (unsupported.sent_at, unsupported.message_type, unsupported.media) == (
            before.sent_at,
            "unknown",
            {"kind": "unsupported"},
        )

    def test_nothing_dated_before_it(self) -> None:
        with pytest.raises(UnreadableMessageError, match="no date"):
            read({"id": 2, "type": "unsupported"})


@pytest.mark.parametrize(
    ("peer", "sender"),
    [
        ("user501", Sender(user_id=501, name="Тест")),
        ("channel1234567890", Sender(chat_id=-1_001_234_567_890, name="Тест")),
        ("chat77", Sender(chat_id=-77, name="Тест")),
        (501, Sender(user_id=501, name="Тест")),
        ((1 << 32) + 501, Sender(user_id=501, name="Тест")),
        ((2 << 32) + 77, Sender(chat_id=-1_000_000_000_077, name="Тест")),
        (None, Sender(name="Тест")),
    ],
)
def test_senders_of_all_times(peer: object, sender: Sender) -> None:
    assert read(said(1) | {"from": "Тест", "from_id": peer}).sender == sender


def test_a_deleted_account_keeps_its_id_and_has_no_name() -> None:
    assert read(said(1) | {"from": None}).sender == Sender(user_id=501)


@pytest.mark.parametrize(
    "raw",
    [
        "text",
        said(0),
        said(1) | {"id": "7"},
        said(1) | {"id": True},
        said(1) | {"type": "poem"},
        said(1) | {"from_id": "group5"},
        said(1) | {"from_id": "user-5"},
    ],
)
def test_what_is_no_message_is_unreadable_and_raises_nothing_else(raw: object) -> None:
    with pytest.raises(UnreadableMessageError):
        read(raw)


@pytest.mark.parametrize(
    ("content", "kind", "media"),
    [
        (
            {"photo": "(File not included. Change data exporting settings to download.)", "width": 90},
            "photo",
            {"width": 90, "export_file": "not_included"},
        ),
        (
            {
                "file": "(File exceeds maximum size. Change data exporting settings to download.)",
                "media_type": "video_file",
                "mime_type": "video/mp4",
                "duration_seconds": 9,
            },
            "video",
            {"mime_type": "video/mp4", "duration": 9, "export_file": "too_big"},
        ),
        (
            {"file": "цены.pdf (File unavailable, please try again later)", "file_name": "цены.pdf"},
            "document",
            {"file_name": "цены.pdf", "export_file": "unavailable"},
        ),
        ({"file": "", "media_type": "voice_message"}, "voice", {}),
        (
            {"file": "stickers/a.webp", "media_type": "sticker", "sticker_emoji": "🌹"},
            "sticker",
            {"emoji": "🌹", "export_file": "missing", "export_path": "stickers/a.webp"},
        ),
        (
            {"file": "v.mp4", "media_type": "video_message"},
            "video_note",
            {"export_file": "missing", "export_path": "v.mp4"},
        ),
        (
            {"file": "a.mp4", "media_type": "animation", "file_size": 10},
            "animation",
            {"export_file": "missing", "export_path": "a.mp4", "file_size": 10},
        ),
        (
            {"file": "a.mp3", "media_type": "audio_file", "title": "Вальс"},
            "audio",
            {"title": "Вальс", "export_file": "missing", "export_path": "a.mp3"},
        ),
        (
            {"location_information": {"latitude": 55.5, "longitude": 37.5}},
            "location",
            {"latitude": 55.5, "longitude": 37.5},
        ),
        ({"location_information": None}, "location", {}),
        (
            {
                "place_name": "Склад",
                "address": "ул. Примерная, 1",
                "location_information": {"latitude": 1.5, "longitude": 2.5},
            },
            "venue",
            {"title": "Склад", "address": "ул. Примерная, 1", "latitude": 1.5, "longitude": 2.5},
        ),
        (
            {"contact_information": {"first_name": "Тест", "last_name": "", "phone_number": "+7 000"}},
            "contact",
            {"first_name": "Тест", "last_name": "", "phone_number": "+7 000"},
        ),
        (
            {
                "poll": {
                    "question": "Когда?",
                    "closed": False,
                    "total_voters": 2,
                    "answers": [{"text": "Утром", "voters": 2}],
                }
            },
            "poll",
            {"question": "Когда?", "options": ["Утром"]},
        ),
        ({"todo_list": {"title": "Список"}}, "unknown", {"kind": "todo_list"}),
        ({}, "unknown", {"kind": ""}),
    ],
)
def test_every_kind_of_content(content: dict[str, Any], kind: str, media: dict[str, Any]) -> None:
    message = read(said(1, "") | content)

    assert (message.message_type, message.media) == (kind, media)


@pytest.mark.parametrize(
    ("action", "media"),
    [
        (
            {"action": "create_group", "title": "Магазин", "members": ["А", None]},
            {"event": "group_chat_created", "value": "Магазин", "members": ["А"]},
        ),
        ({"action": "edit_group_title", "title": "Новый"}, {"event": "new_chat_title", "value": "Новый"}),
        ({"action": "join_group_by_link", "inviter": "Б"}, {"event": "new_chat_members"}),
        ({"action": "pin_message", "message_id": 4}, {"event": "pinned_message"}),
        ({"action": "group_call"}, {"event": "video_chat_started"}),
        ({"action": "group_call", "duration": 60}, {"event": "video_chat_ended"}),
        ({"action": "create_channel", "title": "Х"}, {"event": "supergroup_chat_created", "value": "Х"}),
        ({"action": "phone_call"}, {"event": "phone_call"}),
        ({"information_text": "слова"}, {"event": "information_text", "value": "слова"}),
        ({}, {"event": ""}),
    ],
)
def test_service_messages_say_what_happened_in_the_hubs_words(
    action: dict[str, Any], media: dict[str, Any]
) -> None:
    raw = {**said(1, ""), "type": "service", "actor": "Тест", "actor_id": "user9", **action}

    message = read(raw)

    assert (message.message_type, message.media, message.sender.user_id, message.text) == (
        "service",
        media,
        9,
        "",
    )


def test_replies_and_forwards() -> None:
    message = read(said(5, reply_to_message_id=3, forwarded_from="Поставщик"))
    assert (message.reply_to, message.forwarded_from) == (3, "Поставщик")
    assert read(said(5, reply_to_message_id=3, reply_to_peer_id="channel5")).reply_to is None
    assert read(said(5, reply_to_message_id=-999_999_997, forwarded_from=None)).reply_to is None


class TestFiles:
    def test_a_file_that_is_there(self, tmp_path: Path) -> None:
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "photo_1.jpg").write_bytes(b"x")

        facts = ExportFolder(tmp_path).facts("photos/photo_1.jpg")

        assert facts == {"export_file": "included", "export_path": "photos/photo_1.jpg"}

    @pytest.mark.parametrize(
        "path",
        [
            "/etc/passwd",
            "../secret",
            "photos/../../secret",
            "photos\\..\\..\\secret",
            "C:\\secret",
            "\\\\host\\x",
            "a\x00b",
            "x" * 5000,
        ],
    )
    def test_a_path_that_leaves_the_folder_is_not_kept(self, tmp_path: Path, path: str) -> None:
        assert ExportFolder(tmp_path).facts(path) == {"export_file": "unsafe_path"}

    def test_links_out_of_the_folder_do_not_help(self, tmp_path: Path) -> None:
        export = tmp_path / "export"
        export.mkdir()
        (tmp_path / "secret").write_text("x")
        (export / "file").symlink_to(tmp_path / "secret")
        (export / "photos").symlink_to(tmp_path)

        folder = ExportFolder(export)

        assert folder.facts("file") == folder.facts("photos/secret") == {"export_file": "unsafe_path"}
