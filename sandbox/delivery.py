"""A reply goes out: claim, commit, send, write the outcome. At most once.

Telegram knows no idempotency key. So the claim is committed before the call, and whatever ends without a
clear answer becomes `unknown`, which only a person resolves.
"""

import logging
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_noop

from clients.people import IncomingPerson
from messaging.chats import follow_migration, mark_unreachable
from messaging.ingest import record_sent
from sandbox.actors import HUB
from sandbox.models import PendingResponse, ResponseEvent, SandboxSettings
from sandbox.pacing import pacer
from sandbox.sending import is_sending_paused, note_rate_limit, note_refused_token, note_success
from sandbox.transitions import move
from sandbox.transport import Outcome, SentMessage, TransportError, get_transport
from sandbox.working_hours import in_working_hours

logger = logging.getLogger(__name__)

Kind = ResponseEvent.Kind
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
# Telegram's own pauses are seconds to minutes; more than this is not believed.
ONE_DAY = timedelta(days=1)
# Stored in English, as the API says it; pages translate it.
_INTERRUPTED = gettext_noop("The process stopped while sending; whether it arrived is not known.")
# Seconds between the tries to write down an outcome, a minute in all: a PostgreSQL that restarts, or moves to
# another machine, is back within them. What Telegram said is lost otherwise, and a person has to find out.
OUTCOME_PAUSES = (0.1, 1, 2, 4, 8, 15, 30)


def deliver_one(*, response_id: int | None = None) -> bool:
    """Deliver one due reply, or this one if its turn has come; False when nothing more can be done now.

    Whose turn it is the caller knows (sandbox/dispatch.py). Here the common beat is waited for, and the
    chat's next turn is counted from the answer.
    """
    # Before the claim: a transport's first import takes seconds, which the beat must not count.
    transport = get_transport()
    response = _claim(response_id)
    if response is None:
        return False
    chat_id, reply_to_message_id = response.current_chat_id, response.current_reply_to_id
    try:
        with pacer.beat():
            if not _is_still_ours(response):
                # This process slept between the claim and here; the sweep, and then a person, may have it by
                # now. If not, nobody needs to doubt what was certainly not sent.
                logger.error("claim overtaken by time response=%s", response.pk)
                _give_back(response)
                return True
            sent = transport.send(
                chat_id=chat_id,
                text=response.response_text,
                reply_to_message_id=reply_to_message_id,
            )
    except TransportError as error:
        pacer.touch(chat_id, seconds=_asked_pause(error) or 0)
        _write_down(partial(_record_failure, response, error))
        return not is_sending_paused()
    pacer.touch(chat_id)
    _write_down(partial(_record_sent, response, sent))
    note_success()
    return True


def settle_interrupted() -> int:
    """Sends whose process died: nobody knows their outcome, so people decide. Returns how many."""
    limit = timedelta(seconds=settings.SEND_INTERRUPTED_AFTER_SECONDS)
    # One that lies far ahead was claimed before the clock was put back. Should it still be at work, its
    # outcome is written down all the same: it is named by its attempt.
    is_old = Q(claimed_at__lte=Now() - limit) | Q(claimed_at__gt=Now() + limit)
    interrupted = PendingResponse.objects.filter(is_old, status="sending")
    return sum(
        move(
            response,
            Kind.UNKNOWN,
            actor=HUB,
            where={"attempt_id": response.attempt_id},
            detail=gettext_noop("interrupted while sending"),
            changes={"last_error": _INTERRUPTED},
        )
        for response in interrupted
    )


def _is_still_ours(response: PendingResponse) -> bool:
    """Whether a send that begins now ends before the sweep; told by the clock that the sweep goes by."""
    limit = timedelta(seconds=settings.SEND_INTERRUPTED_AFTER_SECONDS - settings.SEND_DEADLINE_SECONDS)
    claims = PendingResponse.objects.filter(status="sending", claimed_at__gt=Now() - limit)
    return claims.filter(pk=response.pk, attempt_id=response.attempt_id).exists()


def _give_back(response: PendingResponse) -> None:
    move(
        response,
        Kind.DEFERRED,
        actor=HUB,
        where={"attempt_id": response.attempt_id},
        detail=gettext_noop("not sent: the process slept after its claim"),
        changes={"retry_at": None},
    )


def _claim(response_id: int | None) -> PendingResponse | None:
    """Take one due reply for this attempt; committed before anything is sent."""
    try:
        with transaction.atomic():
            if response_id is None:
                candidates = PendingResponse.objects.heads()
            else:
                candidates = PendingResponse.objects.due().filter(pk=response_id)
            candidates = candidates.select_related("chat").select_for_update(skip_locked=True, of=("self",))
            response = candidates.first()
            if response is None or _is_put_off(response):
                return None
            claimed = move(
                response,
                Kind.CLAIMED,
                actor=HUB,
                text_after=response.response_text,
                changes={
                    "attempt_id": uuid.uuid4(),
                    "attempts": F("attempts") + 1,
                    "claimed_at": Now(),
                    "retry_at": None,
                },
            )
    except IntegrityError:
        # Another reply to this chat was claimed at the same moment (pending_responses_one_at_a_time).
        return None
    return response if claimed else None


def _is_put_off(response: PendingResponse) -> bool:
    """What was scheduled and is late (a worker was down) does not ring at night, if the rules say so."""
    if response.scheduled_at is None:
        return False
    opening = in_working_hours(response.scheduled_at, chat=response.chat, rules=SandboxSettings.get_solo())
    if opening <= timezone.now():
        return False
    return move(
        response,
        Kind.SCHEDULED,
        actor=HUB,
        changes={"scheduled_at": opening},
        detail=gettext_noop("to the chat's working hours"),
    )


def _write_down(record: Callable[[], None]) -> None:
    """Keep what Telegram said, which nobody else knows, also where the database's connection has ended."""
    for pause in OUTCOME_PAUSES:
        try:
            return record()
        except (OperationalError, InterfaceError) as error:
            logger.warning("outcome not written yet error=%s", type(error).__name__)
            connection.close()
            time.sleep(pause)
    return record()


def _record_sent(response: PendingResponse, sent: SentMessage) -> None:
    """The outcome and the message in the history, together; also where a sweep was quicker."""
    with transaction.atomic():
        moved = move(
            response,
            Kind.SENT,
            actor=HUB,
            where={"attempt_id": response.attempt_id},
            text_after=response.response_text,
            changes={
                "telegram_message_id": sent.telegram_message_id,
                "sent_at": sent.sent_at,
                "last_error": "",
            },
        )
        if moved:
            record_sent(
                chat_id=sent.chat_id,
                telegram_message_id=sent.telegram_message_id,
                text=response.response_text,
                sent_at=sent.sent_at,
                sender=IncomingPerson(
                    id=sent.sender_id,
                    username=sent.sender_username,
                    first_name=sent.sender_name,
                    is_bot=True,
                ),
                # As it was sent: in a chat that moved, message ids begin anew.
                reply_to_message_id=response.reply_to_message_id
                if sent.chat_id == response.chat_id
                else None,
            )
    if not moved:
        logger.error("sent reply was moved meanwhile response=%s", response.pk)


def _record_failure(response: PendingResponse, error: TransportError) -> None:
    kind, changes = _consequence(response, error)
    with transaction.atomic():
        if error.migrated_to is not None and error.migrated_to != response.current_chat_id:
            follow_migration(old_id=response.chat_id, new_id=error.migrated_to)
        if error.chat_unreachable:
            mark_unreachable(chat_id=response.current_chat_id, reason=str(error))
        move(
            response,
            kind,
            actor=HUB,
            where={"attempt_id": response.attempt_id},
            detail=str(error),
            changes={"last_error": str(error), **changes},
        )
    if error.stop_all:
        note_refused_token()
    elif (seconds := _asked_pause(error)) is not None:
        note_rate_limit(seconds=seconds)
    logger.warning("send %s response=%s error=%s", kind, response.pk, error)


def _consequence(
    response: PendingResponse, error: TransportError
) -> tuple[ResponseEvent.Kind, dict[str, object]]:
    if error.outcome is Outcome.UNKNOWN:
        return Kind.UNKNOWN, {}
    if error.outcome is Outcome.REFUSED:
        return Kind.FAILED, {}
    # A refused token holds everything back (sandbox/sending.py), so the reply needs no pause of its own.
    if error.stop_all or (error.migrated_to is not None and response.attempts == 1):
        return Kind.DEFERRED, {"retry_at": None}
    pause = min(FIRST_PAUSE * 2 ** min(response.attempts, 10), LONGEST_PAUSE)
    if (seconds := _asked_pause(error)) is not None:
        pause = timedelta(seconds=seconds)
    return Kind.DEFERRED, {"retry_at": Now() + pause}


def _asked_pause(error: TransportError) -> float | None:
    """The pause that Telegram asks for, in seconds, as far as it is believed."""
    return None if error.retry_after is None else min(error.retry_after, ONE_DAY.total_seconds())
