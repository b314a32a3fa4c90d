"""The numbers beside the sidebar's links."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import QuerySet

# Counting stops here: more is simply many.
MOST_IN_BADGE = 99


# Settings import this module before there are models, so these are imported when somebody asks.
def _drafts() -> "QuerySet[Any]":
    from sandbox.models import PendingResponse

    return PendingResponse.objects.queue()


def _waiting() -> "QuerySet[Any]":
    from messaging.models import Chat

    return Chat.objects.filter(waiting_since__isnull=False)


def _unread_updates() -> "QuerySet[Any]":
    from bots.failures import failed_updates

    return failed_updates()


def _troubled_webhooks() -> "QuerySet[Any]":
    from cvgorod_hub.api.models import WebhookEndpoint

    return WebhookEndpoint.objects.troubled()


# What a badge counts, by its link's name in the admin.
COUNTED: "dict[str, Callable[[], QuerySet[Any]]]" = {
    "sandbox_pendingresponse_changelist": _drafts,
    "desk_waiting": _waiting,
    "bots_rawupdate_changelist": _unread_updates,
    "api_webhookendpoint_changelist": _troubled_webhooks,
}


def badge_counts() -> "dict[str, QuerySet[Any]]":
    """What `badges_of` needs counted, by its link's name."""
    return {name: rows()[: MOST_IN_BADGE + 1] for name, rows in COUNTED.items()}


def badges_of(counts: Mapping[str, int], shown: set[str]) -> dict[str, str]:
    """The badge of each of these links that has something to count; nothing, and so no badge, at zero."""
    return {name: _in_words(counts[name]) for name in COUNTED if name in shown and counts[name]}


def _in_words(count: int) -> str:
    return f"{MOST_IN_BADGE}+" if count > MOST_IN_BADGE else str(count)
