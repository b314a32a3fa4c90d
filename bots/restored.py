"""After a restore from a backup: what was collected since is gone, and Telegram keeps none of it."""

from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from bots.models import RESTORED, CollectionGap, TelegramBot


def note_lost_updates(*, since: datetime) -> int:
    """Note a gap for each bot that collected until then; returns how many.

    What the hub confirmed after the backup, Telegram does not hand over again, however short that time was.
    """
    now = timezone.now()
    collecting = TelegramBot.objects.filter(is_watched=True).exclude(last_poll_at=None, last_update_at=None)
    with transaction.atomic():
        gaps = [
            CollectionGap.objects.get_or_create(
                bot=bot,
                began_at=since,
                defaults={"ended_at": max(now, since), "reason": RESTORED, "has_losses": True},
            )
            for bot in collecting
        ]
        # Or the next poll would note the same time once more.
        collecting.filter(last_poll_at__isnull=False).update(last_poll_at=Now())
    return len(gaps)
