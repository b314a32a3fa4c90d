"""Words of the desk's templates."""

from django import template

from cvgorod_hub.desk.durations import by_the_clock, in_words
from messaging.conversation_links import conversation_url

register = template.Library()
register.filter("in_words", in_words)
register.filter("by_the_clock", by_the_clock)
# conversation_link(chat_id, message_id): where the conversation is read, at this message.
register.simple_tag(conversation_url, name="conversation_link")
