"""The conversation around a message."""

from collections.abc import Callable
from functools import cache, lru_cache

from django.http import Http404

from cvgorod_hub.api.keysets import Cursor
from cvgorod_hub.api.pagination import MAX_STATEMENTS, Page
from cvgorod_hub.common.statements import Statement, compile_documents, number
from messaging.api.searching import BY_TIME
from messaging.models import Message
from messaging.serializers import MessageRow


def read_context(message_id: int, *, limit: int, sees_chat: Callable[[int], bool]) -> Page:
    """At most `limit` rows of the message's chat around it, oldest first, as evenly as there are.

    Raises Http404 where there is no such message.
    """
    rows = _itself().rows({"pk": message_id})
    if not rows or not sees_chat(rows[0][1]):
        raise Http404
    [[document, chat_id, key]] = rows
    place = {"chat": chat_id, **BY_TIME.values(Cursor.at(key).key)}
    earlier = [text for [text] in _neighbours(limit, forward=True).rows(place)]
    later = [text for [text] in _neighbours(limit, forward=False).rows(place)]
    wanted_after = max((limit - 1) // 2, limit - 1 - len(earlier))
    after = later[:wanted_after]
    before = earlier[: limit - 1 - len(after)]
    return Page(documents=[*reversed(before), document, *after])


@cache
def _itself() -> Statement:
    message = Message.objects.with_automatic().filter(pk=number("pk"))
    return compile_documents(
        message, columns=MessageRow.columns(), also=("chat_id",), key=tuple(BY_TIME.columns)
    )


@lru_cache(maxsize=MAX_STATEMENTS)
def _neighbours(limit: int, *, forward: bool) -> Statement:
    chat = Message.objects.with_automatic().filter(chat_id=number("chat"))
    rows = BY_TIME.order(BY_TIME.seek(chat, forward=forward), forward=forward)[:limit]
    return compile_documents(rows, columns=MessageRow.columns())
