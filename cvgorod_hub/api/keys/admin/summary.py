"""What the page of a key says about it, besides its form."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.utils import timezone

from cvgorod_hub.api.chats import directory
from cvgorod_hub.api.models import ApiKey, ApiKeyUsage, Scope

SHOWN_DAYS = 30
# More names than these nobody reads; the form below has them all.
MOST_CHATS_NAMED = 12


@dataclass
class CallSum:
    """One call over the days shown."""

    method: str
    route: str
    last_at: datetime
    succeeded: int = 0
    refused: int = 0
    mistaken: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        return self.succeeded + self.refused + self.mistaken + self.failed


@dataclass
class Day:
    """One bar of the chart. Shares are percents of the busiest day."""

    day: date
    total: int = 0
    unwanted: int = 0
    height: int = 0
    unwanted_height: int = 0


@dataclass
class Use:
    days: list[Day]
    calls: list[CallSum] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(call.total for call in self.calls)


def usage_of(key: ApiKey) -> Use:
    """The last thirty days: by day, and by call with the most frequent first."""
    today = timezone.localdate()
    days = {day: Day(day) for day in (today - timedelta(days=n) for n in range(SHOWN_DAYS - 1, -1, -1))}
    calls: dict[tuple[str, str], CallSum] = {}
    for row in ApiKeyUsage.objects.filter(key=key, day__gte=min(days)):
        call = calls.setdefault((row.method, row.route), CallSum(row.method, row.route, row.last_at))
        _add(call, row)
        day = days.setdefault(row.day, Day(row.day))
        day.total += row.succeeded + row.refused + row.mistaken + row.failed
        day.unwanted += row.refused + row.mistaken + row.failed
    _draw(days.values())
    return Use(list(days.values()), sorted(calls.values(), key=lambda call: (-call.total, call.route)))


def _add(call: CallSum, row: ApiKeyUsage) -> None:
    call.succeeded += row.succeeded
    call.refused += row.refused
    call.mistaken += row.mistaken
    call.failed += row.failed
    call.last_at = max(call.last_at, row.last_at)


def _draw(days: Iterable[Day]) -> None:
    """Heights in percent; a day with one call is not drawn as one without."""
    most = max((day.total for day in days), default=0)
    for day in days:
        if day.total:
            day.height = max(day.total * 100 // most, 4)
            day.unwanted_height = -(-day.unwanted * 100 // day.total)


@dataclass(frozen=True)
class SeenChats:
    """The chats of a key that sees some only; a conversation that moved is named once."""

    names: list[str]
    more: int


def chats_of(key: ApiKey) -> SeenChats | None:
    """None: all."""
    if not key.chat_ids:
        return None
    names = directory().names(key.chat_ids)
    by_name: defaultdict[str, list[int]] = defaultdict(list)
    for chat_id in key.chat_ids:
        by_name[names.get(chat_id, str(chat_id))].append(chat_id)
    listed = sorted(by_name, key=str.casefold)
    return SeenChats(listed[:MOST_CHATS_NAMED], max(len(listed) - MOST_CHATS_NAMED, 0))


def scopes_of(key: ApiKey) -> list[str]:
    """In words, in the order in which the form has them."""
    return [str(scope.label) for scope in Scope if scope.value in key.scopes]
