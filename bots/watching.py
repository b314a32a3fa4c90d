"""What is known about how collecting fares, written to the bot's row. No network here.

All times are PostgreSQL's: those who write and those who judge (bots/problems.py) may be different machines.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from bots.models import UPDATES_KEPT_FOR, CollectionGap, TelegramBot
from bots.silence import learn_silence
from cvgorod_hub.common.external import ExternalServiceError

# From so long on it is worth a row that nobody asked Telegram for updates.
GAP_AFTER = timedelta(minutes=5)
# Conflicts are counted together until there is none for so long.
CONFLICTS_END_AFTER = timedelta(minutes=15)
# Telegram tries a failing webhook again after two minutes at the most.
WEBHOOK_ERROR_IS_NEWS = timedelta(minutes=10)
# Stored in English, as programs read it; pages translate it.
NOT_RUNNING = gettext_noop("the collector did not run")
WEBHOOK_AWAY = gettext_noop("the hub did not run, or its webhook could not be reached")


def register_bot(facts: dict[str, Any]) -> int:
    """Keep what getMe says about our bot; returns its id."""
    bot_id = facts.get("id")
    if not isinstance(bot_id, int):
        raise ExternalServiceError("getMe did not say which bot this is")
    TelegramBot.objects.update_or_create(
        pk=bot_id,
        defaults={
            "username": str(facts.get("username") or "")[:64],
            "name": str(facts.get("first_name") or "")[:256],
            "can_read_all_group_messages": facts.get("can_read_all_group_messages") is True,
            "token_refused_at": None,  # nosec B105 (a time)
        },
    )
    return bot_id


def note_webhook(bot_id: int, info: dict[str, Any]) -> None:
    """Keep what getWebhookInfo says; where a webhook is set, what was not delivered is noticed here."""
    with transaction.atomic():
        bot, now = _locked(bot_id)
        url, waiting = str(info.get("url") or "")[:512], info.get("pending_update_count")
        was_ours, lived_at = bool(bot.webhook_url) and not bot.delivers_elsewhere, _last_sign_of_life(bot)
        bot.webhook_url, bot.webhook_waiting = url, waiting if isinstance(waiting, int) and waiting > 0 else 0
        if was_ours and url and lived_at is not None:
            _note_gap(bot_id, lived_at, now, WEBHOOK_AWAY)
        if was_ours and (not url or bot.delivers_elsewhere):
            # Until now updates were delivered; polling begins here, so this is no gap of the collector.
            bot.last_poll_at = lived_at
        bot.webhook_error = _webhook_error(info, now) if url and bot.webhook_waiting else ""
        bot.webhook_failing_since = (bot.webhook_failing_since or now) if bot.webhook_error else None
        learn_silence(bot, now, is_collecting=is_collecting(bot, now))
        bot.checked_at = now
        bot.save()


def note_poll(bot_id: int) -> None:
    """Telegram has answered a getUpdates, and what it handed over is committed."""
    usual = TelegramBot.objects.filter(pk=bot_id, last_poll_at__gte=Now() - GAP_AFTER)
    if not usual.update(last_poll_at=Now()):
        with transaction.atomic():
            bot, now = _locked(bot_id)
            if bot.last_poll_at is not None:
                failed_meanwhile = bot.poll_error_at is not None and bot.poll_error_at > bot.last_poll_at
                _note_gap(bot_id, bot.last_poll_at, now, bot.poll_error if failed_meanwhile else NOT_RUNNING)
            TelegramBot.objects.filter(pk=bot_id).update(last_poll_at=now)


def note_poll_error(bot_id: int, error: str) -> None:
    """Asking failed; if it goes on, this is the reason of the gap."""
    TelegramBot.objects.filter(pk=bot_id).update(poll_error=error[:300], poll_error_at=Now())


def note_conflict(bot_id: int) -> int:
    """Telegram says 409: another program polls too. Returns how often it said so of late."""
    bots = TelegramBot.objects.filter(pk=bot_id)
    repeated = bots.filter(conflict_at__gte=Now() - CONFLICTS_END_AFTER)
    if not repeated.update(conflicts=F("conflicts") + 1, conflict_at=Now()):
        bots.update(conflicts=1, conflict_since=Now(), conflict_at=Now())
    return bots.values_list("conflicts", flat=True).get()


def note_refused_token(token: str) -> None:
    """Telegram takes this token for nobody's; the bot is known by the number that the token begins with."""
    number = token.partition(":")[0]
    if number.isascii() and number.isdigit() and len(number) <= 18:
        TelegramBot.objects.get_or_create(pk=int(number))
        TelegramBot.objects.filter(pk=int(number), token_refused_at__isnull=True).update(
            token_refused_at=Now()
        )


def note_polling_begins(bot_id: int) -> None:
    """The webhook is gone: ask from the first update that Telegram has not seen confirmed."""
    TelegramBot.objects.filter(pk=bot_id).update(next_offset=None)


def is_collecting(bot: TelegramBot, now: datetime) -> bool:
    """Whether updates reach the hub, as far as it can know."""
    if bot.webhook_url:
        return bot.webhook_failing_since is None and not bot.delivers_elsewhere
    return bot.last_poll_at is not None and bot.last_poll_at >= now - GAP_AFTER


def _webhook_error(info: dict[str, Any], now: datetime) -> str:
    """Why deliveries fail now; Telegram keeps telling the last error long after they work again."""
    failed_at = info.get("last_error_date")
    if not isinstance(failed_at, int) or failed_at < (now - WEBHOOK_ERROR_IS_NEWS).timestamp():
        return ""
    return str(info.get("last_error_message") or "")[:300]


def _last_sign_of_life(bot: TelegramBot) -> datetime | None:
    """When a hub with a webhook was last known to be there."""
    moments = (bot.checked_at, bot.last_update_at, bot.last_poll_at)
    return max((moment for moment in moments if moment is not None), default=None)


def _note_gap(bot_id: int, began_at: datetime, ended_at: datetime, reason: str) -> None:
    if ended_at - began_at >= GAP_AFTER:
        CollectionGap.objects.get_or_create(
            bot_id=bot_id,
            began_at=began_at,
            defaults={
                "ended_at": ended_at,
                "reason": reason,
                "has_losses": ended_at - began_at > UPDATES_KEPT_FOR,
            },
        )


def _locked(bot_id: int) -> tuple[TelegramBot, datetime]:
    """The bot's row for this transaction, and PostgreSQL's time."""
    bot = TelegramBot.objects.select_for_update().annotate(now=Now()).get(pk=bot_id)
    return bot, bot.now
