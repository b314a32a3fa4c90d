"""Template words for a conversation."""

from django import template

from messaging.media import media_in_words
from messaging.recordings import can_retry

register = template.Library()
register.filter("media_in_words", media_in_words)
register.filter("can_retry", can_retry)
