"""The search of messages, over replies, which carry no vector: few of them wait."""

from django.db.models import BooleanField, Func, Q

from messaging.search import compile_query
from messaging.search.tokens import WordsVector


class _Says(Func):
    """Texts (columns) say what a compiled search asks for."""

    arg_joiner = " @@ "
    template = "(%(expressions)s)"
    output_field = BooleanField()


def said_in(fields: tuple[str, ...], text: str) -> Q | _Says:
    """These fields together say what a person typed; a word may be the beginning of one."""
    query = compile_query(text, beginnings=True)
    return _Says(WordsVector(*fields), query.expression()) if query else Q(pk__in=[])
