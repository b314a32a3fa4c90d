"""How long a bot is usually left without an update, learnt from its own past.

Nights and weekends are silent too, so no fixed time would do. The longest silence of each day of the last
two weeks is kept; a silence counts once an update has ended it and only as long as the hub was listening,
so neither an outage nor the silence of now makes long silences usual.
"""

from datetime import date, datetime, timedelta

from django.utils import timezone

from bots.models import TelegramBot

KEPT_DAYS = 14
# Nobody is alarmed sooner, however lively the chats were.
SHORTEST_ALARM = timedelta(hours=3)
# Until a weekend has been seen, a weekend's silence is no news.
UNTIL_A_WEEK_IS_KNOWN = timedelta(hours=72)
# A silence is unusual when it is longer than the longest one by half.
MARGIN = 1.5


def learn_silence(bot: TelegramBot, now: datetime, *, is_collecting: bool) -> None:
    """Look at the silence of now; the one before, if an update has ended it, becomes part of the past.

    Changes the object; the caller saves it. Looked at every few minutes, which is how exact it is.
    """
    if bot.last_update_at is None:
        return
    if bot.silence_began_at is not None and bot.silence_began_at != bot.last_update_at:
        _remember(bot, timezone.localdate(bot.last_update_at))
        bot.silence_seconds = 0
    bot.silence_began_at = bot.last_update_at
    if is_collecting:
        bot.silence_seconds = max(0, int((now - bot.last_update_at).total_seconds()))


def alarm_after(bot: TelegramBot) -> timedelta:
    """A silence that is longer than this is worth a look."""
    longest = timedelta(seconds=max(bot.silences.values(), default=0)) * MARGIN
    is_week_known = len(bot.silences) > 7
    return max(longest, SHORTEST_ALARM if is_week_known else UNTIL_A_WEEK_IS_KNOWN)


def _remember(bot: TelegramBot, day: date) -> None:
    """An update of this day has ended the silence that was watched."""
    seconds = max(bot.silence_seconds, bot.silences.get(day.isoformat(), 0))
    first = (day - timedelta(days=KEPT_DAYS - 1)).isoformat()
    bot.silences = {
        past: length for past, length in {**bot.silences, day.isoformat(): seconds}.items() if past >= first
    }
