"""Template words for a conversation."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe

from messaging.media import media_in_words
from messaging.recordings import can_retry
from messaging.search import CompiledQuery, highlight_whole
from messaging.telegram_links import telegram_url

register = template.Library()
register.filter("media_in_words", media_in_words)
register.filter("can_retry", can_retry)
register.filter("telegram_url", telegram_url)


@register.filter
def marked(text: str, query: CompiledQuery) -> SafeString:
    """The text with what the search found in <mark>; everything else in it is escaped."""
    return mark_safe(highlight_whole(query, text))  # noqa: S308  (escaped there)


@register.filter
def microseconds(moment: datetime) -> int:
    """Since 1970: what a script compares times by, exact in its numbers until 2255."""
    return round(moment.timestamp() * 1_000_000)


@register.filter
def day_in_words(moment: datetime) -> str:
    """«22 ноября»; with the year where it is not this one."""
    day = timezone.localtime(moment)
    return date_format(day, "j E" if day.year == timezone.localdate().year else "j E Y")
