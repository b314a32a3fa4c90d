"""Search over messages: PostgreSQL's Russian dictionary, with ё read as е on both sides."""

from django.contrib.postgres.search import SearchQuery

_YO = str.maketrans("ёЁ", "еЕ")


def search_query(text: str) -> SearchQuery:
    """What a person types: words in any form, "phrases", -words; never a syntax error."""
    return SearchQuery(text.translate(_YO).replace("\x00", " "), config="russian", search_type="websearch")
