"""How long updates stay as Telegram gave them, once the hub has read them."""

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

logger = logging.getLogger(__name__)

# Rows of one transaction: short enough that nobody waits for it.
DELETE_BATCH = 1000

# What could not be read, or waits to be, is not among these states. What a person set aside stays as long
# again, counted from that decision.
_DELETE = """
DELETE FROM raw_updates WHERE id = ANY (ARRAY(
    SELECT id FROM raw_updates
    WHERE received_at < %(before)s
      AND (parse_state IN ('parsed', 'ignored') OR (parse_state = 'dismissed' AND dismissed_at < %(before)s))
    ORDER BY received_at
    LIMIT %(batch)s
    FOR UPDATE SKIP LOCKED
))
"""


def kept_since() -> datetime | None:
    """Updates that were received before this moment and read may be gone; None: none ever is."""
    days = settings.RAW_UPDATES_KEEP_DAYS
    return timezone.now() - timedelta(days=days) if days else None


def delete_old_updates(*, seconds: float) -> int:
    """Delete what need not be kept, oldest first, for so many seconds at the most; returns how many.

    What is left comes with the next call. Numbers of rows are never used again, so the `origin` of a message,
    which names its update's row, stays unique.
    """
    before = kept_since()
    if before is None:
        return 0
    began, deleted = time.monotonic(), 0
    with connection.cursor() as cursor:
        while time.monotonic() - began < seconds:
            cursor.execute(_DELETE, {"before": before, "batch": DELETE_BATCH})
            deleted += cursor.rowcount
            if cursor.rowcount < DELETE_BATCH:
                break
    if deleted:
        logger.info("raw updates deleted count=%d", deleted)
    return deleted
