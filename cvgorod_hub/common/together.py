"""Several questions to the database in one statement: one round trip, planned once in each connection."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from cvgorod_hub.common.prepared import fetch_prepared

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Question:
    """A SELECT whose columns have names; its values stand as `%(name)s` and are typed where used."""

    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


def read_together(questions: Mapping[str, Question]) -> dict[str, Rows]:
    """The rows of each question, in its order; all see the database as of one moment.

    Rows travel as JSON: times arrive as ISO texts.
    """
    if not questions:
        return {}
    parts: list[str] = []
    parameters: dict[str, Any] = {}
    for name, question in questions.items():
        # Each question has names of its own, whatever its author called them.
        sql = question.sql.replace("%(", f"%({name}__")
        parts.append(f"(SELECT coalesce(json_agg(row_to_json(part)), '[]') FROM ({sql}) AS part)")  # noqa: S608  (a SELECT of ours)
        parameters |= {f"{name}__{key}": value for key, value in question.parameters.items()}
    [answers] = fetch_prepared(f"SELECT {', '.join(parts)}", parameters)
    return dict(zip(questions, answers, strict=True))


def count_together(querysets: Mapping[str, QuerySet[Any]]) -> dict[str, int]:
    """How many rows each has; slice them where more is simply many."""
    if not querysets:
        return {}
    compiled = [
        queryset.order_by().query if not queryset.query.is_sliced else queryset.query
        for queryset in querysets.values()
    ]
    parts = [query.sql_with_params() for query in compiled]
    counts = ", ".join(f"(SELECT count(*) FROM ({sql}) AS part)" for sql, _values in parts)  # noqa: S608  (the ORM's)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts}", [value for _sql, parameters in parts for value in parameters])
        return dict(zip(querysets, cursor.fetchone(), strict=True))
