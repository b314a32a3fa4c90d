"""Statements that come again are planned once in a connection, and outlive a change of the schema."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import NotSupportedError, connection, transaction

from cvgorod_hub.common.bulk import insert_rows
from cvgorod_hub.common.prepared import prepared_cursor
from cvgorod_hub.common.statements import Statement
from messaging.models import Chat
from sandbox.models import PendingResponse
from tests.factories import ChatFactory
from tests.marks import committed

# From this many times on psycopg prepares a text (`prepare_threshold`).
OFTEN = 5


def prepared() -> dict[str, int]:
    """How often each prepared statement of this connection was run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements")
        return dict(cursor.fetchall())


@pytest.mark.django_db
def test_a_statement_that_comes_often_is_prepared_once() -> None:
    statement = Statement("SELECT %s::bigint + 1", ("number",))

    for number in (*range(OFTEN + 1), 2**40):
        assert statement.rows({"number": number}) == [(number + 1,)]

    assert prepared()["SELECT $1::bigint + 1"] == 2


@pytest.mark.django_db
def test_one_cursor_serves_a_connection_as_long_as_it_lives() -> None:
    with prepared_cursor() as first, prepared_cursor() as second:
        first.execute("SELECT 1")
        assert first.fetchall() == [(1,)]
        second.execute("SELECT 2")
        assert second.fetchall() == [(2,)]
    assert first.cursor is second.cursor


@committed
def test_a_new_connection_has_a_new_cursor() -> None:
    with prepared_cursor() as before:
        before.execute("SELECT 1")
    connection.close()

    with prepared_cursor() as after:
        after.execute("SELECT 2")
        assert after.fetchall() == [(2,)]
    assert after.cursor is not before.cursor


@pytest.mark.django_db
def test_what_is_planned_anew_or_by_the_orm_is_not_prepared() -> None:
    before = prepared()
    Statement("SELECT %s::bigint + 2", ("number",)).rows({"number": 1}, plan_anew=True)
    for _ in range(2 * OFTEN):
        Chat.objects.filter(pk=-1).exists()

    assert prepared() == before


@pytest.fixture
def table(db: None) -> Iterator[str]:
    """A table of one row that another connection can change."""
    run("CREATE TABLE things (name varchar(10)); INSERT INTO things VALUES ('rose')")
    yield "things"
    run("DROP TABLE things")


def run(statements: str) -> None:
    """On a connection of its own, as a migration does."""
    names = ("dbname", "user", "password", "host", "port")
    given = {name: value for name, value in connection.get_connection_params().items() if name in names}
    with psycopg.connect(**given) as other:
        other.execute(statements)


def widen(table: str) -> None:
    """What a prepared statement returns has another type now."""
    run(f"ALTER TABLE {table} ALTER name TYPE varchar(20)")


@committed
def test_a_statement_survives_a_migration(table: str) -> None:
    statement = Statement(f"SELECT name FROM {table}", ())  # noqa: S608
    for _ in range(OFTEN + 1):
        assert statement.rows({}) == [("rose",)]

    widen(table)

    assert statement.rows({}) == [("rose",)]


@committed
def test_within_a_transaction_the_refusal_is_passed_on(table: str) -> None:
    statement = Statement(f"SELECT name FROM {table}", ())  # noqa: S608
    for _ in range(OFTEN + 1):
        statement.rows({})
    widen(table)

    with pytest.raises(NotSupportedError), transaction.atomic():
        statement.rows({})


@pytest.mark.django_db
def test_a_failed_statement_is_prepared_by_the_next_call() -> None:
    with (
        pytest.raises(Exception, match="division by zero"),
        transaction.atomic(),
        prepared_cursor() as cursor,
    ):
        cursor.execute("SELECT 1 / %s::bigint", [0])

    assert Statement("SELECT 1 / %s::bigint", ("number",)).rows({"number": 1}) == [(1,)]


@pytest.mark.django_db
def test_rows_leave_the_same_columns_to_the_database() -> None:
    chat = ChatFactory()
    rows = [
        PendingResponse(chat=chat, response_text="Да", original_text="Да", requested_by="agent", **more)
        for more in ({}, {"anchor_snapshot": "1:1:"})
    ]

    with pytest.raises(ValueError, match="anchor_snapshot"):
        insert_rows(rows)

    assert not PendingResponse.objects.exists()
