"""Everything that the hub keeps about a person, handed over: complete, and nobody else's."""

import json
import stat
import tracemalloc
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from clients.models import TelegramUser
from cvgorod_hub.privacy.exporting import export_person
from messaging.models import Message, MessageVersion
from tests.factories import NOW, ChatFactory, MessageFactory, PersonFactory
from tests.marks import committed
from tests.privacy.life import GROUP, NEIGHBOURS_WORDS, OUR_ANSWER, PERSON, live
from tests.privacy.marks import LATIN, RUSSIAN, words


def exported(person: TelegramUser) -> dict[str, bytes]:
    """The files of the ZIP."""
    with zipfile.ZipFile(BytesIO(b"".join(export_person(person)))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def rows(files: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files[name].splitlines()]


@committed
def test_everything_that_is_kept_is_handed_over(tmp_path: Path) -> None:
    life = live(tmp_path)
    person = TelegramUser.objects.get(pk=PERSON)

    files = exported(person)

    [profile] = rows(files, "profile.jsonl")
    assert (profile["id"], profile["first_name"], profile["username"], profile["role"]) == (
        PERSON,
        RUSSIAN,
        LATIN,
        "client",
    )
    said = rows(files, "messages.jsonl")
    assert len(said) == Message.objects.filter(user=PERSON).count() == profile["statistics"]["messages"]
    assert {message["user_id"] for message in said} == {PERSON}
    versions = [version["text"] for message in said for version in message["versions"]]
    assert versions == [*MessageVersion.objects.filter(message__user=PERSON).values_list("text", flat=True)]
    assert versions == [words("Почём роза?")]
    [spoken] = [message for message in said if message["recording"]]
    assert spoken["transcript"] == words("распознано")
    assert [each["text"] for each in spoken["recording"]["versions"]] == [words("было распознано")]
    assert files[f"media/{spoken['recording']['file']}"] == words("голос").encode()
    assert {chat["id"] for chat in rows(files, "chats.jsonl")} == {GROUP["id"], PERSON}
    assert [row["intent"] for row in rows(files, "corrections.jsonl")] == ["complaint"]
    assert {row["message_id"] for row in rows(files, "meanings.jsonl")} <= {row["id"] for row in said}
    replies = rows(files, "replies.jsonl")
    assert OUR_ANSWER in {reply["response_text"] for reply in replies}
    assert [event["kind"] for event in replies[1]["events"]] == ["proposed", "edited", "rejected"]
    assert [row["data"] for row in rows(files, "presses.jsonl")] == ["чужая кнопка"]
    assert {row["kind"] for row in rows(files, "updates.jsonl")} == {
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
        "poll_answer",
        "inline_query",
        "chat_join_request",
        "pre_checkout_query",
    }
    assert [row["export_name"] for row in rows(files, "imports.jsonl")] == [f"{RUSSIAN} {LATIN}"]
    assert len(rows(files, "roles.jsonl")) == 1
    # Nobody else's words, and nobody of the team.
    everything = b"".join(files.values()).decode()
    assert NEIGHBOURS_WORDS not in everything
    assert life.actor.name not in everything.replace(files["README.txt"].decode(), "")
    for name in files:
        assert name.startswith("media/") or name == "README.txt" or name in files["README.txt"].decode()


@pytest.mark.django_db
def test_memory_does_not_grow_with_the_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging.personal.PAGE", 40)
    person, chat = PersonFactory(), ChatFactory()
    texts = [
        Message(chat=chat, user=person, telegram_message_id=number, text="роза " * 99, timestamp=NOW)
        for number in range(600)
    ]
    Message.objects.bulk_create(texts[:300])
    peaks = []
    for more in ([], texts[300:]):
        Message.objects.bulk_create(more)
        tracemalloc.start()
        size = sum(len(piece) for piece in export_person(person))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert size > 5_000

    # Twice the messages, pages as large.
    assert peaks[1] < peaks[0] * 1.3


@pytest.mark.django_db
def test_the_command_writes_a_file_that_its_owner_alone_may_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    person, file = PersonFactory(), tmp_path / "person.zip"
    MessageFactory(user=person)

    call_command("export_person", str(person.pk), to=file)

    assert capsys.readouterr().out == f"Written: {file}, {file.stat().st_size} bytes.\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with zipfile.ZipFile(file) as archive:
        assert len(archive.read("messages.jsonl").splitlines()) == 1


@pytest.mark.django_db
def test_the_command_says_in_one_line_what_is_wrong(tmp_path: Path) -> None:
    person = PersonFactory()
    there = tmp_path / "there.zip"
    there.write_text("other")

    with pytest.raises(CommandError, match="Nobody with the number 5 has written"):
        call_command("export_person", "5", to=tmp_path / "a.zip")
    with pytest.raises(CommandError, match="is there already"):
        call_command("export_person", str(person.pk), to=there)
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_person", str(person.pk), to=tmp_path / "no" / "a.zip")

    assert there.read_text() == "other"
