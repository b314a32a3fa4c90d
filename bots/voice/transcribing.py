"""A transcript takes its place: in the message, in search, in what the message means, in the feed."""

import logging

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from bots.voice.claims import Claim, write_held
from cvgorod_hub.common.database import is_passing
from intents.classification import classify_by_patterns
from messaging.announcing import announce_soon
from messaging.models import Message, Recording
from messaging.recordings import keep_version, lock_message

logger = logging.getLogger(__name__)

State = Recording.State
# Characters. Nobody says more in four hours, the longest that SpeechKit takes; PostgreSQL's search holds
# one megabyte of words.
LONGEST_TRANSCRIPT = 200_000


def take_words(
    claim: Claim, words: str, *, written_by: Recording.WrittenBy = Recording.WrittenBy.SPEECH
) -> bool:
    """What was recognised, once; a person's words, or another worker's, are there already: False."""
    words = words[:LONGEST_TRANSCRIPT].rstrip()
    with transaction.atomic():
        message = lock_message(claim.recording.message_id)
        state = State.DONE if words else State.EMPTY
        changes = {
            "state": state,
            "due_at": None,
            "problem": "",
            "error": "",
            "written_by": written_by if words else "",
            "version": F("version") + 1,
            "finished_at": Now(),
        }
        keep_version(Recording.objects.get(pk=claim.recording.pk), message.transcript)
        if not write_held(claim, changes):
            transaction.set_rollback(True)
            return False
        say(message, words, state)
    logger.info("recording recognised message=%s state=%s", message.pk, state)
    return True


def say(message: Message, words: str, state: Message.TranscriptState) -> None:
    """Let the (locked) message say these words, and let it be understood anew.

    Search follows by the table's own column, the feed by its trigger (messaging's migration 0002).
    """
    message.transcript, message.transcript_state = words, state
    message.save(update_fields=["transcript", "transcript_state"])
    announce_soon()
    try:
        with transaction.atomic():
            classify_by_patterns([message])
    except Exception as error:
        if is_passing(error):
            raise
        # As with texts (bots/updates.py): a rule that breaks the classifier must not cost the words.
        logger.exception("patterns failed message=%s", message.pk)
