"""Template words for a conversation."""

from django import template

from messaging.media import media_in_words

register = template.Library()
register.filter("media_in_words", media_in_words)
