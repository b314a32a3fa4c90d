"""Into which database nothing is restored, and how one is closed meanwhile."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from cvgorod_hub.keeping import target
from cvgorod_hub.keeping.errors import SetupError
from cvgorod_hub.keeping.restore import hub_tables
from tests.keeping.databases import all_rows, own_url, query
from tests.marks import committed

pytestmark = committed

Session = psycopg.Connection[tuple]


@pytest.fixture
def session(empty_database: str) -> Iterator[Session]:
    with psycopg.connect(empty_database, autocommit=True) as session:
        yield session


def is_read_only(url: str) -> bool:
    return query(url, "SHOW default_transaction_read_only") == [("on",)]


def test_the_hubs_own_tables_are_known() -> None:
    assert all_rows(own_url()).keys() == hub_tables()


def test_what_belongs_to_another_program_is_left_alone(session: Session) -> None:
    """A slip in DATABASE_URL: none of the tables that a hub fills is there."""
    session.execute("CREATE TABLE orders (id bigint)")
    session.execute("CREATE FUNCTION theirs() RETURNS int LANGUAGE sql RETURN 1")

    with pytest.raises(SetupError, match=r"holds what is not the hub's: orders\."):
        target.refuse_unless_free(session, hubs=hub_tables())


def test_functions_beside_no_hub_stay(session: Session) -> None:
    session.execute("CREATE FUNCTION theirs() RETURNS int LANGUAGE sql RETURN 1")

    target.empty(session)

    assert session.execute("SELECT theirs()").fetchone() == (1,)


def test_a_living_hub_that_somebody_made_read_only_is_no_broken_restore(
    session: Session, empty_database: str
) -> None:
    """As one does before a move, or a provider when the disk is full."""
    session.execute("CREATE TABLE messages AS SELECT 1 AS id")
    name = sql.Identifier(session.info.dbname)
    session.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))

    with pytest.raises(SetupError, match="this database is in use: messages holds rows"):
        target.refuse_unless_free(session, hubs=hub_tables())


def test_what_a_broken_restore_left_is_known_by_its_being_closed(session: Session) -> None:
    session.execute("CREATE TABLE messages AS SELECT 1 AS id")
    with pytest.raises(SetupError, match="this database is in use: messages holds rows"):
        target.refuse_unless_free(session, hubs=hub_tables())

    target.close_for_others(session)

    target.refuse_unless_free(session, hubs=hub_tables())


def test_it_is_closed_until_it_is_opened(session: Session, empty_database: str) -> None:
    target.close_for_others(session)
    assert (is_read_only(empty_database), target.is_unfinished(session)) == (True, True)

    target.open_for_all(session)

    assert (is_read_only(empty_database), target.is_unfinished(session)) == (False, False)


def test_whoever_came_in_just_before_it_was_closed_is_noticed(session: Session, empty_database: str) -> None:
    """They could still write: a setting of the database holds for new sessions."""
    target.refuse_unless_free(session, hubs=hub_tables())
    with (
        psycopg.connect(empty_database, application_name="collector"),
        pytest.raises(SetupError, match="collector"),
    ):
        target.close_for_others(session)

    assert (is_read_only(empty_database), target.is_unfinished(session)) == (False, False)


def test_sessions_of_other_roles_count_though_nobody_is_told_of_them(
    session: Session, empty_database: str
) -> None:
    """To a role without privileges PostgreSQL says no more of them than a name."""
    session.execute("SET ROLE pg_signal_backend")

    with psycopg.connect(empty_database), pytest.raises(SetupError, match="1 other sessions"):
        target.refuse_unless_free(session, hubs=hub_tables())
