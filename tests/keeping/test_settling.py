"""What a restore holds back, ends and says, room by room."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.utils import timezone, translation
from pytest_django import Settings

from bots.models import CollectionGap, TelegramBot
from bots.problems import find_problems
from bots.restored import note_lost_updates
from bots.watching import note_poll
from cvgorod_hub.keeping.errors import SetupError, one_line
from cvgorod_hub.keeping.folder import Manifest
from cvgorod_hub.keeping.restore import still_missing
from cvgorod_hub.keeping.servers import servers_at_hand
from cvgorod_hub.runner.data_folder import held_data_folder, is_held
from messaging.models import Message, Recording
from messaging.restored import forget_missing_files
from sandbox import review
from sandbox.actors import Actor
from sandbox.dispatch import deliver_due
from sandbox.errors import ReviewConflictError, StaleResponseError
from sandbox.models import PendingResponse
from sandbox.restored import VERSIONS_APART, Held, hold_back_replies
from tests.bots.test_hub_report import BOT_ID
from tests.factories import MessageFactory, ResponseFactory
from tests.fakes import FakeTransport

pytestmark = pytest.mark.django_db
ANNA = Actor(name="Анна")


def test_what_was_on_its_way_waits_for_a_person() -> None:
    now = timezone.now()
    approved = ResponseFactory(status="approved", approved_at=now)
    later = ResponseFactory(status="approved", approved_at=now, scheduled_at=now + timedelta(days=1))
    sending = ResponseFactory(status="sending", approved_at=now, claimed_at=now)
    for status in ("sent", "rejected", "failed", "unknown"):
        ResponseFactory(status=status)
    FakeTransport.reset()

    assert hold_back_replies() == Held(unknown=3, stale=0)

    deliver_due(seconds=1)
    assert FakeTransport.sent == []
    for reply in (approved, later, sending):
        reply.refresh_from_db()
        assert (reply.status, reply.events.get().kind) == ("unknown", "restored")
        assert reply.last_error.startswith("Restored from a backup")
    assert review.retry(response_id=approved.pk, actor=ANNA).status == "approved"


def test_a_draft_asks_for_a_second_yes_and_no_old_button_fits_it() -> None:
    draft = ResponseFactory()

    assert hold_back_replies() == Held(unknown=0, stale=1)

    with pytest.raises(ReviewConflictError):
        review.approve(response_id=draft.pk, actor=ANNA, version=1)
    version = 1 + VERSIONS_APART
    with pytest.raises(StaleResponseError):
        review.approve(response_id=draft.pk, actor=ANNA, version=version)
    assert review.approve_many(shown=[(draft.pk, version)], actor=ANNA)[0] == []
    # And so it stays, however far this database counts.
    assert PendingResponse.objects.with_staleness().get(pk=draft.pk).is_stale
    approved = review.approve(response_id=draft.pk, actor=ANNA, version=version, confirm_stale=True)
    assert approved.status == "approved"


def test_what_was_collected_since_is_a_gap_however_short() -> None:
    since = timezone.now() - timedelta(minutes=40)
    TelegramBot.objects.create(id=BOT_ID, username="hub_bot", last_poll_at=since)
    TelegramBot.objects.create(id=BOT_ID + 1)  # never collected

    assert note_lost_updates(since=since) == 1
    note_poll(BOT_ID)

    gap = CollectionGap.objects.get()
    assert (gap.has_losses, gap.began_at, gap.lost_until) == (True, since, gap.ended_at)
    with translation.override("en"):
        [problem] = [each for each in find_problems() if each.code == "messages_lost"]
    assert problem.advice.startswith("The hub was restored from a backup")


def test_a_file_that_is_not_there_is_said_to_be_gone() -> None:
    message: Message = MessageFactory(message_type="voice")
    recording = Recording.objects.create(
        message=message, bot_id=1, file_id="f", queued_at=message.timestamp, file="voice/1/1.ogg"
    )

    assert forget_missing_files(["voice/1/1.ogg"]) == 1

    recording.refresh_from_db()
    assert recording.file.name == ""
    assert recording.file_deleted_at is not None


def test_a_file_that_came_by_other_means_is_kept(tmp_path: Path, settings: Settings) -> None:
    """A backup without files, and media copied by hand."""
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "here.ogg").touch()
    manifest = Manifest(
        taken_at=timezone.now(),
        server_version=18,
        dump_version=18,
        database_bytes=0,
        media_bytes=0,
        secret_key="",
        migrations=[],
        tables={},
        missing=["gone.ogg", "here.ogg"],
    )

    assert still_missing(manifest) == ["gone.ogg"]


def test_a_full_disk_is_one_line() -> None:
    with pytest.raises(CommandError, match=r"^/backups/one: No space left on device$"), one_line():
        raise OSError(28, "No space left on device", "/backups/one")


def test_what_must_be_set_up_first_ends_with_78() -> None:
    with pytest.raises(CommandError) as raised, one_line():
        raise SetupError("no")
    assert raised.value.returncode == 78


def test_a_restore_beside_a_running_hub_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DATA_DIR", str(folder / "data"))
    monkeypatch.delenv("DATABASE_URL")
    with held_data_folder():
        with servers_at_hand(hub_may_run=True):
            assert is_held()
        with pytest.raises(SetupError, match="a hub runs on"), servers_at_hand(hub_may_run=False):
            raise AssertionError

    assert not is_held()
