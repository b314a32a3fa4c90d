"""A hub that was restored into a new cluster, where transactions are counted from the beginning."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from cvgorod_hub.api.hooks.events import Event
from cvgorod_hub.api.hooks.models import WebhookEndpoint
from messaging.restored import forget_foreign_transactions
from tests.factories import MessageFactory
from tests.hooks.test_messages_announced import announce, told
from tests.keeping.databases import own_url
from tests.marks import committed

pytestmark = committed

MakeEndpoint = Callable[..., WebhookEndpoint]
# A transaction that the cluster of the tests never comes to.
ELSEWHERE = 2**50


@pytest.fixture
def session() -> Iterator["psycopg.Connection[tuple]"]:
    """As a restore has one: there are no triggers yet."""
    with psycopg.connect(own_url(), autocommit=True) as session:
        session.execute("SET session_replication_role = replica")
        yield session


def changed(session: "psycopg.Connection[tuple]", *transactions: int) -> list[int]:
    """Messages that these transactions of another cluster changed; their ids."""
    messages = [MessageFactory.create() for _each in transactions]
    for message, transaction in zip(messages, transactions, strict=True):
        session.execute(
            "UPDATE messages SET changed_xid = %s WHERE id = %s", [ELSEWHERE + transaction, message.pk]
        )
    return [message.pk for message in messages]


def standing(make_endpoint: MakeEndpoint, name: str, place: tuple[int, int]) -> WebhookEndpoint:
    """One that heard everything up to this place."""
    xid, number = place
    return make_endpoint(name=name, events=[Event.MESSAGE_NEW], feed_xid=ELSEWHERE + xid, feed_id=number)


def test_what_a_webhook_was_not_told_yet_it_is_told_once(
    make_endpoint: MakeEndpoint, session: "psycopg.Connection[tuple]"
) -> None:
    # The first was edited last, so each place lies between changes, not between ids.
    last, first, second = changed(session, 5, 2, 3)
    behind = standing(make_endpoint, "behind", (2, first))
    nearly = standing(make_endpoint, "nearly", (5, 0))
    paused = standing(make_endpoint, "paused for long", (1, 0))
    whole = standing(make_endpoint, "up to date", (9, 0))

    assert forget_foreign_transactions(session)
    announce()

    assert told(behind) == [second, last]
    assert told(nearly) == [last]
    assert told(paused) == [first, second, last]
    assert told(whole) == []
    new = MessageFactory.create().pk
    announce()
    assert [told(each)[-1] for each in (behind, nearly, paused, whole)] == [new] * 4
    assert len(told(paused)) == 4


def test_what_comes_before_the_first_look_is_told_to_who_stood_ahead_of_everything(
    make_endpoint: MakeEndpoint, session: "psycopg.Connection[tuple]"
) -> None:
    """Places move on by transactions of all kinds, so one may lie ahead of all messages."""
    MessageFactory.create()
    follower = standing(make_endpoint, "follower", (0, 0))

    assert forget_foreign_transactions(session)
    new = MessageFactory.create().pk
    announce()

    assert told(follower) == [new]


def test_in_the_same_cluster_nothing_changes(
    make_endpoint: MakeEndpoint, session: "psycopg.Connection[tuple]"
) -> None:
    message = MessageFactory.create()
    follower = make_endpoint(events=[Event.MESSAGE_NEW], feed_xid=3, feed_id=1)

    assert not forget_foreign_transactions(session)

    message.refresh_from_db()
    follower.refresh_from_db()
    assert message.changed_xid > 3
    assert (follower.feed_xid, follower.feed_id) == (3, 1)
