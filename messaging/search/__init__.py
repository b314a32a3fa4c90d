"""Search over messages as people type it. `queries` compiles, `expansion` knows what a word finds,
`tokens` cuts words alike here and in PostgreSQL, `plans` keeps it fast, `marks` shows what was found."""

from messaging.search.marks import highlight, highlight_whole
from messaging.search.queries import CompiledQuery, compile_query

__all__ = ["CompiledQuery", "compile_query", "highlight", "highlight_whole"]
