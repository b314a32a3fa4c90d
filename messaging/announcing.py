"""New and changed messages, told to the webhooks that follow the feed (`GET /messages?after=`)."""

import time
from collections.abc import Collection
from typing import Any

from celery import signature
from django.db import transaction

from clients.erasing import hold_erased
from cvgorod_hub.api.hooks.followers import News, Place, anyone_follows, tell_followers
from cvgorod_hub.api.keysets import Cursor
from cvgorod_hub.common.nudge import nudge
from messaging.api.feed import FEED, oldest_running
from messaging.models import Message
from messaging.serializers import MessageRow

# So many messages in one delivery at the most.
MOST_MESSAGES = 100
# By its name: the tasks' module imports this one.
ANNOUNCE = "messaging.tasks.announce_messages"


def announce_messages(*, seconds: float) -> int:
    """Write down for each webhook which messages are new to it; returns how many deliveries."""
    return tell_followers(read_news, until=time.monotonic() + seconds)


def announce_soon() -> None:
    """Have a worker look when this transaction is committed; the sweep would find it, too."""
    transaction.on_commit(_nudge, robust=True)


def read_news(place: Place | None, chat_ids: Collection[int] | None) -> News:
    """Up to `MOST_MESSAGES` changes after this place in the feed, as GET /messages has them.

    What an erasure takes away meanwhile is either not read, or written down before it looks for it. Where
    fewer are left, the place moves up to the oldest running transaction, so that what is filtered out
    (other chats, imported history) is not passed over again each time.
    """
    hold_erased()
    end = (oldest_running(), 0)
    # A place ahead of it is of another cluster, before a restore from a dump: numbers begin anew.
    if place is None or place >= end:
        return News(None, end, has_more=False)
    # Everything below `end` is committed and can be seen; what is stored from now on lies above it.
    changes = Message.objects.with_automatic().news().filter(changed_xid__lt=end[0])
    if chat_ids is not None:
        changes = changes.filter(chat__in=chat_ids)
    rows = MessageRow.select(FEED.order(FEED.seek(changes, place))[: MOST_MESSAGES + 1], "changed_xid")
    has_more = len(rows) > MOST_MESSAGES
    del rows[MOST_MESSAGES:]
    place = (rows[-1]["changed_xid"], rows[-1]["id"]) if has_more else end
    for row in rows:
        del row["changed_xid"]
    return News(_data(rows, place) if rows else None, place, has_more)


def _data(rows: list[dict[str, Any]], place: Place) -> dict[str, Any]:
    """`cursor` is for GET /messages?after=: an agent that lost track goes on from there."""
    return {"messages": rows, "cursor": Cursor(place).encode()}


def _nudge() -> None:
    if anyone_follows():
        nudge(signature(ANNOUNCE))
