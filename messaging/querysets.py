"""Reading chats and messages."""

from typing import TYPE_CHECKING, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import BigIntegerField, BooleanField, Expression, F, FloatField, Func, Q, Value
from django.db.models.functions import Cast, Coalesce

from cvgorod_hub.common.statements import IsOneOf
from messaging.search import CompiledQuery, compile_query
from messaging.search.plans import plan

if TYPE_CHECKING:
    from messaging.models import Chat, Message  # noqa: F401  (named in strings below; models import this)


# Ranking looks at every hit; of a word that half of all messages have, only at these.
RANKED_AT_MOST = 1000


class OldestRunningTransaction(Func):
    """Every transaction before this one has ended; whatever it stored can be seen now."""

    template = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    output_field = models.BigIntegerField()


class Matches(Func):
    """A vector has what a tsquery asks for. Django's own lookup takes queries of its own making only."""

    arg_joiner = " @@ "
    template = "(%(expressions)s)"
    output_field = BooleanField()


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
        """Messages that say what a person typed (messaging/search); nothing where no word was typed."""
        return self.found_by(compile_query(text))

    def found_by(self, query: CompiledQuery) -> Self:
        """Messages that a compiled search finds."""
        if not query:
            return self.none()
        found = self.matching(query.expression())
        return found if plan(query) else found.by_index()

    def matching(self, query: Expression) -> Self:
        """Messages that a tsquery finds, in whatever way PostgreSQL chooses."""
        return self.filter(Matches(F("search_vector"), query))

    def by_index(self) -> Self:
        """The same, taken from the index of words first, however many PostgreSQL thinks they are.

        It takes either condition for one that a row in two hundred meets, and reading on until a page is full
        for hopeless.
        """
        return self.filter(id=F("id") + 0).filter(id=0 + F("id"))

    def ranked(self, query: Expression) -> Self:
        """Annotate the newest RANKED_AT_MOST of these, which the tsquery found, with `search_rank`.

        A whole number, never null: how often and how densely a message says what was asked, in millionths.
        """
        newest = self.order_by("-timestamp", "-id")[:RANKED_AT_MOST]
        rank = Func(F("search_vector"), query, 1, function="ts_rank", output_field=FloatField())
        among_newest: Self = self.filter(IsOneOf(F("pk"), ArraySubquery(newest.values("pk"))))
        return among_newest.annotate(search_rank=Cast(rank * 1_000_000, BigIntegerField()))

    def news(self) -> Self:
        """Without imported history: it came now, but was said long ago, and nobody is to react to it."""
        return self.exclude(source="import")

    def settled(self) -> Self:
        """Leave out changes that a transaction still running could yet precede (see `changed_xid`)."""
        return self.filter(changed_xid__lt=OldestRunningTransaction())
