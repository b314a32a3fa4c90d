"""Sending and changing cards, in the order of the queue and at the pace of the chat.

A card is claimed and drawn in a short transaction (bots/card_queue.py) and shown outside of it; then it is
written down what it shows. A send without a clear answer is repeated: a doubled card does no harm, as each
press is bound to a version.
"""

import logging
import threading
import time
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from bots.card_queue import Job, claim_next, drop_decided, has_work
from bots.cards import Drawing, Status
from bots.models import ApprovalCard
from bots.review_chat import CardGoneError, change_card, send_card
from messaging.chats import follow_migration
from messaging.models import Chat
from sandbox.pacing import pacer
from sandbox.sending import is_sending_paused, note_refused_token, note_success
from sandbox.transport import Outcome, TransportError

logger = logging.getLogger(__name__)

FINAL = frozenset({Status.SENT, Status.REJECTED, Status.CANCELLED, Status.EXPIRED})
# Seconds. How long a run waits for its turn before it leaves the rest to the next.
PATIENCE_SECONDS = 1.5
# Telegram away; the bot put out of the review chat; more than Telegram ever asks for.
AWAY_SECONDS, UNREACHABLE_SECONDS, LONGEST_BELIEVED_SECONDS = 10, 60, 3600
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=5)
# (is it a send, how it ended): after so many tries a card stays as it is. A send that may have arrived is not
# repeated for ever; a change does no harm twice, and waits for the end of an outage; one that is refused is
# mostly too old to be changed.
MOST_ATTEMPTS = {
    (True, Outcome.UNKNOWN): 5,
    (True, Outcome.REFUSED): 20,
    (False, Outcome.UNKNOWN): 60,
    (False, Outcome.REFUSED): 5,
}

_at_work = threading.Lock()
# Public addresses that Telegram did not take on a button; asked again after a restart.
_refused_addresses: set[str] = set()


def show_due(*, seconds: float) -> int:
    """Send and change cards for at most so long; returns how many were shown."""
    chat_id = settings.TELEGRAM_REVIEW_CHAT_ID
    if chat_id is None or not _at_work.acquire(blocking=False):
        return 0
    try:
        return _show_until(time.monotonic() + seconds, chat_id)
    finally:
        _at_work.release()


def _show_until(end: float, set_chat_id: int) -> int:
    shown = 0
    drop_decided()
    while time.monotonic() < end and not is_sending_paused() and has_work():
        chat_id = review_chat_id(set_chat_id)
        slot = pacer.reserve([chat_id])
        if slot.place is None:
            if slot.wait_seconds > PATIENCE_SECONDS:
                break
            time.sleep(slot.wait_seconds)
            continue
        job = claim_next(chat_id)
        if job is None or not _show(job):
            break
        shown += 1
    return shown


def review_chat_id(chat_id: int) -> int:
    """Where cards go: the chat of the setting, or the supergroup that it became."""
    return Chat.objects.filter(pk=chat_id).values_list("migrated_to_id", flat=True).first() or chat_id


def _show(job: Job) -> bool:
    """Carry the job out and write down how it ended; False where the rest had better wait."""
    card = job.card
    try:
        message_id = _call(job)
    except CardGoneError:
        _note(card, closed_at=timezone.now(), last_error="deleted in the chat")
        return True
    except TransportError as error:
        _record_failure(card, error)
        return _begin_anew_elsewhere(card, error)
    pacer.touch(card.chat_id)
    _record_shown(job, message_id)
    note_success()
    return True


def _call(job: Job) -> int:
    """Show the drawing; once more without the link where Telegram refuses it with it."""
    base = settings.HUB_PUBLIC_URL
    if base in _refused_addresses:
        return _send_or_change(job.card, job.drawing.without_link())
    try:
        return _send_or_change(job.card, job.drawing)
    except TransportError as error:
        is_about_the_card = error.outcome is Outcome.REFUSED and not error.chat_unreachable
        if not (is_about_the_card and job.drawing.link):
            raise
    message_id = _send_or_change(job.card, job.drawing.without_link())
    _refused_addresses.add(base)
    logger.warning("cards go without a link, Telegram refuses HUB_PUBLIC_URL")
    return message_id


def _send_or_change(card: ApprovalCard, drawing: Drawing) -> int:
    """The id of the message that shows the drawing."""
    message_id: int | None = card.message_id
    with pacer.beat():
        if message_id is None:
            return send_card(chat_id=card.chat_id, drawing=drawing)
        change_card(chat_id=card.chat_id, message_id=message_id, drawing=drawing)
    return message_id


def _record_shown(job: Job, message_id: int) -> None:
    now = timezone.now()
    changes: dict[str, object] = {"wants_to_ask": False} if job.card.wants_to_ask else {}
    if job.card.sent_at is None:
        changes["sent_at"] = now
    _note(
        job.card,
        message_id=message_id,
        status=job.status,
        version=job.version,
        is_stale=job.is_stale,
        changed_at=now,
        attempts=0,
        next_try_at=None,
        last_error="",
        closed_at=now if job.status in FINAL else None,
        **changes,
    )


def _record_failure(card: ApprovalCard, error: TransportError) -> None:
    """Where it is about the chat or about Telegram, all cards wait, in their order; else this one does."""
    logger.warning("card not shown card=%s error=%s", card.pk, error)
    if error.stop_all:
        note_refused_token()
    if error.migrated_to is not None and error.migrated_to != card.chat_id:
        follow_migration(old_id=card.chat_id, new_id=error.migrated_to)
    if error.chat_unreachable or error.outcome is Outcome.NOT_SENT:
        pacer.touch(card.chat_id, seconds=_pause_of_all(error))
        _note(card, last_error=str(error))
        return
    pacer.touch(card.chat_id)
    now, attempts = timezone.now(), card.attempts + 1
    is_given_up = attempts >= MOST_ATTEMPTS[card.message_id is None, error.outcome]
    if is_given_up:
        logger.warning("card given up card=%s attempts=%d", card.pk, attempts)
    _note(
        card,
        attempts=attempts,
        last_error=str(error),
        next_try_at=now + min(FIRST_PAUSE * 2 ** min(attempts - 1, 10), LONGEST_PAUSE),
        closed_at=now if is_given_up else None,
    )


def _begin_anew_elsewhere(card: ApprovalCard, error: TransportError) -> bool:
    """A card that stayed in a chat which is no longer the review chat, and cannot be changed there.

    It would hold back all others for ever; a reply that still waits gets another one.
    """
    is_lost = error.chat_unreachable or error.migrated_to is not None
    here = review_chat_id(settings.TELEGRAM_REVIEW_CHAT_ID or card.chat_id)
    if card.message_id is None or not is_lost or card.chat_id == here:
        return False
    _note(card, message_id=None, status="", version=0, is_stale=False)
    return True


def _pause_of_all(error: TransportError) -> float:
    """Seconds. A 429 here is about this chat; it is no reason to hold back replies to clients."""
    if error.migrated_to is not None:
        return 0
    usual = UNREACHABLE_SECONDS if error.chat_unreachable else AWAY_SECONDS
    return min(error.retry_after or usual, LONGEST_BELIEVED_SECONDS)


def _note(card: ApprovalCard, **changes: object) -> None:
    ApprovalCard.objects.filter(pk=card.pk).update(claimed_until=None, **changes)
