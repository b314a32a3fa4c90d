"""The report of the day: once by each way that is set up, whoever sweeps and however many.

Due from HUB_REPORT_HOUR on, in the hub's zone. A hub that was away then makes up for it within twelve hours,
later the next report tells of both days: nobody is rung up at night for yesterday.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from bots.models import DailyReport
from bots.report import ways
from bots.report.brief import Brief, write_brief
from bots.report.set_up import set_up_ways
from cvgorod_hub.common.external import ExternalServiceError

logger = logging.getLogger(__name__)

Way = DailyReport.Way
DUE_FOR = timedelta(hours=12)
# A first report tells of one day; after a long absence one of so many, which takes seconds to count.
USUALLY, AT_MOST = timedelta(days=1), timedelta(days=7)
# A claim outlives the sending by either way, so that nobody else takes it meanwhile.
CLAIM = timedelta(minutes=5)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=2), timedelta(hours=1)
SENDERS: dict[Way, Callable[[Brief], None]] = {Way.MAIL: ways.send_mail, Way.TELEGRAM: ways.send_to_chat}


def send_due(*, now: datetime | None = None) -> int:
    """Send what is due by each way; returns how many reports went out."""
    now = now or timezone.now()
    due_at = _due_at(now)
    if now - due_at > DUE_FOR:
        return 0
    day = timezone.localdate(due_at)
    return sum(_send(report, send, now) for report, send in _claimed(day, now))


def _due_at(now: datetime) -> datetime:
    """The latest moment at which a report became due."""
    local = timezone.localtime(now)
    today = local.replace(hour=settings.HUB_REPORT_HOUR, minute=0, second=0, microsecond=0)
    return today if today <= local else today - timedelta(days=1)


def _claimed(day: date, now: datetime) -> Iterator[tuple[DailyReport, Callable[[Brief], None]]]:
    for way in set_up_ways():
        report = _claim(day, way, now)
        if report is not None:
            yield report, SENDERS[way]


def _claim(day: date, way: Way, now: datetime) -> DailyReport | None:
    """Take the day's report by this way; None where it is sent, somebody's, or waits for its next try."""
    with transaction.atomic():
        DailyReport.objects.get_or_create(day=day, way=way)
        report = DailyReport.objects.select_for_update(skip_locked=True).filter(day=day, way=way).first()
        if report is None or report.sent_at is not None:
            return None
        if any(moment and moment > now for moment in (report.claimed_until, report.next_try_at)):
            return None
        # Before it is sent: who dies at it has made an attempt.
        report.claimed_until, report.attempts = now + CLAIM, report.attempts + 1
        report.save(update_fields=["claimed_until", "attempts"])
    return report


def _send(report: DailyReport, send: Callable[[Brief], None], now: datetime) -> bool:
    brief = write_brief(since=_since(report, now), until=now)
    if not _hold(report):
        logger.error("claim overtaken by time way=%s day=%s", report.way, report.day)
        return False
    try:
        send(brief)
    except ExternalServiceError as error:
        pause = LONGEST_PAUSE if error.permanent else _pause(report, error)
        _note(report, last_error=str(error)[:300], is_refused=error.permanent, next_try_at=now + pause)
        logger.warning("report not sent way=%s attempts=%d error=%s", report.way, report.attempts, error)
        return False
    _note(report, sent_at=timezone.now(), told_until=now, last_error="", is_refused=False, next_try_at=None)
    logger.info("report sent way=%s day=%s", report.way, report.day)
    return True


def _hold(report: DailyReport) -> bool:
    """Renew the claim for the sending itself; False where counting took so long that another one has it."""
    claimed_until = timezone.now() + CLAIM
    return bool(_claims(report).update(claimed_until=claimed_until))


def _claims(report: DailyReport) -> "QuerySet[DailyReport]":
    """The row, while this claim is its last one: each is another attempt."""
    return DailyReport.objects.filter(pk=report.pk, attempts=report.attempts, sent_at=None)


def _since(report: DailyReport, now: datetime) -> datetime:
    """Where the last one that went out this way ended."""
    before = DailyReport.objects.filter(way=report.way, told_until__lt=now).order_by("-day").first()
    if before is None or before.told_until is None:
        return now - USUALLY
    return max(before.told_until, now - AT_MOST)


def _pause(report: DailyReport, error: ExternalServiceError) -> timedelta:
    asked = timedelta(seconds=min(error.retry_after or 0, LONGEST_PAUSE.total_seconds()))
    usual: timedelta = FIRST_PAUSE * int(2 ** min(report.attempts - 1, 10))
    return max(asked, min(usual, LONGEST_PAUSE))


def _note(report: DailyReport, **changes: object) -> None:
    _claims(report).update(claimed_until=None, **changes)
