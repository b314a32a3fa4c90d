"""Reading chats and messages."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import BooleanField, F, Func, Q, Value
from django.db.models.functions import Coalesce

from messaging.search import search_query

if TYPE_CHECKING:
    from messaging.models import Chat, Message  # noqa: F401  (named in strings below; models import this)


class OldestRunningTransaction(Func):
    """Every transaction before this one has ended; whatever it stored can be seen now."""

    template = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    output_field = models.BigIntegerField()


class ChatQuerySet(models.QuerySet["Chat"]):
    def with_activity(self) -> Self:
        """Annotate `active_at`: the last message, or when the chat was first seen; never null."""
        return self.annotate(active_at=Coalesce("last_message_at", "created_at"))

    def named_like(self, text: str) -> Self:
        """Chats with this in their name, folder or customer number."""
        return self.filter(
            Q(name__icontains=text) | Q(folder__icontains=text) | Q(customer_ref__icontains=text)
        )


class MessageQuerySet(models.QuerySet["Message"]):
    def with_automatic(self) -> Self:
        """Annotate `is_automatic`: a program of ours wrote it (its role says so)."""
        is_bot = Coalesce(F("user__role__is_bot"), Value(value=False), output_field=BooleanField())
        return self.annotate(is_automatic=is_bot)

    def answers(self) -> Self:
        """What answers a client: our staff's words, an anonymous administrator's, and our own sends."""
        spoken = self.exclude(message_type="service")
        staff = Q(user__role__is_staff=True) | Q(user__isnull=True, sender_chat_id=F("chat_id"))
        return spoken.filter(Q(source="sent") | (Q(source="telegram") & staff))

    def of_clients(self) -> Self:
        """What clients say to us: people who are neither our staff nor programs."""
        live = self.filter(source="telegram").exclude(message_type="service")
        return live.filter(user__role__is_staff=False, user__role__is_bot=False)

    def most_urgent_first(self) -> Self:
        """Urgent ones, then the others, then those without an analysis."""
        return self.order_by(F("analysis__is_urgent").desc(nulls_last=True))

    def search(self, text: str) -> Self:
        """Messages with these words in any Russian form; "phrases", `or` and -minus as on the web."""
        return self.filter(search_vector=search_query(text))

    def news(self) -> Self:
        """Without imported history: it came now, but was said long ago, and nobody is to react to it."""
        return self.exclude(source="import")

    def settled(self) -> Self:
        """Leave out changes that a transaction still running could yet precede (see `changed_xid`)."""
        return self.filter(changed_xid__lt=OldestRunningTransaction())
