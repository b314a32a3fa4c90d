"""What of an arriving message is stored whose author was erased since: its place, and none of its words."""

from collections.abc import Mapping
from dataclasses import replace

from django.utils import timezone

from clients.models import TelegramUser
from clients.people import is_erased
from messaging.incoming import IncomingMessage
from messaging.models import Message


def without_erased(incoming: IncomingMessage, people: Mapping[int, TelegramUser]) -> IncomingMessage:
    """The message, or only its place where its author's words of that time were erased.

    By the time at which it was sent: an edit brings an old message back no more than a replay does.
    """
    author = people.get(incoming.sender.id) if incoming.sender else None
    if author is None or not is_erased(author, incoming.timestamp):
        return incoming
    return replace(
        incoming,
        text="",
        media={},
        forwarded_from="",
        media_group_id="",
        message_type=Message.Type.UNKNOWN,
        erased_at=timezone.now(),
    )
