"""What SpeechKit counts: seconds by day and API (yandex-cloud/docs, pricing, November 2026)."""

import math
from datetime import timedelta

from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from bots.models import SpeechUsage
from messaging.models import Recording

Api = Recording.Api
# The short API counts blocks of so many seconds; the long one seconds, but never fewer.
BLOCK = 15

_ADD = """
INSERT INTO speech_usage AS stands (day, api, recordings, seconds) VALUES (%s, %s, 1, %s)
ON CONFLICT (day, api) DO UPDATE
SET recordings = stands.recordings + 1, seconds = stands.seconds + EXCLUDED.seconds
"""


def billed_seconds(api: Api, seconds: float) -> int:
    """Seconds that are paid for."""
    whole = max(1, math.ceil(seconds))
    return math.ceil(whole / BLOCK) * BLOCK if api == Api.SHORT else max(BLOCK, whole)


def note_use(api: Api, seconds: int) -> None:
    """Count it on today's account, in the transaction of whoever asked."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [timezone.localdate(), api, seconds])


def seconds_since(days: int) -> int:
    """Seconds used today and on the days before, `days` in all."""
    first = timezone.localdate() - timedelta(days=days - 1)
    return SpeechUsage.objects.filter(day__gte=first).aggregate(total=Sum("seconds"))["total"] or 0
