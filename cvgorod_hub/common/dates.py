"""Times as people read them: in the hub's time zone."""

from datetime import datetime

from django.utils import formats, timezone


def local_time(moment: datetime) -> str:
    """Today's times as 14:05, other days with their date."""
    moment = timezone.localtime(moment)
    if moment.date() == timezone.localdate():
        return moment.strftime("%H:%M")
    return f"{formats.date_format(moment, 'SHORT_DATE_FORMAT')} {moment:%H:%M}"
