"""What keeps the hub from hearing and understanding its clients, and what to do (bots/problem_kinds.py).

Judged from facts that others wrote down (bots/watching.py, bots/memberships.py), by two cheap queries where
all is well, so that every page of the admin may ask; what there is none of is not read. All comparisons are
by PostgreSQL's clock.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, Q, QuerySet, Value
from django.db.models.functions import Now

from bots import problem_kinds as kinds
from bots.models import UPDATES_KEPT_FOR, BotMembership, CollectionGap, RawUpdate, TelegramBot, VoiceGate
from bots.problem_kinds import Problem, Severity
from bots.silence import alarm_after
from bots.watching import CONFLICTS_END_AFTER, GAP_AFTER, is_collecting
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
# The latest of them are told; the page behind the link shows them all.
MOST_GAPS = 3
# Counting stops here: more is simply many.
MOST_COUNTED = 1000


def find_problems() -> list[Problem]:
    """Everything that is wrong now, the worst first."""
    bots = list(TelegramBot.objects.filter(is_watched=True).annotate(now=Now()))
    told = _tell_apart()
    problems = [*_of_bots(bots), *(_of_groups() if told.has_groups else ())]
    problems += [*(_of_gaps() if told.has_gaps else ()), *_of_updates(told), *_of_model()]
    problems += _of_voices() if told.has_voices else ()
    if len(bots) > 1:
        problems += _of_doubled_groups()
    return sorted(problems, key=lambda problem: not problem.is_critical)


@dataclass(frozen=True)
class _Told:
    """Which kinds of problems there are at all, and what two of them need."""

    has_groups: bool
    has_gaps: bool
    has_voices: bool
    failed: int
    oldest_waiting: datetime | None
    now: datetime


def _tell_apart() -> _Told:
    """In one statement, each part by an index that has hardly any rows."""
    failed = RawUpdate.objects.filter(parse_state=State.FAILED).order_by()[:MOST_COUNTED]
    waiting = RawUpdate.objects.filter(parse_state=State.PENDING).order_by("pk")
    # The ORM's own statements, put together by hand: it has no words for a SELECT without a table.
    parts = [
        *(queryset.order_by()[:1].values(one=Value(1)).query for queryset in (_groups(), _gaps(), _gates())),
        failed.values("pk").query,
        waiting.values("received_at")[:1].query,
    ]
    compiled = [part.sql_with_params() for part in parts]
    exist = [f"EXISTS ({sql})" for sql, _parameters in compiled[:3]]
    count, oldest = f"(SELECT count(*) FROM ({compiled[3][0]}) AS failed)", f"({compiled[4][0]})"
    parameters = [value for _sql, values in compiled for value in values]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(exist)}, {count}, {oldest}, statement_timestamp()", parameters)
        return _Told(*cursor.fetchone())


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


def _of_groups() -> Iterator[Problem]:
    """Groups that a bot is not in any more, or where it is told nothing."""
    rows = _groups().select_related("chat", "bot").order_by("-changed_at", "pk")[:MOST_COUNTED]
    gone: dict[TelegramBot, list[BotMembership]] = defaultdict(list)
    blind: dict[TelegramBot, list[BotMembership]] = defaultdict(list)
    for row in rows:
        (gone if row.status in BotMembership.GONE else blind)[row.bot].append(row)
    for bot, places in sorted(blind.items(), key=_number):
        yield kinds.cannot_read(bot, places)
    for bot, places in sorted(gone.items(), key=_number):
        yield kinds.removed(bot, places)


def _groups() -> QuerySet[BotMembership]:
    is_gone = Q(status__in=BotMembership.GONE)
    is_blind = Q(status__in=kinds.NO_RIGHTS, bot__can_read_all_group_messages=False)
    found = BotMembership.objects.filter(is_gone | is_blind, accepted_at__isnull=True, bot__is_watched=True)
    return found.exclude(chat__migrated_to__isnull=False)


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


def _of_gaps() -> Iterator[Problem]:
    yield from map(kinds.messages_lost, _gaps().select_related("bot").order_by("-ended_at")[:MOST_GAPS])


def _gaps() -> QuerySet[CollectionGap]:
    return CollectionGap.objects.filter(has_losses=True, resolved_at__isnull=True, bot__is_watched=True)


def _of_updates(told: _Told) -> Iterator[Problem]:
    """Updates that are stored and mean nothing yet."""
    if told.failed:
        yield kinds.failed_updates(told.failed)
    if told.oldest_waiting and told.now - told.oldest_waiting > UNREAD_AFTER:
        yield kinds.unread_updates(told.oldest_waiting)


def _of_model() -> Iterator[Problem]:
    if told := find_model_trouble():
        yield kinds.model_trouble(told)


def _of_voices() -> Iterator[Problem]:
    """What keeps recordings from being fetched or recognised; one refusal of the key is enough."""
    failing = list(_gates().annotate(now=Now()).order_by("name"))
    refused = [gate for gate in failing if gate.refused_key]
    yield from map(kinds.speech_refused, refused[:1])
    for gate in failing:
        lasts = gate.failing_since and gate.now - gate.failing_since > VOICES_WAIT_AFTER
        if lasts and not gate.refused_key:
            yield kinds.voices_wait(gate)


def _gates() -> QuerySet[VoiceGate]:
    return VoiceGate.objects.filter(failures__gt=0)
