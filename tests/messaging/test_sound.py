"""The sound of a message over HTTP: ranges, types, who may hear it."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from messaging.models import Message, Recording
from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db
CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def recording(settings: Settings, tmp_path: Path) -> Recording:
    settings.MEDIA_ROOT = tmp_path
    message = MessageFactory(message_type="voice", text="", transcript_state="done")
    name = f"voice/{message.pk}.ogg"
    (tmp_path / "voice").mkdir()
    (tmp_path / name).write_bytes(CONTENT)
    return Recording.objects.create(
        message=message, state="done", bot_id=1, file_id="a", file=name, container="ogg_opus",
        queued_at=timezone.now(),
    )  # fmt: skip


def url(recording: Recording) -> str:
    return reverse("admin:messaging_message_sound", args=[recording.message_id])


def get(client: Client, recording: Recording, **headers: str) -> tuple[Any, bytes]:
    response = client.get(url(recording), headers=headers)
    body = response.getvalue() if isinstance(response, StreamingHttpResponse) else response.content
    return response, body


def test_the_whole_file(admin_client: Client, recording: Recording) -> None:
    response, body = get(admin_client, recording)

    assert (response.status_code, body) == (200, CONTENT)
    assert {name: response[name] for name in (
        "Content-Type", "Content-Length", "Accept-Ranges", "X-Content-Type-Options", "Cache-Control",
        "Content-Disposition",
    )} == {
        "Content-Type": "audio/ogg",
        "Content-Length": "256000",
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=3600",
        "Content-Disposition": f'inline; filename="message-{recording.message_id}.ogg"',
    }  # fmt: skip
    assert "Content-Range" not in response


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-", 0, 255_999), ("bytes=0-1", 0, 1), ("bytes=10-10", 10, 10),
     ("bytes=100000-", 100_000, 255_999), ("bytes=255999-999999999", 255_999, 255_999),
     ("bytes=-5", 255_995, 255_999), ("bytes=-999999999", 0, 255_999), ("bytes = 3-4", 3, 4)],
)  # fmt: skip
def test_a_range(admin_client: Client, recording: Recording, asked: str, first: int, last: int) -> None:
    response, body = get(admin_client, recording, Range=asked)

    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/256000"
    assert response["Content-Length"] == str(last - first + 1)
    assert body == CONTENT[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=256000-", "bytes=999999-1000000", "bytes=-0"])
def test_behind_the_end_there_is_nothing(admin_client: Client, recording: Recording, asked: str) -> None:
    response, body = get(admin_client, recording, Range=asked)

    assert (response.status_code, body) == (416, b"")
    assert response["Content-Range"] == "bytes */256000"


@pytest.mark.parametrize(
    "asked", ["", "bytes", "bytes=-", "bytes=5-3", "bytes=0-1,5-6", "items=0-1", "bytes=a-b",
              "bytes=0-" + "9" * 40, "bytes=٣-"],
)  # fmt: skip
def test_what_is_no_single_range_gets_all(admin_client: Client, recording: Recording, asked: str) -> None:
    response, body = get(admin_client, recording, Range=asked.encode().decode("latin-1"))

    assert (response.status_code, len(body)) == (200, 256_000)


def test_a_part_goes_with_parts_of_the_same_file_only(admin_client: Client, recording: Recording) -> None:
    whole, _body = get(admin_client, recording)
    same = [whole["ETag"], whole["Last-Modified"]]
    other = ['"another"', "Mon, 01 Jan 2024 00:00:00 GMT", "nonsense"]

    answers = [
        get(admin_client, recording, **{"Range": "bytes=0-1", "If-Range": condition})[0].status_code
        for condition in same + other
    ]

    assert answers == [206, 206, 200, 200, 200]


def test_another_file_has_another_mark(admin_client: Client, recording: Recording, tmp_path: Path) -> None:
    before = get(admin_client, recording)[0]["ETag"]
    os.utime(tmp_path / recording.file.name, (1, 1))

    assert get(admin_client, recording)[0]["ETag"] != before


def test_head_says_what_get_would(admin_client: Client, recording: Recording) -> None:
    response = admin_client.head(url(recording), headers={"Range": "bytes=0-9"})

    assert (response.status_code, response["Content-Length"]) == (206, "10")
    assert response.getvalue() == b""


def test_an_empty_file(admin_client: Client, recording: Recording, tmp_path: Path) -> None:
    (tmp_path / recording.file.name).write_bytes(b"")

    assert get(admin_client, recording)[1] == b""
    assert get(admin_client, recording, Range="bytes=-5")[0].status_code == 416


@pytest.mark.parametrize(
    ("container", "kind", "content_type", "is_shown"),
    [("mp4", "audio", "audio/mp4", True), ("mp4", "video_note", "video/mp4", True),
     ("unknown", "audio", "application/octet-stream", False),
     ("", "audio", "application/octet-stream", False)],
)  # fmt: skip
def test_types_are_ours(
    admin_client: Client, recording: Recording, container: str, kind: str, content_type: str, is_shown: bool
) -> None:
    Recording.objects.update(container=container, told_mime_type="text/html")
    Message.objects.update(message_type=kind)

    response, _body = get(admin_client, recording)

    assert response["Content-Type"] == content_type
    assert response["Content-Disposition"].startswith("inline" if is_shown else "attachment")


def test_without_a_login_it_is_not_heard(client: Client, recording: Recording) -> None:
    response = client.get(url(recording))

    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


@pytest.mark.parametrize(("group", "status"), [("Наблюдатели", 200), ("", 403)])
def test_whoever_may_read_messages_may_hear_them(
    client: Client, recording: Recording, group: str, status: int
) -> None:
    member = User.objects.create_user("anna", is_staff=True)
    if group:
        member.groups.add(Group.objects.get(name=group))
    client.force_login(member)

    assert get(client, recording)[0].status_code == status


def test_nothing_to_hear(admin_client: Client, recording: Recording, tmp_path: Path) -> None:
    (tmp_path / recording.file.name).unlink()
    assert admin_client.get(url(recording)).status_code == 404
    Recording.objects.update(file="")
    assert admin_client.get(url(recording)).status_code == 404
    Recording.objects.all().delete()
    assert admin_client.get(url(recording)).status_code == 404


def test_it_is_only_read(admin_client: Client, recording: Recording) -> None:
    assert admin_client.post(url(recording)).status_code == 405
