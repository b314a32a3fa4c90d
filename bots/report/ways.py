"""The two ways in which a report reaches people: a mail, or a message in a chat of our own."""

import smtplib
import threading
import time
from queue import Empty, SimpleQueue

from django.conf import settings
from django.core.mail import EmailMessage

from bots.card_desk import review_chat_id
from bots.methods import SendMessage
from bots.report.brief import Brief
from bots.review_chat import NO_PREVIEW
from bots.transport import call_once
from clients.models import TelegramUser
from cvgorod_hub.common.external import ExternalServiceError
from cvgorod_hub.common.redaction import redact
from messaging.chats import follow_migration
from messaging.models import Chat, Message
from sandbox.pacing import pacer
from sandbox.sending import is_sending_paused, note_refused_token
from sandbox.texts import MAX_TEXT_LENGTH
from sandbox.transport import TransportError

# Seconds: a whole talk with the mail server; how long a chat's turn is waited for.
MAIL_SECONDS = 60
PATIENCE_SECONDS = 20
LONGEST_ERROR = 300
# Asking again as it is set up is no use.
_REFUSALS = (
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPNotSupportedError,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPSenderRefused,
)


def send_mail(brief: Brief) -> None:
    """Raises ExternalServiceError, permanent where the server refuses us or the addresses."""
    message = EmailMessage(subject=brief.title, body=brief.text, to=settings.HUB_REPORT_EMAIL)
    try:
        _send_within(message, MAIL_SECONDS)
    except _REFUSALS as error:
        raise ExternalServiceError(_describe(error), permanent=True) from None
    except (smtplib.SMTPException, OSError) as error:
        raise ExternalServiceError(_describe(error)) from None


def send_to_chat(brief: Brief) -> None:
    """At the pace of all that is sent. Raises ExternalServiceError (TransportError is one)."""
    chat_id = _own_chat(settings.HUB_REPORT_CHAT_ID)
    if is_sending_paused():
        raise ExternalServiceError("Telegram asks for a pause of all sending")
    _wait_for_turn(chat_id)
    text = f"{brief.title}\n\n{brief.text}"[:MAX_TEXT_LENGTH]
    message = SendMessage(chat_id=chat_id, text=text, link_preview_options=NO_PREVIEW)
    try:
        with pacer.beat():
            call_once(message, seconds=settings.SEND_DEADLINE_SECONDS)
    except TransportError as error:
        if error.stop_all:
            note_refused_token()
        if error.migrated_to is not None:
            follow_migration(old_id=chat_id, new_id=error.migrated_to)
        pacer.touch(chat_id, seconds=min(error.retry_after or 0, 3600))
        raise
    pacer.touch(chat_id)


def _own_chat(set_chat_id: int | None) -> int:
    """The chat of the setting, or the supergroup that it became; never one in which clients are.

    Raises ExternalServiceError: what the hub has to tell is not for clients.
    """
    if set_chat_id is None or not settings.TELEGRAM_BOT_TOKEN:
        raise ExternalServiceError("TELEGRAM_BOT_TOKEN is not set", permanent=True)
    chat_id = review_chat_id(set_chat_id)
    review = settings.TELEGRAM_REVIEW_CHAT_ID
    if review is not None and chat_id == review_chat_id(review):
        return chat_id
    if not Chat.objects.filter(pk=chat_id).exists():
        raise ExternalServiceError(
            f"the hub does not know chat {chat_id}: write something to its bot there", permanent=True
        )
    if _has_clients(chat_id):
        raise ExternalServiceError(
            f"clients write in chat {chat_id}: choose a chat of your own people, and give them their roles",
            permanent=True,
        )
    return chat_id


def _has_clients(chat_id: int) -> bool:
    """Whether somebody who is neither of the staff nor a bot is the chat, or wrote there."""
    outsiders = TelegramUser.objects.filter(role__is_staff=False, role__is_bot=False)
    return (
        outsiders.filter(pk=chat_id).exists()
        or Message.objects.filter(chat=chat_id, user__in=outsiders).exists()
    )


def _wait_for_turn(chat_id: int) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while (slot := pacer.reserve([chat_id])).place is None:
        if time.monotonic() + slot.wait_seconds > end:
            raise ExternalServiceError("the chat's turn did not come in time")
        time.sleep(slot.wait_seconds)


def _send_within(message: EmailMessage, seconds: float) -> None:
    """In a thread of its own: smtplib bounds each step, not their sum. Raises what sending raises."""
    ended: SimpleQueue[Exception | None] = SimpleQueue()

    def send() -> None:
        try:
            message.send()
        except Exception as error:
            ended.put(error)
        else:
            ended.put(None)

    threading.Thread(target=send, name="report-mail", daemon=True).start()
    try:
        error = ended.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"the mail server took longer than {seconds:.0f} s") from None
    if error is not None:
        raise error


def _describe(error: Exception) -> str:
    """One line without secrets; a mail server says much."""
    return redact(f"{type(error).__name__}: {' '.join(str(error).split())}")[:LONGEST_ERROR]
