"""Telegram delivers here (setWebhook): a raw update is committed before the 200 that confirms it.

No session and nothing kept in the process, so any number of web processes may serve it. This module, and
what it imports, stays without aiogram: the web needs none of it, and its import takes seconds.
"""

import json
import logging
import secrets
from http import HTTPStatus

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from bots.models import TelegramBot
from bots.raw_updates import store_updates
from bots.tasks import parse_pending_updates
from bots.updates import parse_all_waiting_updates
from cvgorod_hub.common.database import is_passing
from cvgorod_hub.common.nudge import nudge

logger = logging.getLogger(__name__)

# Bytes. Telegram keeps a whole answer of getUpdates (up to 100 updates) below 4 MiB, so no update is larger.
LARGEST_BODY = 4 * 1024 * 1024
# Seconds. Telegram doubles its pause with every failure unless it is told one.
RETRY_AFTER_SECONDS = 5


@csrf_exempt
@require_POST
def receive(request: HttpRequest, bot_id: int | str) -> HttpResponse:
    """Store one update, then answer 200; whatever cannot be read is kept as well.

    404: no webhook here (no secret is set), or no such bot. 403: the secret is missing or wrong. 411, 413:
    the body's length. 400: it ended too soon. 503: the database is away. Telegram tries again after each.
    """
    bot_id = int(bot_id)
    refusal = _refusal(request)
    if refusal is not None:
        return HttpResponse(status=refusal)
    length = int(request.META["CONTENT_LENGTH"])
    body = _read(request, length)
    if len(body) < length:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    try:
        if not TelegramBot.objects.filter(pk=bot_id).exists():
            return HttpResponse(status=HTTPStatus.NOT_FOUND)
        store_updates(bot_id=bot_id, raw=[_decode(body)], moves_offset=False)
    except (DatabaseError, InterfaceError) as error:
        if isinstance(error, DatabaseError) and not is_passing(error):
            raise
        logger.warning("webhook cannot store bot=%s error=%s", bot_id, type(error).__name__)
        return HttpResponse(
            status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}
        )
    _see_to_reading(bot_id)
    return HttpResponse(status=HTTPStatus.OK)


def _refusal(request: HttpRequest) -> HTTPStatus | None:
    """Why this is not read at all; decided from the headers alone."""
    if not settings.TELEGRAM_WEBHOOK_SECRET:
        return HTTPStatus.NOT_FOUND
    said = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
    # As bytes: compare_digest refuses texts that are not ASCII.
    expected = settings.TELEGRAM_WEBHOOK_SECRET.encode()
    if not secrets.compare_digest(said.encode("utf-8", "surrogatepass"), expected):
        return HTTPStatus.FORBIDDEN
    length = request.META.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdigit()):
        return HTTPStatus.LENGTH_REQUIRED
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if int(length) > LARGEST_BODY else None


def _read(request: HttpRequest, length: int) -> bytes:
    """So many bytes; fewer where the connection ended before them."""
    try:
        return request.read(length)
    except OSError:
        return b""


def _decode(body: bytes) -> object:
    """The update; what is no JSON becomes a text, which is kept and marked as unreadable.

    Refused, it would be delivered again for 24 hours.
    """
    text = body.decode("utf-8", "surrogateescape")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _see_to_reading(bot_id: int) -> None:
    """A worker reads what is stored; while Redis is away no nudge and no sweep reaches one: then we read."""
    if nudge(parse_pending_updates):
        return
    try:
        parse_all_waiting_updates(bot_id=bot_id)
    except Exception:
        # The update is stored and its delivery must be confirmed; the sweep reads it.
        logger.exception("webhook cannot read what it stored bot=%s", bot_id)
