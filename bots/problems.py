"""What keeps the hub from hearing its clients, in words that say what to do.

Judged from facts that others wrote down (bots/watching.py, bots/memberships.py), by a handful of cheap
queries, so that every page of the admin may ask. All comparisons are by PostgreSQL's clock.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bots.models import UPDATES_KEPT_FOR, BotMembership, CollectionGap, RawUpdate, TelegramBot
from bots.silence import alarm_after
from bots.watching import CONFLICTS_END_AFTER, GAP_AFTER, is_collecting
from cvgorod_hub.common.dates import local_time

# One 409 is a restart somewhere; so many are another program that polls.
CONFLICTS_TO_TELL = 3
# What is stored longer than this without being read waits for a worker that is not there.
UNREAD_AFTER = timedelta(minutes=5)
# Names in a sentence; the page behind the link shows them all.
MOST_NAMES = 3
# Counting stops here: more is simply many.
MOST_COUNTED = 1000

Status = BotMembership.Status
GONE = (Status.LEFT, Status.KICKED)
# With privacy mode on, only administrators of a group see what is written there.
NO_RIGHTS = (Status.MEMBER, Status.RESTRICTED)


class Severity(StrEnum):
    CRITICAL = "critical"  # clients' words are not arriving now
    WARNING = "warning"


@dataclass(frozen=True)
class Problem:
    """One thing that a person should mend.

    `code` is stable, for programs; `title` and `advice` are in the reader's language; `link` is the path of
    the admin's page about it, `since` is None where nobody saw it begin.
    """

    code: str
    severity: Severity
    title: str
    advice: str
    since: datetime | None
    link: str

    @property
    def is_critical(self) -> bool:
        return self.severity is Severity.CRITICAL


def find_problems() -> list[Problem]:
    """Everything that is wrong now, the worst first."""
    bots = list(TelegramBot.objects.filter(is_watched=True).annotate(now=Now()))
    problems = [*_of_bots(bots), *_of_groups(), *_of_gaps(), *_of_updates()]
    return sorted(problems, key=lambda problem: not problem.is_critical)


def _of_bots(bots: Sequence[TelegramBot]) -> Iterator[Problem]:
    if not bots:
        yield _no_bot()
    for bot in bots:
        now: datetime = bot.now  # type: ignore[attr-defined]  # annotated
        if bot.token_refused_at:
            # Nothing else about this bot is news while nobody lets it in.
            yield _token_refused(bot, bot.token_refused_at)
            continue
        yield from _of_way_in(bot, now)
        if bot.checked_at and not bot.can_read_all_group_messages:
            yield _privacy_on(bot)
        if is_collecting(bot, now) and bot.last_update_at and now - bot.last_update_at > alarm_after(bot):
            yield _unusual_silence(bot, bot.last_update_at)


def _of_way_in(bot: TelegramBot, now: datetime) -> Iterator[Problem]:
    """Whether updates reach the hub, by the collector or by the webhook."""
    if bot.webhook_url:
        if bot.webhook_failing_since:
            yield _webhook_fails(bot, bot.webhook_failing_since)
        return
    if bot.last_poll_at and now - bot.last_poll_at > GAP_AFTER:
        yield _collector_silent(bot, bot.last_poll_at, is_losing=now - bot.last_poll_at > UPDATES_KEPT_FOR)
    if bot.conflicts >= CONFLICTS_TO_TELL and bot.conflict_at and now - bot.conflict_at < CONFLICTS_END_AFTER:
        yield _conflict(bot)


def _of_groups() -> Iterator[Problem]:
    """Groups that a bot is not in any more, or where it is told nothing."""
    is_gone = Q(status__in=GONE)
    is_blind = Q(status__in=NO_RIGHTS, bot__can_read_all_group_messages=False)
    rows = (
        BotMembership.objects.filter(is_gone | is_blind, accepted_at__isnull=True, bot__is_watched=True)
        .exclude(chat__migrated_to__isnull=False)
        .select_related("chat", "bot")
        .order_by("-changed_at", "pk")[:MOST_COUNTED]
    )
    gone: dict[TelegramBot, list[BotMembership]] = defaultdict(list)
    blind: dict[TelegramBot, list[BotMembership]] = defaultdict(list)
    for row in rows:
        (gone if row.status in GONE else blind)[row.bot].append(row)
    for bot, places in sorted(blind.items(), key=_number):
        yield _cannot_read(bot, places)
    for bot, places in sorted(gone.items(), key=_number):
        yield _removed(bot, places)


def _number(item: tuple[TelegramBot, object]) -> int:
    return item[0].pk


def _of_gaps() -> Iterator[Problem]:
    gaps = CollectionGap.objects.filter(has_losses=True, resolved_at__isnull=True, bot__is_watched=True)
    for gap in gaps.select_related("bot").order_by("-ended_at")[:MOST_NAMES]:
        yield Problem(
            code="messages_lost",
            severity=Severity.WARNING,
            title=_("Messages from %(begin)s to %(end)s are missing")
            % {"begin": local_time(gap.began_at), "end": local_time(gap.lost_until)},
            advice=_(
                "%(bot)s did not collect for more than 24 hours, and Telegram keeps updates no longer. "
                "Export the chats of those days from Telegram Desktop (JSON), bring them in with "
                "“manage.py import_telegram_export”, then mark the gap as dealt with."
            )
            % {"bot": gap.bot},
            since=gap.began_at,
            link=reverse("admin:bots_collectiongap_change", args=[gap.pk]),
        )


def _of_updates() -> Iterator[Problem]:
    """Updates that are stored and mean nothing yet."""
    state, link = RawUpdate.State, reverse("admin:bots_rawupdate_changelist")
    failed = RawUpdate.objects.filter(parse_state=state.FAILED)[:MOST_COUNTED].count()
    if failed:
        yield Problem(
            code="failed_updates",
            severity=Severity.WARNING,
            title=ngettext(
                "%(count)d update could not be read", "%(count)d updates could not be read", failed
            )
            % {"count": failed},
            advice=_("They are kept as they came. Look at the reason, and read them again after a mend."),
            since=None,
            link=f"{link}?parse_state__exact={state.FAILED}",
        )
    waiting = RawUpdate.objects.filter(parse_state=state.PENDING).order_by("pk").annotate(now=Now())
    oldest = waiting.values_list("received_at", "now").first()
    if oldest and oldest[1] - oldest[0] > UNREAD_AFTER:
        yield Problem(
            code="unread_updates",
            severity=Severity.CRITICAL,
            title=_("What clients wrote is stored, but nobody reads it"),
            advice=_("The hub's worker seems to be down: start it. Nothing is lost."),
            since=oldest[0],
            link=f"{link}?parse_state__exact={state.PENDING}",
        )


def _of_bot(
    bot: TelegramBot, code: str, title: str, advice: str, since: datetime | None, *, is_critical: bool = True
) -> Problem:
    return Problem(
        code=code,
        severity=Severity.CRITICAL if is_critical else Severity.WARNING,
        title=title,
        advice=advice,
        since=since,
        link=reverse("admin:bots_telegrambot_change", args=[bot.pk]),
    )


def _no_bot() -> Problem:
    if settings.TELEGRAM_BOT_TOKEN:
        advice = _("Start the collector (“manage.py collect_telegram”) and look at what it prints.")
    else:
        advice = _("Set TELEGRAM_BOT_TOKEN (from @BotFather) and start the hub again.")
    return Problem(
        code="no_bot",
        severity=Severity.WARNING,
        title=_("No bot collects messages yet"),
        advice=advice,
        since=None,
        link=reverse("admin:bots_telegrambot_changelist"),
    )


def _token_refused(bot: TelegramBot, since: datetime) -> Problem:
    return _of_bot(
        bot,
        "token_refused",
        _("Telegram refuses the token of %(bot)s: nothing is collected or sent") % {"bot": bot},
        _("Take the current token from @BotFather, set TELEGRAM_BOT_TOKEN and start the hub again."),
        since,
    )


def _collector_silent(bot: TelegramBot, since: datetime, *, is_losing: bool) -> Problem:
    if is_losing:
        title = _("%(bot)s does not collect, and messages are being lost")
        advice = _(
            "Start the collector (“manage.py collect_telegram”) now: Telegram keeps updates for 24 hours "
            "only. What is missing afterwards can be imported from exports."
        )
    else:
        title = _("%(bot)s does not collect: new messages do not arrive")
        advice = _(
            "Start the collector (“manage.py collect_telegram”) and look at what it prints. Telegram keeps "
            "updates for 24 hours, so nothing is lost until then."
        )
    advice += (
        _(" The last error: %(error)s.") % {"error": bot.poll_error} if _failed_since(bot, since) else ""
    )
    return _of_bot(bot, "collector_silent", title % {"bot": bot}, advice, since)


def _failed_since(bot: TelegramBot, moment: datetime) -> bool:
    return bool(bot.poll_error and bot.poll_error_at and bot.poll_error_at > moment)


def _conflict(bot: TelegramBot) -> Problem:
    return _of_bot(
        bot,
        "polling_conflict",
        _("Another program takes the updates of %(bot)s") % {"bot": bot},
        _(
            "Two programs share its messages, so some never reach the hub. Stop the other one; if you do not "
            "know it, revoke the token at @BotFather (/revoke) and give the hub the new one."
        ),
        bot.conflict_since,
    )


def _webhook_fails(bot: TelegramBot, since: datetime) -> Problem:
    return _of_bot(
        bot,
        "webhook_failing",
        _("Telegram cannot deliver to the hub: %(count)d updates wait") % {"count": bot.webhook_waiting},
        _(
            "Telegram says: “%(error)s”. Check that %(url)s can be reached from outside and that its "
            "certificate is valid, or go back to polling: “manage.py delete_webhook”."
        )
        % {"error": bot.webhook_error, "url": bot.webhook_url},
        since,
    )


def _privacy_on(bot: TelegramBot) -> Problem:
    return _of_bot(
        bot,
        "privacy_on",
        _("Privacy mode of %(bot)s is on: it does not see what clients write") % {"bot": bot},
        _(
            "In @BotFather: /setprivacy, choose the bot, Disable. Then remove the bot from each group and "
            "add it again; or make it an administrator there."
        ),
        None,
        is_critical=False,
    )


def _unusual_silence(bot: TelegramBot, since: datetime) -> Problem:
    return _of_bot(
        bot,
        "no_updates",
        _("%(bot)s has heard nothing for longer than usual") % {"bot": bot},
        _(
            "The connection to Telegram works. Write something in one of its groups: if it does not appear "
            "here, look at privacy mode and at the bot's rights in that group."
        ),
        since,
        is_critical=False,
    )


def _cannot_read(bot: TelegramBot, places: Sequence[BotMembership]) -> Problem:
    title = ngettext(
        "%(bot)s cannot read %(count)d group", "%(bot)s cannot read %(count)d groups", len(places)
    )
    return Problem(
        code="cannot_read",
        severity=Severity.CRITICAL,
        title=title % {"bot": bot, "count": len(places)},
        advice=_("%(names)s: make the bot an administrator there, or switch its privacy mode off.")
        % {"names": _names(places)},
        since=places[0].changed_at,
        link=_memberships_link(bot, NO_RIGHTS),
    )


def _removed(bot: TelegramBot, places: Sequence[BotMembership]) -> Problem:
    title = ngettext(
        "%(bot)s was removed from %(count)d chat", "%(bot)s was removed from %(count)d chats", len(places)
    )
    return Problem(
        code="removed_from_chat",
        severity=Severity.WARNING,
        title=title % {"bot": bot, "count": len(places)},
        advice=_("%(names)s: add the bot again, or mark it as meant so.") % {"names": _names(places)},
        since=places[0].changed_at,
        link=_memberships_link(bot, GONE),
    )


def _memberships_link(bot: TelegramBot, statuses: Sequence[str]) -> str:
    path = reverse("admin:bots_botmembership_changelist")
    return f"{path}?bot__id__exact={bot.pk}&status__in={','.join(statuses)}&accepted_at__isnull=True"


def _names(places: Sequence[BotMembership]) -> str:
    names = ", ".join(str(place.chat) for place in places[:MOST_NAMES])
    more = len(places) - MOST_NAMES
    return names if more <= 0 else _("%(names)s and %(count)d more") % {"names": names, "count": more}
