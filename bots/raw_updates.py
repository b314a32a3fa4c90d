"""Updates as they came: kept before anything is made of them, together with the offset that confirms them."""

import json
from collections.abc import Sequence

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from bots.erasing import known_copies
from bots.forgetting import Erased, without_erased
from bots.models import RawUpdate, TelegramBot
from bots.parsing import update_kind
from bots.values import BIGINT, encode_deep
from clients.erasing import hold_erased
from cvgorod_hub.common.bulk import insert_rows

# What tells one update from another.
KEY = ("bot", "update_id")


def store_updates(*, bot_id: int, raw: Sequence[object], moves_offset: bool = True) -> int | None:
    """Keep a batch exactly as Telegram gave it and move the offset, in one transaction.

    The words of people who were erased are none that may be kept (bots/forgetting.py).

    `moves_offset` is False for a webhook's deliveries: they come in any order, and an offset beyond one that
    is still on its way would confirm it away as soon as somebody polls.

    Returns the next offset, or None when nothing in the batch has a usable id. An update that is already
    there is left alone, so a batch that comes twice is stored once.
    """
    rows = [_as_row(bot_id, update) for update in raw]
    ids = [row.update_id for row in rows if row.update_id is not None]
    next_offset = max(ids) + 1 if ids else None
    with transaction.atomic():
        erased = hold_erased()
        known = known_copies([row.payload for row in rows] if erased else ())
        for row in rows if erased else ():
            row.payload = without_erased(row.payload, erased, received_at=timezone.now(), hidden=known)
        _insert(rows, erased)
        if next_offset is not None:
            # Not the larger of old and new: after a quiet week Telegram may count from a lower number.
            moved = {"next_offset": next_offset} if moves_offset else {}
            TelegramBot.objects.filter(pk=bot_id).update(last_update_at=Now(), **moved)
    return next_offset


def _as_row(bot_id: int, update: object) -> RawUpdate:
    update_id = update.get("update_id") if isinstance(update, dict) else None
    if isinstance(update_id, bool) or not isinstance(update_id, int) or not 0 <= update_id < BIGINT - 1:
        update_id = None
    kind = update_kind(update)
    return RawUpdate(
        bot_id=bot_id,
        update_id=update_id,
        kind=kind,
        chat_id=_chat_id(update, kind),
        payload=encode_payload(update),
    )


def _chat_id(update: object, kind: str) -> int | None:
    """The chat that the update names, where it does; of a press the chat of its message."""
    content = update.get(kind) if isinstance(update, dict) else None
    if isinstance(content, dict) and isinstance(content.get("message"), dict):
        content = content["message"]
    chat = content.get("chat") if isinstance(content, dict) else None
    number = chat.get("id") if isinstance(chat, dict) else None
    is_id = isinstance(number, int) and not isinstance(number, bool) and -BIGINT <= number < BIGINT
    return number if is_id else None


def encode_payload(update: object) -> str:
    """The update as JSON; escaped throughout only where it holds what UTF-8 cannot say."""
    try:
        text = json.dumps(update, ensure_ascii=False, separators=(",", ":"))
        text.encode()
    except RecursionError:
        return encode_deep(update)
    except UnicodeEncodeError:
        return json.dumps(update, separators=(",", ":"))
    return text


def _insert(rows: Sequence[RawUpdate], erased: Erased) -> None:
    """Store what is new, by its number; without one, by its words.

    Telegram hands an update without a number over again and again. After a quiet week it counts from a lower
    number, so a number that is known with other words is no number either.
    """
    numbered = [row for row in rows if row.update_id is not None]
    unnumbered = [row for row in rows if row.update_id is None]
    if insert_rows(numbered, conflict=KEY) < len(numbered):
        unnumbered += _with_used_numbers(numbered, erased)
    if unnumbered:
        insert_rows(_with_new_words(unnumbered))


def _with_used_numbers(rows: Sequence[RawUpdate], erased: Erased) -> list[RawUpdate]:
    """Those whose number stands for other words, without it.

    The same are those whose words were erased from what is stored: they are taken out as of its own time, or
    its message is the same.
    """
    numbers = [row.update_id for row in rows]
    stored = {
        row.update_id: row for row in RawUpdate.objects.filter(bot_id=rows[0].bot_id, update_id__in=numbers)
    }
    others = [
        row
        for row in rows
        if (known := stored.get(row.update_id)) is not None
        and known.payload != row.payload
        and known.payload != without_erased(row.payload, erased, received_at=known.received_at)
        and not (erased and _message_of(row) is not None and _message_of(row) == _message_of(known))
    ]
    for row in others:
        row.note, row.update_id = f"the number {row.update_id} was used before", None
    return others


def _message_of(row: RawUpdate) -> tuple[str, int, object] | None:
    """Of which message the update tells, and in which way."""
    try:
        content = json.loads(row.payload).get(row.kind)
    except RecursionError:
        return None
    number = content.get("message_id") if isinstance(content, dict) else None
    return None if row.chat_id is None or number is None else (row.kind, row.chat_id, number)


def _with_new_words(rows: Sequence[RawUpdate]) -> list[RawUpdate]:
    fresh = {row.payload: row for row in rows}
    known = RawUpdate.objects.filter(bot_id=rows[0].bot_id, update_id__isnull=True, payload__in=fresh)
    for payload in known.values_list("payload", flat=True):
        fresh.pop(payload, None)
    return list(fresh.values())
