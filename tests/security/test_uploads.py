"""Files: which ways lead in and out, and that nothing active and no forged path takes them.

Ways in: recordings that the hub itself fetches from Telegram (tests/bots/voice/test_downloading.py), and an
export that somebody with a shell names on the command line (tests/bots/test_import_command.py). Nobody
uploads anything to the web process. The one way out is a message's sound.
"""

from pathlib import Path

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone
from pytest_django import Settings

from messaging.models import Recording
from messaging.recordings import file_path
from tests.admin.pages import drawn_pages
from tests.admin.rows import make_rows
from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db


def test_no_form_of_the_admin_takes_a_file(admin_client: Client) -> None:
    pages = drawn_pages(make_rows())

    texts = {page.name: admin_client.get(page.path).content.decode() for page in pages}

    assert [name for name, text in texts.items() if 'type="file"' in text or "multipart" in text] == []


def test_no_address_serves_a_folder() -> None:
    """No `serve` of Django's: files below MEDIA_ROOT have no address but that of their message."""
    found = [
        pattern
        for pattern in map(str, get_resolver().url_patterns)
        if "media" in pattern or "static" in pattern
    ]
    assert found == []


@pytest.fixture
def recording(settings: Settings, tmp_path: Path) -> Recording:
    settings.MEDIA_ROOT = tmp_path / "media"
    (tmp_path / "media" / "voice").mkdir(parents=True)
    (tmp_path / "outside.txt").write_text("not to be read")
    return Recording.objects.create(
        message=MessageFactory(message_type="voice", text=""), state="done", bot_id=1, file_id="a",
        file="voice/1.ogg", container="ogg_opus", queued_at=timezone.now(),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["../outside.txt", "voice/../../outside.txt", "/etc/hostname"])
def test_a_row_that_leads_out_of_the_folder_is_refused(
    admin_client: Client, recording: Recording, name: str
) -> None:
    Recording.objects.update(file=name)

    answer = admin_client.get(reverse("admin:messaging_message_sound", args=[recording.message_id]))

    assert answer.status_code == 400
    assert b"not to be read" not in answer.content


@pytest.mark.parametrize("container", ["", "unknown", "ogg_opus"])
def test_what_claims_to_be_a_page_is_never_one(
    admin_client: Client, recording: Recording, container: str
) -> None:
    """A file of HTML and scripts that a client sent as speech."""
    file_path(recording).write_bytes(b"<html><script>alert(1)</script></html>")
    Recording.objects.update(container=container, told_mime_type="text/html", file="voice/1.ogg")

    answer = admin_client.get(reverse("admin:messaging_message_sound", args=[recording.message_id]))

    assert b"<script>" in answer.getvalue()
    assert answer["Content-Type"] in {"audio/ogg", "application/octet-stream"}
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].count("default-src 'none'") == 1
    assert container == "ogg_opus" or answer["Content-Disposition"].startswith("attachment")
