"""The search of messages, over replies, which carry no vector: few of them wait."""

from django.db.models import Q

from messaging.querysets import Matches
from messaging.search import compile_query
from messaging.search.tokens import WordsVector


def said_in(fields: tuple[str, ...], text: str) -> Q | Matches:
    """These fields together say what a person typed; a word may be the beginning of one."""
    query = compile_query(text, beginnings=True)
    return Matches(WordsVector(*fields), query.expression()) if query else Q(pk__in=[])
