"""The worker's part of Telegram: sweeps behind the collector, approval cards and their buttons, the daily
report (queue `default`).

What talks to Telegram is imported late: aiogram takes seconds, and every process that queues a task
imports this module.
"""

from celery import shared_task
from django.conf import settings

from bots.failures import failed_updates
from bots.retention import delete_old_updates as delete_old
from bots.updates import parse_all_waiting_updates, replay_updates

# One call shows cards for so long at the most; the next sweep goes on.
SHOW_SECONDS = 10
# One call deletes for so long at the most.
DELETE_SECONDS = 20


@shared_task
def parse_pending_updates() -> int:
    """Updates that a collector stored but did not live to read."""
    return parse_all_waiting_updates()


@shared_task
def replay_failed_updates() -> int:
    """All that could not be read, once more; returns how many still cannot."""
    return replay_updates(failed_updates())


@shared_task
def delete_old_updates() -> int:
    """What was read and has been kept for as long as the settings say."""
    return delete_old(seconds=DELETE_SECONDS)


@shared_task
def show_cards() -> int:
    """Cards for what waits, and changes of those whose replies moved on."""
    if settings.TELEGRAM_REVIEW_CHAT_ID is None:
        return 0
    from bots.card_desk import show_due

    return show_due(seconds=SHOW_SECONDS)


@shared_task
def settle_presses() -> int:
    """The nudge after a press, and the sweep behind it."""
    from bots.presses import settle_waiting

    return settle_waiting()


@shared_task
def check_bot() -> None:
    """How our bot fares at Telegram, where there is one."""
    if not settings.TELEGRAM_BOT_TOKEN:
        return
    from bots.checkup import check_bot as look

    look()


@shared_task
def send_daily_report() -> int:
    """The report of the day, by the ways that are set up."""
    if not settings.HUB_REPORT_EMAIL and settings.HUB_REPORT_CHAT_ID is None:
        return 0
    from bots.report.daily import send_due

    return send_due()
