"""Which endpoints hear of what, and which deliveries wait."""

from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

if TYPE_CHECKING:
    from cvgorod_hub.api.hooks.models import (  # noqa: F401  (named in strings; models import this)
        WebhookDelivery,
        WebhookEndpoint,
    )


# An endpoint that fails so often in a row is worth a person's look: it has been away for six minutes or more.
STRIKES_OF_TROUBLE = 4


class EndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    def in_use(self) -> Self:
        """Neither switched off nor of a key that was revoked or has expired."""
        usable = Q(key__revoked_at__isnull=True) & (
            Q(key__expires_at__isnull=True) | Q(key__expires_at__gt=Now())
        )
        return self.filter(Q(key__isnull=True) | usable, is_active=True)

    def troubled(self) -> Self:
        """Nothing arrives there: paused, or failing for a while."""
        return self.in_use().filter(Q(paused_at__isnull=False) | Q(strikes__gte=STRIKES_OF_TROUBLE))

    def hearing_of(self, event: str, *, chat_id: int, key_id: int | None) -> Self:
        """Who is to be told of this; paused ones, too: what they miss waits for them."""
        here = Q(chat_ids=[]) | Q(chat_ids__contains=[chat_id])
        theirs = Q(key__isnull=True) | Q(key=key_id)
        seen = Q(key__isnull=True) | Q(key__chat_ids=[]) | Q(key__chat_ids__contains=[chat_id])
        return self.in_use().filter(here, theirs, seen, events__contains=[event])

    def following(self) -> Self:
        """Who follows the feed of messages now; a paused one goes on where it stood."""
        may_read = Q(key__isnull=True) | Q(key__scopes__overlap=["read", "admin"])
        return self.in_use().filter(may_read, events__contains=["message.new"], paused_at__isnull=True)

    def open_to(self, lease: UUID | None) -> Self:
        """No pause is on, and nobody but the holder of this lease is sending there."""
        free = Q(leased_until__isnull=True) | Q(leased_until__lte=Now())
        return self.in_use().filter(
            free if lease is None else free | Q(leased_by=lease),
            Q(retry_at__isnull=True) | Q(retry_at__lte=Now()),
            paused_at__isnull=True,
        )


class DeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def due(self) -> Self:
        """What may be tried now; oldest first is the order in which things happened."""
        return self.filter(state="pending", next_attempt_at__lte=Now()).order_by("id")
