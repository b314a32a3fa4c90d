"""Words of the desk's templates."""

from django import template

from cvgorod_hub.desk.durations import by_the_clock, in_words
from cvgorod_hub.desk.links import conversation_link as link_to

register = template.Library()
register.filter("in_words", in_words)
register.filter("by_the_clock", by_the_clock)


@register.simple_tag
def conversation_link(chat_id: int, message_id: int) -> str:
    """Where the conversation is read, at this message."""
    return link_to(chat_id=chat_id, message_id=message_id)
