"""The whole report, read as of one moment."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Min
from django.utils import timezone, translation

from bots.models import RawUpdate, TelegramBot
from bots.problems import Problem, find_problems
from bots.report.checks import broken_counts
from bots.report.counts import Count, count_messages, count_replies, count_updates
from bots.report.gaps import Gap, find_gaps
from bots.report.period import Period, one_moment
from bots.retention import kept_since
from messaging.models import Chat, HistoryImport, Message
from sandbox.models import PendingResponse

State = RawUpdate.State
Status = PendingResponse.Status
NUMBERED_FOR_ALL = frozenset({Chat.Type.SUPERGROUP, Chat.Type.CHANNEL})


@dataclass(kw_only=True)
class Missing:
    """Numbers that no stored message has; `Gap` says what each count means."""

    own: int = 0
    unread: int = 0
    may_be_lost: int = 0
    not_visible: int = 0

    @property
    def total(self) -> int:
        return self.own + self.unread + self.may_be_lost + self.not_visible

    def add(self, gap: "Gap | Missing") -> None:
        self.own += gap.own
        self.unread += gap.unread
        self.may_be_lost += gap.may_be_lost
        self.not_visible += gap.not_visible


@dataclass(kw_only=True)
class Tally:
    """Counts by name; each holds every name that there is."""

    updates: dict[str, int] = field(default_factory=lambda: dict.fromkeys(State.values, 0))
    messages: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Message.Source.values, 0))
    replies: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Status.values, 0))
    missing: Missing = field(default_factory=Missing)

    @property
    def received(self) -> int:
        return sum(self.updates.values())

    def add(self, other: "Tally") -> None:
        for mine, theirs in (
            (self.updates, other.updates),
            (self.messages, other.messages),
            (self.replies, other.replies),
        ):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count
        self.missing.add(other.missing)


@dataclass(kw_only=True)
class Report:
    """`days` by (day, chat or None), newest day first. `needs`: what a person has to look at, in words."""

    period: Period
    days: dict[tuple[date, int | None], Tally]
    chats: dict[int, Chat]
    gaps: list[Gap]
    imports: list[HistoryImport]
    """Begun in the period; what they brought stands on the days on which it was written."""
    bots: list[TelegramBot]
    problems: list[Problem]
    broken: list[str]
    needs: list[str]
    kept_since: datetime | None
    """Updates that were received before it and read may be deleted; None: none is."""

    @property
    def total(self) -> Tally:
        total = Tally()
        for tally in self.days.values():
            total.add(tally)
        return total

    @property
    def unjudged(self) -> list[Chat]:
        """Chats of the period in which a missing number says nothing."""
        seen = {chat_id for (_day, chat_id), tally in self.days.items() if any(tally.messages.values())}
        return [
            chat
            for chat_id, chat in self.chats.items()
            if chat_id in seen and chat.chat_type not in NUMBERED_FOR_ALL
        ]


def build_report(period: Period) -> Report:
    """Everything that the period's updates, messages and replies say."""
    with one_moment():
        updates, bots_of_chat = count_updates(period)
        days: dict[tuple[date, int | None], Tally] = {}
        _share_out(days, "updates", updates)
        _share_out(days, "messages", count_messages(period))
        _share_out(days, "replies", count_replies(period, Status.values))
        gaps = find_gaps(period, bots_of_chat)
        for gap in gaps:
            _tally(days, timezone.localdate(gap.at), gap.chat_id).missing.add(gap)
        known_states = sum(count for _day, _chat, state, count in updates if state in State.values)
        broken = broken_counts(period, counted=known_states, kept_since=_oldest_kept())
        with translation.override("en"):
            problems = find_problems()
        report = Report(
            period=period,
            days=dict(sorted(days.items(), key=lambda item: (-item[0][0].toordinal(), item[0][1] or 0))),
            chats=Chat.objects.in_bulk({chat_id for _day, chat_id in days if chat_id is not None}),
            gaps=gaps,
            imports=_imports(period),
            bots=list(TelegramBot.objects.all()),
            problems=problems,
            broken=broken,
            needs=[],
            kept_since=kept_since(),
        )
        report.needs += [*broken, *_needs(report)]
    return report


def _share_out(days: dict[tuple[date, int | None], Tally], what: str, counts: Iterable[Count]) -> None:
    for day, chat_id, name, count in counts:
        named: dict[str, int] = getattr(_tally(days, day, chat_id), what)
        named[name] = named.get(name, 0) + count


def _tally(days: dict[tuple[date, int | None], Tally], day: date, chat_id: int | None) -> Tally:
    return days.setdefault((day, chat_id), Tally())


def _imports(period: Period) -> list[HistoryImport]:
    imports = HistoryImport.objects.filter(started_at__range=(period.since, period.until))
    if period.chat_id is not None:
        imports = imports.filter(chat_id=period.chat_id)
    return list(imports.select_related("chat").order_by("pk"))


def _oldest_kept() -> datetime | None:
    """Since when all that were read should be there.

    Not `kept_since()` alone: whoever keeps them for longer today did not yesterday. Nor the oldest alone: one
    that could not be read for months may have been read just now.
    """
    kept = RawUpdate.objects.filter(parse_state__in=[State.PARSED, State.IGNORED])
    oldest: datetime | None = kept.aggregate(oldest=Min("received_at"))["oldest"]
    return max(filter(None, [oldest, kept_since()])) if oldest else None


def _sentence(problem: Problem) -> str:
    since = f" (since {timezone.localtime(problem.since):%Y-%m-%d %H:%M})" if problem.since else ""
    return f"{problem.title}{since}. {problem.advice}"


def _needs(report: Report) -> list[str]:
    """What a person has to look at now, whenever it began; gaps are the period's."""
    needs = [_sentence(problem) for problem in report.problems]
    if lost := report.total.missing.may_be_lost:
        needs.append(
            f"{lost} messages may be lost: nobody collected their chats then. "
            "Import the export of these chats: manage.py import_telegram_export PATH."
        )
    waiting = PendingResponse.objects.filter(status__in=[Status.UNKNOWN, Status.FAILED])
    if period_chat := report.period.chat_id:
        waiting = waiting.filter(chat_id=period_chat)
    states = list(waiting.values_list("status", flat=True))
    if unknown := states.count(Status.UNKNOWN):
        needs.append(f"{unknown} replies may or may not have been sent: decide each in the admin.")
    if not_sent := states.count(Status.FAILED):
        needs.append(f"{not_sent} replies could not be sent: see why in the admin.")
    return needs
