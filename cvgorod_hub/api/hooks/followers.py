"""Endpoints that follow a feed; the place of each moves on in the transaction that writes its delivery."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from cvgorod_hub.api.hooks.events import Event
from cvgorod_hub.api.hooks.models import WebhookEndpoint
from cvgorod_hub.api.hooks.outbox import enqueue

# Seconds for which a process believes that nobody follows.
MEMORY_SECONDS = 5.0
# (who followed, until when that is believed on the monotonic clock)
_memory: list[tuple[bool, float]] = [(False, 0.0)]

Place = tuple[int, int]


@dataclass(frozen=True)
class News:
    """What a feed has after a place. `place`: where to go on; `data`: None where nothing is to be told."""

    data: Mapping[str, Any] | None
    place: Place
    has_more: bool


# (place, chats; None: all of them) -> what comes after; place None: only where the feed ends.
Reader = Callable[[Place | None, Collection[int] | None], News]


def tell_followers(read: Reader, *, until: float) -> int:
    """Write down for each follower what is new to it; returns how many deliveries.

    Ends when all have what there is, or at that moment (time.monotonic()). An endpoint begins where the feed
    ends when it is first looked at: what was said before it is no news.
    """
    written = 0
    for endpoint_id in WebhookEndpoint.objects.following().values_list("pk", flat=True):
        has_more = True
        while has_more and time.monotonic() < until:
            wrote, has_more = _tell(endpoint_id, read)
            written += wrote
    return written


def anyone_follows() -> bool:
    """Whether it is worth telling a worker that messages came; true to `MEMORY_SECONDS`, and then cheap."""
    follows, believed_until = _memory[0]
    if time.monotonic() >= believed_until:
        follows = WebhookEndpoint.objects.following().exists()
        _memory[0] = (follows, time.monotonic() + MEMORY_SECONDS)
    return follows


def heard_chats(endpoint: WebhookEndpoint) -> frozenset[int] | None:
    """The chats that the endpoint may hear of: its own list within its key's; None: all."""
    own = frozenset(endpoint.chat_ids) or None
    keys = endpoint.key.visible_chat_ids() if endpoint.key is not None else None
    return own if keys is None else keys if own is None else own & keys


def _tell(endpoint_id: int, read: Reader) -> tuple[int, bool]:
    with transaction.atomic():
        following = WebhookEndpoint.objects.following().filter(pk=endpoint_id)
        endpoint = following.select_for_update(skip_locked=True, of=("self",)).first()
        if endpoint is None:
            return 0, False
        place = (endpoint.feed_xid, endpoint.feed_id)
        news = read(None if place == (0, 0) else place, heard_chats(endpoint))
        if news.place != place:
            WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
                feed_xid=news.place[0], feed_id=news.place[1]
            )
        wrote = 0 if news.data is None else enqueue([endpoint], Event.MESSAGE_NEW, news.data)
    return wrote, news.has_more
