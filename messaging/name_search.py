"""The search of messages over rows that carry no vector: names of chats and people, drafts that wait."""

from django.db.models import Q

from messaging.querysets import Matches
from messaging.search import compile_query
from messaging.search.tokens import WordsVector


def said_in(fields: tuple[str, ...], text: str) -> Q | Matches:
    """These fields together say what a person typed; a word may be the beginning of one.

    Reads every row that other conditions leave: for tables of thousands.
    """
    query = compile_query(text, beginnings=True)
    return Matches(WordsVector(*fields), query.expression()) if query else Q(pk__in=[])
