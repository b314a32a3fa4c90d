"""What keeps the hub from hearing and understanding its clients, and what to do (bots/problem_kinds.py).

Judged from facts that others wrote down (bots/watching.py, bots/memberships.py), by a handful of cheap
queries, so that every page of the admin may ask. All comparisons are by PostgreSQL's clock.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from bots import problem_kinds as kinds
from bots.models import (
    UPDATES_KEPT_FOR,
    BotMembership,
    CollectionGap,
    DailyReport,
    RawUpdate,
    TelegramBot,
    VoiceGate,
)
from bots.problem_kinds import Problem, Severity
from bots.report.set_up import set_up_ways
from bots.silence import alarm_after
from bots.watching import CONFLICTS_END_AFTER, GAP_AFTER, is_collecting
from cvgorod_hub.common.together import count_together
from intents.llm.troubles import find_model_trouble
from messaging.models import Chat

__all__ = ["Problem", "Severity", "find_problems"]

State = RawUpdate.State
# One 409 is a restart somewhere; so many are another program that polls.
CONFLICTS_TO_TELL = 3
# What is stored longer than this without being read waits for a worker that is not there.
UNREAD_AFTER = timedelta(minutes=5)
# A neighbour of the voices that fails for so long is not back in a moment.
VOICES_WAIT_AFTER = timedelta(minutes=15)
# A mail server that is away for a moment is no news.
REPORT_TRIES_TO_TELL = 3
# The latest of them are told; the page behind the link shows them all.
MOST_GAPS = 3
# Counting stops here: more is simply many.
MOST_COUNTED = 1000


def first_counts() -> dict[str, QuerySet[Any]]:
    """What `find_problems` counts before all else; a caller who counts more may have it in one statement."""
    return {
        "groups": _troubled_places()[:1],
        "gaps": _gaps()[:1],
        "failed": RawUpdate.objects.filter(parse_state=State.FAILED)[:MOST_COUNTED],
        "unread": _unread()[:1],
        "voices": _failing_gates()[:1],
        "reports": _unsent_reports()[:1],
    }


def find_problems(counts: Mapping[str, int] | None = None) -> list[Problem]:
    """Everything that is wrong now, the worst first. `counts`: of `first_counts()`, if they are known."""
    bots = list(TelegramBot.objects.filter(is_watched=True).annotate(now=Now()))
    # Mostly there is nothing of a kind, and one statement knows of which.
    counts = count_together(first_counts()) if counts is None else counts
    problems = [*_of_bots(bots)]
    problems += _of_groups() if counts["groups"] else ()
    problems += _of_gaps() if counts["gaps"] else ()
    problems += [kinds.failed_updates(counts["failed"])] if counts["failed"] else ()
    problems += _of_unread() if counts["unread"] else ()
    problems += _of_model()
    problems += _of_voices() if counts["voices"] else ()
    problems += map(kinds.report_not_sent, _failing_reports()) if counts["reports"] else ()
    if len(bots) > 1:
        problems += _of_doubled_groups()
    return sorted(problems, key=lambda problem: not problem.is_critical)


def _of_bots(bots: Sequence[TelegramBot]) -> Iterator[Problem]:
    if not bots:
        yield kinds.no_bot()
    for bot in bots:
        now: datetime = bot.now  # type: ignore[attr-defined]  # annotated
        if bot.token_refused_at:
            # Nothing else about this bot is news while nobody lets it in.
            yield kinds.token_refused(bot, bot.token_refused_at)
            continue
        yield from _of_way_in(bot, now)
        if bot.checked_at and not bot.can_read_all_group_messages:
            yield kinds.privacy_on(bot)
        if is_collecting(bot, now) and bot.last_update_at and now - bot.last_update_at > alarm_after(bot):
            yield kinds.unusual_silence(bot, bot.last_update_at)


def _of_way_in(bot: TelegramBot, now: datetime) -> Iterator[Problem]:
    """Whether updates reach the hub, by the collector or by the webhook."""
    if bot.delivers_elsewhere:
        yield kinds.webhook_elsewhere(bot)
        return
    if bot.webhook_url:
        if bot.webhook_failing_since:
            yield kinds.webhook_fails(bot, bot.webhook_failing_since)
        return
    if bot.last_poll_at and now - bot.last_poll_at > GAP_AFTER:
        yield kinds.collector_silent(
            bot, bot.last_poll_at, is_losing=now - bot.last_poll_at > UPDATES_KEPT_FOR
        )
    if bot.conflicts >= CONFLICTS_TO_TELL and bot.conflict_at and now - bot.conflict_at < CONFLICTS_END_AFTER:
        yield kinds.conflict(bot)


def _troubled_places() -> QuerySet[BotMembership]:
    """Groups that a bot is not in any more, or where it is told nothing."""
    is_gone = Q(status__in=BotMembership.GONE)
    is_blind = Q(status__in=kinds.NO_RIGHTS, bot__can_read_all_group_messages=False)
    places = BotMembership.objects.filter(is_gone | is_blind, accepted_at__isnull=True, bot__is_watched=True)
    return places.exclude(chat__migrated_to__isnull=False)


def _of_groups() -> Iterator[Problem]:
    rows = _troubled_places().select_related("chat", "bot").order_by("-changed_at", "pk")[:MOST_COUNTED]
    gone: dict[TelegramBot, list[BotMembership]] = defaultdict(list)
    blind: dict[TelegramBot, list[BotMembership]] = defaultdict(list)
    for row in rows:
        (gone if row.status in BotMembership.GONE else blind)[row.bot].append(row)
    for bot, places in sorted(blind.items(), key=_number):
        yield kinds.cannot_read(bot, places)
    for bot, places in sorted(gone.items(), key=_number):
        yield kinds.removed(bot, places)


def _unsent_reports() -> QuerySet[DailyReport]:
    """Of today and yesterday; what is older, a later one has told."""
    since = timezone.localdate() - timedelta(days=1)
    return DailyReport.objects.filter(day__gte=since, sent_at=None).exclude(last_error="")


def _failing_reports() -> list[DailyReport]:
    """The latest by each way that is set up, where it fails again and again, or only a person mends it."""
    since = timezone.localdate() - timedelta(days=1)
    rows = DailyReport.objects.filter(day__gte=since, way__in=set_up_ways())
    return [
        each
        for each in rows.order_by("way", "-day").distinct("way")
        if each.sent_at is None and (each.is_refused or each.attempts >= REPORT_TRIES_TO_TELL)
    ]


def _number(item: tuple[TelegramBot, object]) -> int:
    return item[0].pk


def _of_doubled_groups() -> Iterator[Problem]:
    """A basic group numbers its messages for each bot anew, so nothing tells that two are the same."""
    present = BotMembership.objects.exclude(status__in=BotMembership.GONE).filter(bot__is_watched=True)
    doubled = present.filter(chat__chat_type=Chat.Type.GROUP, chat__migrated_to__isnull=True)
    chats = doubled.values("chat").annotate(bots=Count("bot")).filter(bots__gt=1)
    places = doubled.filter(chat__in=chats.values("chat")).order_by("chat_id", "pk").distinct("chat_id")
    if found := list(places.select_related("chat")[:MOST_COUNTED]):
        yield kinds.doubled_groups(found)


def _gaps() -> QuerySet[CollectionGap]:
    return CollectionGap.objects.filter(has_losses=True, resolved_at__isnull=True, bot__is_watched=True)


def _of_gaps() -> Iterator[Problem]:
    yield from map(kinds.messages_lost, _gaps().select_related("bot").order_by("-ended_at")[:MOST_GAPS])


def _unread() -> QuerySet[RawUpdate]:
    """Updates that are stored and not read yet."""
    return RawUpdate.objects.filter(parse_state=State.PENDING)


def _of_unread() -> Iterator[Problem]:
    """The first in line says since when; those behind it may be older by their time of arrival."""
    oldest = _unread().order_by("pk").annotate(now=Now()).values_list("received_at", "now").first()
    if oldest and oldest[1] - oldest[0] > UNREAD_AFTER:
        yield kinds.unread_updates(oldest[0])


def _of_model() -> Iterator[Problem]:
    if told := find_model_trouble():
        yield kinds.model_trouble(told)


def _failing_gates() -> QuerySet[VoiceGate]:
    return VoiceGate.objects.filter(failures__gt=0)


def _of_voices() -> Iterator[Problem]:
    """What keeps recordings from being fetched or recognised; one refusal of the key is enough."""
    failing = list(_failing_gates().annotate(now=Now()).order_by("name"))
    refused = [gate for gate in failing if gate.refused_key]
    yield from map(kinds.speech_refused, refused[:1])
    for gate in failing:
        lasts = gate.failing_since and gate.now - gate.failing_since > VOICES_WAIT_AFTER
        if lasts and not gate.refused_key:
            yield kinds.voices_wait(gate)
