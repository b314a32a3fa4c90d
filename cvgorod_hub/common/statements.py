"""Queries that the ORM compiles once, and PostgreSQL plans once, however often they are asked.

Building and compiling a queryset of a page takes the ORM several milliseconds, planning its joins takes
PostgreSQL two more; reading the rows takes one. So a queryset is built with a `Param` wherever a value
will stand, becomes a `Statement`, and is kept by whoever knows what decides its shape. PostgreSQL writes
the JSON itself (`row_to_json`), so that no row is taken apart here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import psycopg
from django.contrib.postgres.fields import ArrayField
from django.db import (
    DEFAULT_DB_ALIAS,
    InterfaceError,
    NotSupportedError,
    OperationalError,
    connection,
    connections,
)
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    BigIntegerField,
    BooleanField,
    DateTimeField,
    Expression,
    Field,
    Func,
    Model,
    QuerySet,
    Subquery,
    TextField,
)
from django.db.models.functions import Cast
from django.db.models.sql.compiler import SQLCompiler
from psycopg.types.numeric import Int8

from cvgorod_hub.common.prepared import fetch_prepared
from cvgorod_hub.common.replica import reading_alias

ModelT = TypeVar("ModelT", bound=Model)
# No text in PostgreSQL can hold it, so it never stands in a query otherwise.
_SLOT_MARK = "\x00"


class Param(Expression):
    """A value that is filled in when the statement runs."""

    def __init__(self, name: str, output_field: "Field[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(  # type: ignore[override]  # its stubs know of numbers and texts only
        self, _compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, list["_Slot"]]:
        # Filled into the text, the least bigint would be a minus before a number that is out of range.
        return f"(%s)::{self.output_field.db_type(connection)}", [_Slot(self.name)]


def number(name: str) -> Param:
    return Param(name, BigIntegerField())


class PlannedOnce(Func):
    """`PlannedOnce(number("client_id"))`: the value, unseen by the planner.

    Where most values are of few rows and one is of many, PostgreSQL takes planning anew for cheaper than its
    general plan, each time; where both plans are the same, that is time lost.
    """

    def __init__(self, param: Param) -> None:
        # With its type, or what follows ANY would be a list of rows and not an array.
        kind = param.output_field.db_type(connection)
        super().__init__(param, output_field=param.output_field, template=f"(SELECT %(expressions)s)::{kind}")


def moment(name: str) -> Param:
    return Param(name, DateTimeField())


def numbers(name: str) -> Param:
    return Param(name, ArrayField(BigIntegerField()))


class IsOneOf(Func):
    """`IsOneOf("chat_id", numbers("chats"))`: the first is in the second, an array.

    PostgreSQL computes the array once, and first, also where it is a subquery.
    """

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = BooleanField()


class JsonRows(Subquery):
    """The rows of a `values_list`, as a JSON array of objects with these names."""

    template = (
        "(SELECT coalesce(json_agg(row_to_json(listed)), '[]'::json) "
        "FROM (%(subquery)s) AS listed(%(names)s))"
    )

    def __init__(self, queryset: QuerySet[Any], names: Sequence[str]) -> None:
        super().__init__(queryset, output_field=TextField(), names=_names(names))


class JsonRow(JsonRows):
    """The one row of a `values_list` as a JSON object; null where there is none."""

    template = "(SELECT row_to_json(listed) FROM (%(subquery)s) AS listed(%(names)s))"


@dataclass(frozen=True)
class Statement:
    """SQL whose `%s` stand for the named values, in this order."""

    sql: str
    names: tuple[str, ...]

    def rows(self, values: Mapping[str, object], *, plan_anew: bool = False) -> list[tuple[Any, ...]]:
        """Run it; each value must be there under its name.

        `plan_anew`: PostgreSQL is to plan for these very values, where the best plan hangs on them.
        Replaces the health check that Django makes before a request's first query by one more try on a
        new connection: a statement reads, so nothing is done twice. So does a plan that a migration made
        outdated meanwhile, which PostgreSQL refuses ("cached plan must not change result type").
        """
        parameters = [_typed(values[name]) for name in self.names]
        database: Any = connections[reading_alias()]
        is_first, database.health_check_done = not database.health_check_done, True
        try:
            return _fetch(self.sql, parameters, plan_anew=plan_anew)
        except (OperationalError, InterfaceError, NotSupportedError) as error:
            is_curable = is_first or isinstance(error, NotSupportedError)
            if database.in_atomic_block or not is_curable:
                raise
            database.close()
            return _fetch(self.sql, parameters, plan_anew=plan_anew)

    def page(self, values: Mapping[str, object], *, plan_anew: bool = False) -> list[tuple[str, str]]:
        """The (JSON text, key as JSON text) of each row, of a statement that `compile_page` made."""
        [[documents, keys]] = self.rows(values, plan_anew=plan_anew)
        return [] if documents is None else list(zip(documents.split("\n"), keys.split("\n"), strict=True))


def json_array(*paths: str) -> Cast:
    """The values as a JSON array, as text."""
    return Cast(Func(*paths, function="json_build_array", output_field=TextField()), TextField())


def compile_values(queryset: QuerySet[Any]) -> Statement:
    """The statement of a `values_list` as it stands."""
    return _statement(*queryset.query.sql_with_params())


@dataclass(frozen=True)
class Loader(Generic[ModelT]):
    """A statement whose rows are whole instances of a model."""

    model: type[ModelT]
    attributes: tuple[str, ...]
    statement: Statement

    def load(self, values: Mapping[str, object]) -> list[ModelT]:
        rows = self.statement.rows(values)
        return [self.model.from_db(DEFAULT_DB_ALIAS, self.attributes, row) for row in rows]


def compile_loader(queryset: QuerySet[ModelT]) -> Loader[ModelT]:
    """The instances of the queryset, without those that it would join to them."""
    attributes = tuple(field.attname for field in queryset.model._meta.concrete_fields)  # noqa: SLF001
    return Loader(queryset.model, attributes, compile_values(queryset.values_list(*attributes)))


def compile_documents(
    queryset: QuerySet[Any], *, columns: Mapping[str, str], key: Sequence[str] = (), also: Sequence[str] = ()
) -> Statement:
    """Rows of (JSON text, *also, JSON array of the key as text); without a key, of (JSON text, *also).

    `columns` names what stands in the JSON, by ORM path; `key` and `also` name some of these or more paths.
    A page needs the key of its first and last row only, so keys are read as they are written in a cursor.
    """
    hidden = [path for path in dict.fromkeys((*key, *also)) if path not in columns]
    inner, parameters = queryset.values_list(*columns.values(), *hidden).query.sql_with_params()
    names = _names([*columns, *hidden])
    document = "row_to_json(listed)"
    if hidden:
        document = f"(SELECT row_to_json(shown) FROM (SELECT {_listed(columns)}) AS shown)"  # noqa: S608
    selected = [f"{document}::text", *(_listed([name]) for name in also)]
    if key:
        selected.append(f"json_build_array({_listed(key)})::text")
    sql = f"SELECT {', '.join(selected)} FROM ({inner}) AS listed({names})"  # noqa: S608
    return _statement(sql, parameters)


def compile_page(queryset: QuerySet[Any], *, columns: Mapping[str, str], key: Sequence[str]) -> Statement:
    """The documents and keys of `compile_documents` for `Statement.page`: as one row, of two texts.

    A hundred rows cost psycopg more than the split does. No column may be an array of rows, between which
    PostgreSQL breaks lines; it never does so within a value.
    """
    rows = compile_documents(queryset, columns=columns, key=key)
    line_break = "E'\\n'"
    lists = f"string_agg(document, {line_break}), string_agg(key, {line_break})"
    return Statement(f"SELECT {lists} FROM ({rows.sql}) AS page(document, key)", rows.names)  # noqa: S608


def _statement(sql: str, parameters: Sequence[object]) -> Statement:
    """Constants become literals: behind a placeholder they would hide from partial indexes."""
    names = tuple(value.name for value in parameters if isinstance(value, _Slot))
    pieces = tuple(_SLOT_MARK if isinstance(value, _Slot) else _literal(value) for value in parameters)
    return Statement((sql % pieces).replace("%", "%%").replace(_SLOT_MARK, "%s"), names)


def _fetch(sql: str, parameters: list[Any], *, plan_anew: bool) -> list[tuple[Any, ...]]:
    if not plan_anew:
        return fetch_prepared(sql, parameters)
    with connections[reading_alias()].cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@dataclass(frozen=True)
class _Slot:
    name: str


def _typed(value: object) -> object:
    # psycopg would send the smallest integer type that fits, each of which is prepared anew; of a list it
    # would look through all numbers for that.
    if type(value) is int:
        return Int8(value)
    return f"{{{','.join(map(str, value))}}}" if isinstance(value, list) else value


def _literal(value: object) -> str:
    connection.ensure_connection()
    return psycopg.sql.Literal(value).as_string(connection.connection)


def _names(names: Sequence[str]) -> str:
    return ", ".join(_quote(name) for name in names)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"listed.{_quote(name)}" for name in names)


def _quote(name: str) -> str:
    return connection.ops.quote_name(name)
