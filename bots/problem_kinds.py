"""The problems that the hub can notice: what each is called, what to do, and where to look."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bots.models import (
    RESTORED,
    BotMembership,
    CollectionGap,
    DailyReport,
    RawUpdate,
    TelegramBot,
    VoiceGate,
)
from cvgorod_hub.common.dates import local_time
from intents.llm.troubles import Told

# Names in a sentence; the page behind the link shows them all.
MOST_NAMES = 3
Status = BotMembership.Status
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


def no_bot() -> Problem:
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


def token_refused(bot: TelegramBot, since: datetime) -> Problem:
    return _of_bot(
        bot,
        "token_refused",
        _("Telegram refuses the token of %(bot)s: nothing is collected or sent") % {"bot": bot},
        _(
            "Take the current token from @BotFather, set TELEGRAM_BOT_TOKEN and start the hub again. If this "
            "bot is not needed any more, say so on its page."
        ),
        since,
    )


def collector_silent(bot: TelegramBot, since: datetime, *, is_losing: bool) -> Problem:
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
    if bot.poll_error and bot.poll_error_at and bot.poll_error_at > since:
        last_error = _("The last error: %(error)s.") % {"error": bot.poll_error}
        advice = f"{advice} {last_error}"
    return _of_bot(bot, "collector_silent", title % {"bot": bot}, advice, since)


def conflict(bot: TelegramBot) -> Problem:
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


def webhook_fails(bot: TelegramBot, since: datetime) -> Problem:
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


def webhook_elsewhere(bot: TelegramBot) -> Problem:
    return _of_bot(
        bot,
        "webhook_elsewhere",
        _("Telegram hands the updates of %(bot)s to another program: nothing reaches the hub") % {"bot": bot},
        _(
            "They go to %(url)s. Take that webhook away (“manage.py delete_webhook”) and start the "
            "collector, or have them delivered here (“manage.py setup_webhook”). If you do not know that "
            "address, revoke the token at @BotFather (/revoke) and give the hub the new one."
        )
        % {"url": bot.webhook_url},
        None,
    )


def privacy_on(bot: TelegramBot) -> Problem:
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


def unusual_silence(bot: TelegramBot, since: datetime) -> Problem:
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


def cannot_read(bot: TelegramBot, places: Sequence[BotMembership]) -> Problem:
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


def removed(bot: TelegramBot, places: Sequence[BotMembership]) -> Problem:
    title = ngettext(
        "%(bot)s was removed from %(count)d chat", "%(bot)s was removed from %(count)d chats", len(places)
    )
    return Problem(
        code="removed_from_chat",
        severity=Severity.WARNING,
        title=title % {"bot": bot, "count": len(places)},
        advice=_("%(names)s: add the bot again, or mark it as meant so.") % {"names": _names(places)},
        since=places[0].changed_at,
        link=_memberships_link(bot, BotMembership.GONE),
    )


def messages_lost(gap: CollectionGap) -> Problem:
    if gap.reason == RESTORED:
        reason = _("The hub was restored from a backup, and what it had collected since is not in it.")
    else:
        reason = _("%(bot)s did not collect for more than 24 hours, and Telegram keeps updates no longer.")
    return Problem(
        code="messages_lost",
        severity=Severity.WARNING,
        title=_("Messages from %(begin)s to %(end)s are missing")
        % {"begin": local_time(gap.began_at), "end": local_time(gap.lost_until)},
        advice=(reason % {"bot": gap.bot})
        + " "
        + _(
            "Export the chats of those days from Telegram Desktop (JSON), bring them in with "
            "“manage.py import_telegram_export”, then mark the gap as dealt with."
        ),
        since=gap.began_at,
        link=reverse("admin:bots_collectiongap_change", args=[gap.pk]),
    )


def failed_updates(count: int) -> Problem:
    return Problem(
        code="failed_updates",
        severity=Severity.WARNING,
        title=ngettext("%(count)d update could not be read", "%(count)d updates could not be read", count)
        % {"count": count},
        advice=_("They are kept as they came. Look at the reason, and read them again after a mend."),
        since=None,
        link=_updates_link(RawUpdate.State.FAILED),
    )


def speech_refused(gate: VoiceGate) -> Problem:
    return Problem(
        code="speech_refused",
        severity=Severity.WARNING,
        title=_("Yandex refuses speech recognition: voice messages stay without words"),
        advice=_(
            "%(error)s. Check YANDEX_CLOUD_API_KEY, the role ai.speechkit-stt.user of its service account, "
            "and whether the account is paid for. Recordings wait and can be heard; the hub tries again "
            "every quarter of an hour, and at once with another key."
        )
        % {"error": gate.error},
        since=gate.failing_since,
        link=reverse("admin:messaging_recording_changelist"),
    )


def voices_wait(gate: VoiceGate) -> Problem:
    return Problem(
        code="voices_wait",
        severity=Severity.WARNING,
        title=_("Voice messages wait: %(what)s") % {"what": gate.get_name_display()},
        advice=_("%(error)s. The hub goes on asking by itself, and nothing is lost.") % {"error": gate.error},
        since=gate.failing_since,
        link=reverse("admin:messaging_recording_changelist"),
    )


def unread_updates(since: datetime) -> Problem:
    return Problem(
        code="unread_updates",
        severity=Severity.CRITICAL,
        title=_("What clients wrote is stored, but nobody reads it"),
        advice=_("The hub's worker seems to be down: start it. Nothing is lost."),
        since=since,
        link=_updates_link(RawUpdate.State.PENDING),
    )


def report_not_sent(report: DailyReport) -> Problem:
    return Problem(
        code="report_not_sent",
        severity=Severity.WARNING,
        title=_("The daily report is not delivered (%(way)s)") % {"way": report.get_way_display()},
        advice=_(
            "%(error)s. Look at HUB_REPORT_EMAIL, EMAIL_URL and HUB_REPORT_CHAT_ID; the hub tries again."
        )
        % {"error": report.last_error},
        since=None,
        link=reverse("admin:index"),
    )


def doubled_groups(places: Sequence[BotMembership]) -> Problem:
    """`places`: one of each such group."""
    return Problem(
        code="doubled_groups",
        severity=Severity.WARNING,
        title=ngettext(
            "Two bots of the hub collect %(count)d group: its messages stand here twice",
            "Two bots of the hub collect %(count)d groups: their messages stand here twice",
            len(places),
        )
        % {"count": len(places)},
        advice=_(
            "%(names)s: leave one of the bots there, or let the group become a supergroup (for example by "
            "showing its history to new members)."
        )
        % {"names": _names(places)},
        since=None,
        link=reverse("admin:bots_botmembership_changelist"),
    )


def model_trouble(told: Told) -> Problem:
    """Patterns go on understanding, so nothing of it is critical."""
    return Problem(
        code=told.code,
        severity=Severity.WARNING,
        title=told.title,
        advice=told.advice,
        since=told.since,
        link=reverse("admin:intents_modelsettings_changelist"),
    )


def _updates_link(state: str) -> str:
    return f"{reverse('admin:bots_rawupdate_changelist')}?parse_state__exact={state}"


def _memberships_link(bot: TelegramBot, statuses: Sequence[str]) -> str:
    path = reverse("admin:bots_botmembership_changelist")
    return f"{path}?bot__id__exact={bot.pk}&status__in={','.join(statuses)}&accepted_at__isnull=True"


def _names(places: Sequence[BotMembership]) -> str:
    names = ", ".join(str(place.chat) for place in places[:MOST_NAMES])
    more = len(places) - MOST_NAMES
    return names if more <= 0 else _("%(names)s and %(count)d more") % {"names": names, "count": more}
