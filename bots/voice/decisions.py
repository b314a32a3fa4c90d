"""What people decide about recordings: try again, or write what was said themselves."""

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.db.models.functions import Now

from bots.voice.nudging import look_soon
from bots.voice.transcribing import LONGEST_TRANSCRIPT, say
from cvgorod_hub.common.texts import storable
from messaging.models import Message, Recording
from messaging.recordings import can_retry, keep_version, lock_message

State = Recording.State


class ChangedError(Exception):
    """The transcript is not the one that the person read any more."""


def retry(recording_id: int) -> bool:
    """Begin again with what is missing, the file or the words; returns whether there was anything to do."""
    with transaction.atomic():
        message_id = Recording.objects.values_list("message_id", flat=True).get(pk=recording_id)
        message = lock_message(message_id)
        recording = Recording.objects.select_for_update().get(pk=recording_id)
        if not can_retry(recording):
            return False
        begin_again(Recording.objects.filter(pk=recording_id))
        recording.refresh_from_db(fields=["state"])
        Message.objects.filter(pk=message.pk).update(transcript_state=recording.state)
        look_soon()
    return True


def begin_again(rows: QuerySet[Recording]) -> int:
    """Queue these anew, as if nothing had been tried; their messages' states are the caller's."""
    fresh = {
        "due_at": Now(),
        "queued_at": Now(),
        "attempts": 0,
        "faults": 0,
        "problem": "",
        "error": "",
        "operation_id": "",
        "submitted_at": None,
        "finished_at": None,
    }
    state = Case(When(file__gt="", then=Value(State.RECOGNISING)), default=Value(State.WAITING))
    return rows.update(state=state, **fresh)


def write_transcript(*, recording_id: int, words: str, writer: User, version: int) -> None:
    """A person says what was said; recognition never changes that again, and what stood there is kept.

    `version` is that of the transcript which the person read; raises ChangedError where it is another by now.
    """
    words = storable(words).replace("\r\n", "\n").strip()[:LONGEST_TRANSCRIPT]
    with transaction.atomic():
        message_id = Recording.objects.values_list("message_id", flat=True).get(pk=recording_id)
        message = lock_message(message_id)
        recording = Recording.objects.select_for_update().get(pk=recording_id)
        if recording.version != version:
            raise ChangedError
        keep_version(recording, message.transcript)
        state = State.DONE if words else State.EMPTY
        Recording.objects.filter(pk=recording_id).update(
            state=state,
            due_at=None,
            written_by=Recording.WrittenBy.PERSON,
            writer=writer,
            version=F("version") + 1,
            finished_at=Now(),
            problem="",
            error="",
        )
        say(message, words, state)
