"""By which ways the daily report is to go, as the settings say. Every page imports it: nothing heavy here."""

from django.conf import settings

from bots.models import DailyReport

Way = DailyReport.Way


def set_up_ways() -> list[Way]:
    ways = [Way.MAIL] if settings.HUB_REPORT_EMAIL else []
    return [*ways, Way.TELEGRAM] if settings.HUB_REPORT_CHAT_ID is not None else ways
