"""Words in any Russian form, found in texts that carry no search vector.

Replies are few beside messages, and most searches look at those that wait; PostgreSQL's own stems, each
sought from a word's beginning, find them without another column.
"""

import re

from django.db import connection
from django.db.models import Q


def word_stems(text: str) -> list[str]:
    """What the forms of each word have in common; the words as typed where all of them are small ones."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tsvector_to_array(to_tsvector('russian', %s))", [text])
        [stems] = cursor.fetchone()
    return list(stems or text.split())


def said_in(fields: tuple[str, ...], text: str) -> Q:
    """Every word of the text stands in one of these fields."""
    found = Q()
    for stem in word_stems(text):
        in_any = Q()
        for field in fields:
            in_any |= Q(**{f"{field}__iregex": _from_the_beginning(stem)})
        found &= in_any
    return found


def _from_the_beginning(stem: str) -> str:
    """A pattern of PostgreSQL's; ё and е are one letter to those who type."""
    letters = re.sub("[её]", "[её]", re.escape(stem), flags=re.IGNORECASE)
    return rf"\m{letters}" if stem[:1].isalnum() else letters
