"""The search of messages over rows without a vector, and compiled once for a page.

Names of chats and people, drafts that wait: tables of thousands, whose words are cut while they are read.
"""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from messaging.querysets import Matches
from messaging.search import CompiledQuery, compile_query
from messaging.search.tokens import WordsVector

# More names than these nobody looks through; the search says more.
MOST_NAMES = 500
_COMPILED = "_hub_compiled_search"


def compiled_for(request: HttpRequest, text: str, *, beginnings: bool = False) -> CompiledQuery:
    """What was typed, compiled once for a page, which asks for it at several places."""
    kept: dict[tuple[str, bool], CompiledQuery] = getattr(request, _COMPILED, {})
    if (text, beginnings) not in kept:
        kept[text, beginnings] = compile_query(text, beginnings=beginnings)
        setattr(request, _COMPILED, kept)
    return kept[text, beginnings]


def said_in(fields: tuple[str, ...], query: CompiledQuery) -> Q | Matches:
    """These fields together say what was typed; reads every row that other conditions leave."""
    return Matches(WordsVector(*fields), query.expression()) if query else Q(pk__in=[])


def keys_named(rows: QuerySet[Any], condition: Q | Matches) -> list[Any]:
    """The keys of the first MOST_NAMES rows that meet it, which several of a page's queries need."""
    return list(rows.filter(condition).order_by("pk").values_list("pk", flat=True)[:MOST_NAMES])
