"""The indexes of an empty hub while a whole history comes."""

from collections.abc import Iterator

import pytest
from django.db import connection

from cvgorod_hub.old_hub import indexes
from cvgorod_hub.old_hub.checkpoints import ONLY_ONE
from cvgorod_hub.old_hub.migrating import Hooks
from cvgorod_hub.runner import preparation
from messaging.models import Message
from tests.factories import MessageFactory
from tests.marks import committed
from tests.old_hub.conftest import Bring, other_session
from tests.old_hub.old_database import OldHub

pytestmark = committed
KEPT = {"messages_pkey", "messages_chat_timestamp"}
SET_ASIDE = {"messages_search", "messages_timestamp", "messages_changed", "analysis_intent"}


@pytest.fixture(autouse=True)
def two_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "MANY", 2)


@pytest.fixture
def three(old: OldHub) -> OldHub:
    old.chat()
    old.person()
    for _ in range(3):
        old.message("Нужны розы")
    return old


@pytest.fixture
def hub_without_indexes() -> Iterator[set[str]]:
    """As a killed run leaves it. What indexes there were."""
    before = definitions()
    indexes.drop()
    assert names() & SET_ASIDE == set()
    yield before
    indexes.build_missing()


def definitions() -> set[str]:
    """Of the indexes that can be used."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indisvalid "
            "AND indrelid IN ('messages'::regclass, 'message_analysis'::regclass)"
        )
        return {definition for (definition,) in cursor.fetchall()}


def names() -> set[str]:
    return {definition.split("INDEX ")[1].split(" ON ")[0] for definition in definitions()}


class Watcher:
    """What indexes there are behind each batch of messages."""

    def __init__(self) -> None:
        self.seen: list[set[str]] = []
        self.hooks = Hooks(on_progress=self._look)

    def _look(self, table: str, rows: int) -> None:
        if table == "messages" and rows:
            self.seen.append(names())


def test_they_are_set_aside_and_the_same_in_the_end(three: OldHub, bring: Bring) -> None:
    before, watcher = definitions(), Watcher()

    bring(watcher.hooks, rows=2)

    assert [(there >= KEPT, there & SET_ASIDE) for there in watcher.seen] == [(True, set()), (True, set())]
    assert definitions() == before
    assert Message.objects.search("роза").count() == 3


def test_a_hub_with_messages_of_its_own_keeps_them(three: OldHub, bring: Bring) -> None:
    MessageFactory()
    watcher = Watcher()

    bring(watcher.hooks)

    assert [there & SET_ASIDE for there in watcher.seen] == [SET_ASIDE]


def test_what_breaks_off_leaves_them_there(three: OldHub, bring: Bring) -> None:
    before = definitions()

    def break_off(table: str, rows: int) -> None:
        if table == "messages" and rows:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring(Hooks(on_progress=break_off), rows=2)

    assert Message.objects.count() == 2
    assert definitions() == before


def test_the_next_start_of_the_hub_builds_what_a_killed_run_left_out(hub_without_indexes: set[str]) -> None:
    preparation.migrate()

    assert definitions() == hub_without_indexes


def test_the_next_run_builds_them_too(hub_without_indexes: set[str], three: OldHub, bring: Bring) -> None:
    bring()

    assert definitions() == hub_without_indexes


def test_a_start_beside_a_run_at_work_leaves_them_to_it(hub_without_indexes: set[str]) -> None:
    with other_session() as session:
        session.execute("SELECT pg_advisory_lock(%s)", [ONLY_ONE])
        preparation.migrate()

    assert definitions() < hub_without_indexes


def test_one_that_was_not_built_whole_is_built_anew(hub_without_indexes: set[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX messages_timestamp ON messages (id)")
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'messages_timestamp'::regclass"
        )

    preparation.migrate()

    assert definitions() == hub_without_indexes
