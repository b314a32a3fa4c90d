"""The review chat at Telegram: send a card, change one, answer a press. One call each, no database."""

import logging

from django.conf import settings

from bots.cards import Drawing
from bots.methods import AnswerCallbackQuery, EditMessageText, SendMessage
from bots.transport import call_once
from sandbox.transport import Outcome, TransportError

logger = logging.getLogger(__name__)

# Seconds. Whoever pressed a button looks at a turning wheel; Telegram forgets the press soon.
ANSWER_DEADLINE_SECONDS = 10
NO_PREVIEW = {"is_disabled": True}
# Descriptions are all that tells these refusals apart (Bot API server, editMessageText).
_SHOWS_IT_ALREADY = "message is not modified"
_IS_GONE = ("message to edit not found", "MESSAGE_ID_INVALID")


class CardGoneError(Exception):
    """The card was deleted in the chat."""


def send_card(*, chat_id: int, drawing: Drawing) -> int:
    """The new message's id; raises TransportError."""
    answer = call_once(
        SendMessage(
            chat_id=chat_id,
            text=drawing.text,
            link_preview_options=NO_PREVIEW,
            reply_markup=_markup(drawing),
        ),
        seconds=settings.SEND_DEADLINE_SECONDS,
    )
    message_id = answer.get("message_id") if isinstance(answer, dict) else None
    if not isinstance(message_id, int):
        raise TransportError("the answer to a card names no message", outcome=Outcome.UNKNOWN)
    return message_id


def change_card(*, chat_id: int, message_id: int, drawing: Drawing) -> None:
    """Make a card show this; one that shows it already is fine. Raises TransportError, CardGoneError."""
    method = EditMessageText(
        chat_id=chat_id,
        message_id=message_id,
        text=drawing.text,
        link_preview_options=NO_PREVIEW,
        reply_markup=_markup(drawing),
    )
    try:
        call_once(method, seconds=settings.SEND_DEADLINE_SECONDS)
    except TransportError as error:
        if error.outcome is not Outcome.REFUSED:
            raise
        if any(words in str(error) for words in _IS_GONE):
            raise CardGoneError from None
        if _SHOWS_IT_ALREADY not in str(error):
            raise


def answer_press(*, query_id: str, text: str, is_alert: bool) -> None:
    """Tell whoever pressed; a press that Telegram has forgotten is no error. Raises TransportError."""
    method = AnswerCallbackQuery(callback_query_id=query_id, text=text or None, show_alert=is_alert)
    try:
        call_once(method, seconds=ANSWER_DEADLINE_SECONDS)
    except TransportError as error:
        if error.outcome is not Outcome.REFUSED:
            raise
        logger.info("press answered too late error=%s", error)


def _markup(drawing: Drawing) -> dict[str, object] | None:
    return {"inline_keyboard": drawing.keyboard} if drawing.keyboard else None
