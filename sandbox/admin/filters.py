"""What the queue can be narrowed to. Each filter is one select of the bar above the cards."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.contrib.admin.views.main import ChangeList
from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet, Value
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from cvgorod_hub.api.models import ApiKey
from messaging.filters import analysis_choices
from messaging.models import Chat
from sandbox.models import PendingResponse
from sandbox.outcomes import CONDITIONS, Outcome

Status = PendingResponse.Status
Replies = QuerySet[PendingResponse]
_OFFERED = "_hub_queue_offered"


class SelectFilter(admin.SimpleListFilter):
    """A filter that yields plain options; one that is chosen stays offered though nothing matches it."""

    parameter_name: str
    show_facets = ShowFacets.NEVER
    is_select = True

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        chosen = self.value()
        for value, label in self.lookup_choices:
            yield {
                "value": value,
                "display": label,
                "selected": str(value) == chosen,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
            }

    def queryset(self, request: HttpRequest, queryset: Replies) -> Replies:
        chosen = self.value()
        return self.narrow(queryset, chosen) if chosen else queryset

    def narrow(self, queryset: Replies, chosen: str) -> Replies:
        raise NotImplementedError


class StateFilter(SelectFilter):
    """Which replies to show: what waits for a person, unless asked otherwise."""

    title = _("state")
    parameter_name = "state"
    is_select = False
    everything = "all"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
        return [*Status.choices, (self.everything, _("All"))]

    def value(self) -> str:
        chosen = super().value()
        return chosen if chosen in {*Status.values, self.everything} else Status.PENDING

    def narrow(self, queryset: Replies, chosen: str) -> Replies:
        return queryset if chosen == self.everything else queryset.filter(status=chosen)


def shows_waiting(request: HttpRequest) -> bool:
    """Whether the list is the queue itself, and not what became of earlier replies."""
    others = {*Status.values, StateFilter.everything} - {Status.PENDING}
    return request.GET.get(StateFilter.parameter_name) not in others


@dataclass(frozen=True)
class Offered:
    """What two of the selects offer: chats as (id, name), and who proposes."""

    chats: list[tuple[str, str]]
    agents: list[str]


def offered(request: HttpRequest) -> Offered:
    """Read in one statement, once for a page."""
    kept: Offered | None = getattr(request, _OFFERED, None)
    if kept is None:
        kept = _read_offered(request)
        setattr(request, _OFFERED, kept)
    return kept


def _read_offered(request: HttpRequest) -> Offered:
    replies = PendingResponse.objects.filter(chat=OuterRef("pk"))
    if shows_waiting(request):
        replies = replies.filter(status=Status.PENDING)
    chosen = _chat_id(request.GET.get(ChatFilter.parameter_name))
    chats = Chat.objects.filter(Exists(replies) | Q(pk=chosen))
    waiting = PendingResponse.objects.filter(status=Status.PENDING)
    number = Value(None, output_field=BigIntegerField())
    rows = (
        chats.order_by().values_list("pk", "name")
        .union(
            ApiKey.objects.order_by().values_list(number, "name"),
            waiting.order_by().values_list(number, "requested_by"),
        )
    )  # fmt: skip
    named = sorted(((name, pk) for pk, name in rows if pk is not None))
    return Offered(
        [(str(pk), name or str(pk)) for name, pk in named], [name for pk, name in rows if pk is None]
    )


class ChatFilter(SelectFilter):
    title = _("client")
    parameter_name = "chat"

    def lookups(self, request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        """The chats that wait; for the other states, those that ever had a reply."""
        return offered(request).chats

    def narrow(self, queryset: Replies, chosen: str) -> Replies:
        chat_id = _chat_id(chosen)
        return queryset.none() if chat_id is None else queryset.filter(chat=chat_id)


class AgentFilter(SelectFilter):
    title = _("agent")
    parameter_name = "agent"

    def lookups(self, request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        """The keys that there are, and who proposed what waits; nobody reads the whole table to know."""
        names = {*offered(request).agents, self.value() or ""} - {""}
        return [(name, name) for name in sorted(names)]

    def narrow(self, queryset: Replies, chosen: str) -> Replies:
        return queryset.filter(requested_by=chosen)


class IntentFilter(SelectFilter):
    title = _("intent")
    parameter_name = "intent"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
        return analysis_choices("intent")

    def narrow(self, queryset: Replies, chosen: str) -> Replies:
        return queryset.filter(Q(intent=chosen))  # annotated by `as_cards`, as is `waits_since`


class AgeFilter(SelectFilter):
    """By how long the client waits."""

    title = _("waiting")
    parameter_name = "age"
    ages = {
        "15m": (_("more than 15 minutes"), timedelta(minutes=15)),
        "1h": (_("more than an hour"), timedelta(hours=1)),
        "4h": (_("more than 4 hours"), timedelta(hours=4)),
        "1d": (_("more than a day"), timedelta(days=1)),
    }

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
        return [(name, label) for name, (label, _age) in self.ages.items()]

    def narrow(self, queryset: Replies, chosen: str) -> Replies:
        if chosen not in self.ages:
            return queryset
        _label, age = self.ages[chosen]
        return queryset.filter(Q(waits_since__lte=timezone.now() - age))


class OutcomeFilter(SelectFilter):
    """By what a person made of the draft."""

    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
        return Outcome.choices

    def narrow(self, queryset: Replies, chosen: str) -> Replies:
        return queryset.filter(CONDITIONS[chosen]) if chosen in CONDITIONS else queryset.none()


class ProposedFilter(SelectFilter):
    """The days on which drafts were proposed, `2026-11-17_2026-11-23`; reached by the home page's links."""

    title = _("proposed")
    parameter_name = "proposed"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:  # noqa: ANN401
        chosen, days = self.value(), _two_days(self.value())
        if not chosen or days is None:
            return []
        first, last = (date_format(day, "SHORT_DATE_FORMAT") for day in days)
        return [(chosen, first if first == last else f"{first} – {last}")]

    def narrow(self, queryset: Replies, chosen: str) -> Replies:
        days = _two_days(chosen)
        if days is None:
            return queryset.none()
        since, until = (timezone.make_aware(datetime.combine(day, time.min)) for day in days)
        return queryset.filter(created_at__gte=since, created_at__lt=until + timedelta(days=1))


class BatchFilter(SelectFilter):
    """One batch; reached by a card's link, so nothing else is offered."""

    title = _("batch")
    parameter_name = "batch_id"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
        chosen = self.value()
        return [(chosen, _("this batch"))] if chosen else []

    def narrow(self, queryset: Replies, chosen: str) -> Replies:
        try:
            return queryset.filter(batch_id=uuid.UUID(chosen))
        except ValueError:
            return queryset.none()


def _two_days(chosen: str | None) -> tuple[date, date] | None:
    """The first and the last of the days that `ProposedFilter` was given."""
    try:
        first, last = map(date.fromisoformat, (chosen or "").split("_"))
    except ValueError:
        return None
    return (first, last) if date.min < first <= last < date.max else None


def _chat_id(chosen: str | None) -> int | None:
    """Telegram's ids fit 64 bits; anything else names no chat."""
    try:
        number = int(chosen or "")
    except ValueError:
        return None
    return number if abs(number) < 2**63 else None
