"""The report for people who read it in a minute: what came, what waits, what failed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from bots.problems import Problem, find_problems
from bots.report.build import Report, build_report
from bots.report.period import Period
from cvgorod_hub.common.dates import local_time
from messaging.models import Chat
from sandbox.models import PendingResponse

Status = PendingResponse.Status
# Of what is wrong the worst are named; the hub's own page has all.
MOST_PROBLEMS = 5


@dataclass(frozen=True, kw_only=True)
class Brief:
    """`title` is a mail's subject; `text` is plain, at most a few hundred characters and the problems."""

    title: str
    text: str


def write_brief(*, since: datetime, until: datetime) -> Brief:
    """In the hub's own language."""
    report = build_report(Period(since=since, until=until))
    with translation.override(settings.LANGUAGE_CODE):
        day = formats.date_format(timezone.localtime(until), "DATE_FORMAT")
        lines = [*_came(report), *_waits(), *_failed(report), "", *_wrong(report, find_problems())]
        lines += ["", f"{settings.HUB_PUBLIC_URL}{reverse('admin:index')}"]
        return Brief(title=_("Hub, %(day)s") % {"day": day}, text="\n".join(lines))


def _came(report: Report) -> Iterator[str]:
    total = report.total
    chats = {chat_id for (_day, chat_id), tally in report.days.items() if tally.messages["telegram"]}
    since = local_time(report.period.since)
    yield _("Messages since %(since)s: %(messages)d, in chats: %(chats)d") % {
        "since": since,
        "messages": total.messages["telegram"],
        "chats": len(chats),
    }
    yield _("Replies sent: %(count)d") % {"count": total.messages["sent"]}


def _waits() -> Iterator[str]:
    """Now, whenever it began."""
    pending = PendingResponse.objects.queue()
    yield _tell(
        _("Wait for review: %(count)d"),
        _("Wait for review: %(count)d, the oldest since %(since)s"),
        **pending.order_by().aggregate(count=Count("pk"), since=Min("created_at")),
    )
    waiting = Chat.objects.filter(waiting_since__isnull=False)
    yield _tell(
        _("Clients who wait for an answer: %(count)d"),
        _("Clients who wait for an answer: %(count)d, the first since %(since)s"),
        **waiting.aggregate(count=Count("pk"), since=Min("waiting_since")),
    )


def _tell(few: str, more: str, *, count: int, since: datetime | None) -> str:
    return (more if since else few) % {"count": count, "since": local_time(since) if since else ""}


def _failed(report: Report) -> Iterator[str]:
    doubtful = PendingResponse.objects.aggregate(
        unknown=Count("pk", filter=Q(status=Status.UNKNOWN)),
        failed=Count("pk", filter=Q(status=Status.FAILED)),
    )
    total = report.total
    for label, count in (
        (_("Not known whether sent: %(count)d"), doubtful["unknown"]),
        (_("Not sent: %(count)d"), doubtful["failed"]),
        (_("Updates that could not be read: %(count)d"), total.updates["failed"]),
        (_("Updates that wait to be read: %(count)d"), total.updates["pending"]),
        (_("Messages that may be lost: %(count)d"), total.missing.may_be_lost),
    ):
        if count:
            yield label % {"count": count}


def _wrong(report: Report, problems: list[Problem]) -> Iterator[str]:
    if report.broken:
        yield "⚠️ " + _("The numbers do not add up: manage.py hub_report says where.")
    for problem in problems[:MOST_PROBLEMS]:
        yield f"⚠️ {problem.title}"
    if len(problems) > MOST_PROBLEMS:
        yield _("and %(count)d more") % {"count": len(problems) - MOST_PROBLEMS}
    if not (report.broken or problems or report.needs):
        yield _("Everything that Telegram handed over is stored.")
