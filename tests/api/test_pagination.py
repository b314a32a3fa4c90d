"""Pages by key: no row twice, none missing, whatever arrives meanwhile; nothing counted."""

import base64
import itertools
import re
from datetime import datetime, timedelta

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cvgorod_hub.api.keysets import Cursor, Keyset
from messaging.models import Chat, Message
from tests.api.conftest import Caller
from tests.factories import NOW, ChatFactory, MessageFactory, PersonFactory
from tests.partitions import EVERYWHERE

BY_TIME = Keyset({"timestamp": datetime, "id": int})
numbers = itertools.count(1_000_000)


def store(chat: Chat, seconds: list[int]) -> list[int]:
    """Messages at these seconds; ties on purpose."""
    rows = Message.objects.bulk_create(
        Message(chat=chat, telegram_message_id=next(numbers), timestamp=NOW + timedelta(seconds=second))
        for second in seconds
    )
    return [row.pk for row in rows]


def walk(reader: Caller, path: str, link: str = "next", **parameters: object) -> list[list[dict]]:
    """All pages from the first on."""
    pages = []
    answer = reader.get(path, **parameters).json()
    while True:
        pages.append(answer["results"])
        if answer[link] is None:
            return pages
        answer = reader.follow(answer[link]).json()


def flat(pages: list[list[dict]]) -> list[int]:
    return [row["id"] for page in pages for row in page]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 10, 11, 1000])
def test_pages_hold_every_row_once_in_order(reader: Caller, limit: int) -> None:
    stored = store(ChatFactory(), [0, 0, 0, 0, 0, 0, 1, 1, 5, 5])

    pages = walk(reader, "messages", limit=limit)

    assert flat(pages) == stored[::-1]
    assert all(len(page) == limit for page in pages[:-1])
    assert 0 < len(pages[-1]) <= limit


def test_no_rows_is_one_empty_page(reader: Caller) -> None:
    assert reader.get("messages").json() == {"next": None, "previous": None, "results": []}


def test_a_hundred_rows_are_a_page(reader: Caller) -> None:
    store(ChatFactory(), [0] * 101)

    first = reader.get("messages").json()

    assert len(first["results"]) == 100
    assert first["previous"] is None


def test_previous_leads_back_the_same_way(reader: Caller) -> None:
    store(ChatFactory(), [0] * 10)
    first = reader.get("messages", limit=4).json()
    second = reader.follow(first["next"]).json()
    third = reader.follow(second["next"]).json()
    assert third["next"] is None

    back_to_second = reader.follow(third["previous"]).json()
    back_to_first = reader.follow(back_to_second["previous"]).json()

    assert back_to_second["results"] == second["results"]
    assert back_to_first["results"] == first["results"]
    assert back_to_first["previous"] is None
    assert reader.follow(back_to_first["next"]).json()["results"] == second["results"]


def test_previous_finds_what_has_arrived(reader: Caller) -> None:
    chat = ChatFactory()
    store(chat, [0] * 4)
    first = reader.get("messages", limit=2).json()
    second = reader.follow(first["next"]).json()
    arrived = store(chat, [1, 2, 3])

    back = reader.follow(second["previous"]).json()
    newer = reader.follow(back["previous"]).json()

    assert back["results"] == first["results"]
    assert [row["id"] for row in newer["results"]] == [arrived[1], arrived[0]]
    assert [row["id"] for row in reader.follow(newer["previous"]).json()["results"]] == [arrived[2]]


def test_links_keep_words_that_were_not_escaped(reader: Caller) -> None:
    MessageFactory.create_batch(3, text="Роза")

    first = reader.follow("/api/v1/messages?search=роза&limit=1").json()

    assert "search=%D1%80%D0%BE%D0%B7%D0%B0" in first["next"]
    assert len(reader.follow(first["next"]).json()["results"]) == 1


def test_links_keep_the_filters(reader: Caller) -> None:
    wanted, other = ChatFactory(), ChatFactory()
    stored = store(wanted, [0] * 5)
    store(other, [0] * 5)

    answer = reader.get("messages", chat_id=wanted.pk, limit=2).json()

    assert answer["next"].startswith("http://testserver/api/v1/messages?")
    assert flat(walk(reader, "messages", chat_id=wanted.pk, limit=2)) == stored[::-1]


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.lists(st.integers(0, 3), min_size=1, max_size=25),
    arriving=st.lists(st.lists(st.integers(0, 5), max_size=4), max_size=30),
    limit=st.integers(1, 6),
)
def test_rows_that_arrive_between_pages_disturb_nothing(
    reader: Caller, before: list[int], arriving: list[list[int]], limit: int
) -> None:
    chat = ChatFactory()
    there = set(store(chat, before))
    seen: list[int] = []
    answer = reader.get("messages", chat_id=chat.pk, limit=limit).json()
    inserts = iter(arriving)
    while True:
        seen += [row["id"] for row in answer["results"]]
        if answer["next"] is None:
            break
        store(chat, next(inserts, []))
        answer = reader.follow(answer["next"]).json()

    assert len(seen) == len(set(seen)), "a row came twice"
    assert there <= set(seen), "a row is missing"


@pytest.mark.parametrize("path", ["chats", "clients"])
def test_lists_that_order_by_first_sight_do_not_shift_when_somebody_writes(reader: Caller, path: str) -> None:
    for _ in range(5):
        MessageFactory(chat=ChatFactory(last_message_at=NOW))
    expected = flat(walk(reader, path))
    first = reader.get(path, limit=2).json()

    Chat.objects.update(last_message_at=NOW + timedelta(days=1))
    PersonFactory._meta.model.objects.update(last_seen=NOW + timedelta(days=1))

    seen = [row["id"] for row in first["results"]]
    answer = reader.follow(first["next"]).json()
    seen += [row["id"] for row in answer["results"]]
    seen += [row["id"] for row in reader.follow(answer["next"]).json()["results"]]
    assert seen == expected


BROKEN = [
    "x",
    "====",
    "курсор",
    "W10",  # []
    "e30",  # {}
    "bnVsbA",  # null
    "MQ",  # 1
    base64.urlsafe_b64encode(orjson.dumps([1, "2026-11-22T09:00:00+00:00"])).decode(),
    base64.urlsafe_b64encode(orjson.dumps([1, "2026-11-22T09:00:00", 1])).decode(),
    base64.urlsafe_b64encode(orjson.dumps([1, "yesterday", 1])).decode(),
    base64.urlsafe_b64encode(orjson.dumps([1, "2026-11-22T09:00:00+00:00", "1"])).decode(),
    base64.urlsafe_b64encode(orjson.dumps([1, "2026-11-22T09:00:00+00:00", True])).decode(),
    base64.urlsafe_b64encode(orjson.dumps([1, "2026-11-22T09:00:00+00:00", 2**63])).decode(),
    base64.urlsafe_b64encode(orjson.dumps([2, "2026-11-22T09:00:00+00:00", 1])).decode(),
    base64.urlsafe_b64encode(orjson.dumps([[], "2026-11-22T09:00:00+00:00", 1])).decode(),
    "A" * 5000,
]


@pytest.mark.parametrize("cursor", BROKEN)
def test_a_broken_cursor_is_a_400_that_names_it(reader: Caller, cursor: str) -> None:
    answer = reader.get("messages", cursor=cursor)

    assert answer.status_code == 400
    assert answer.json() == {
        "detail": "cursor: Not a cursor of this list; take it from `next`.",
        "errors": {"cursor": ["Not a cursor of this list; take it from `next`."]},
    }


# Lists by what their cursors hold: one of another kind is none of theirs.
KINDS = {
    "a time and a number": ["messages", "clients", "chats", "sandbox/pending", "analytics/unanswered"],
    "two numbers": ["messages?search=роза&ordering=rank"],
    "a number": ["chats/{chat}/participants"],
}
FOREIGN = {
    "a time and a number": Cursor((NOW, 1)),
    "two numbers": Cursor((1, 2)),
    "a number": Cursor((1,)),
}


@pytest.mark.parametrize(
    ("path", "foreign"),
    [(path, name) for kind, paths in KINDS.items() for path in paths for name in FOREIGN if name != kind],
)
def test_a_cursor_of_another_list_is_a_400(reader: Caller, path: str, foreign: str) -> None:
    url = reader.url(path.format(chat=MessageFactory().chat_id))
    cursor = FOREIGN[foreign].encode()

    answer = reader.follow(f"{url}{'&' if '?' in url else '?'}cursor={cursor}")

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"cursor"}


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "1e3", "ten", "10.0", "9" * 400, "٣", "１０", "+5"])
def test_a_limit_that_cannot_be_is_a_400_that_names_it(reader: Caller, limit: str) -> None:
    answer = reader.get("messages", limit=limit)

    assert answer.status_code == 400
    assert answer.json()["errors"] == {"limit": ["Not a whole number from 1 to 1000."]}


@given(
    key=st.tuples(st.datetimes(timezones=st.just(NOW.tzinfo)), st.integers(-(2**63), 2**63 - 1)),
    forward=st.booleans(),
)
def test_a_cursor_says_what_it_was_told(key: tuple[datetime, int], forward: bool) -> None:
    cursor = Cursor(key, forward=forward)

    text = cursor.encode()

    assert Cursor.decode(text, BY_TIME) == cursor
    assert text.isascii()
    assert not set(text) & set("+/=&?#%")


@pytest.mark.parametrize(
    ("parameters", "index"),
    [({}, "messages_timestamp"), ({"chat_id": True}, "messages_chat_timestamp")],
)
def test_a_deep_page_is_read_from_the_index(reader: Caller, parameters: dict[str, bool], index: str) -> None:
    chat = ChatFactory()
    store(chat, [second // 20 for second in range(2000)])
    for _ in range(4):
        store(ChatFactory(), [second // 20 for second in range(2000)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE messages")
    filters = dict.fromkeys(parameters, chat.pk)
    first = reader.get("messages", limit=1000, **filters).json()

    with CaptureQueriesContext(connection) as queries:
        reader.follow(first["next"].replace("limit=1000", "limit=10"))
    page = next(query["sql"] for query in queries if 'FROM "messages"' in query["sql"])
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + page.replace("%", "%%"))
        plan = "\n".join(row[0] for row in cursor.fetchall())

    scanned = f"{index}_before on messages_before" if EVERYWHERE else f"{index} on messages"
    assert f"Index Scan Backward using {scanned}" in plan
    assert '(ROW("timestamp", id) < ROW(' in plan
    scan = plan.split(scanned, 1)[1].split("->", 1)[0]
    assert "Filter" not in scan
    assert not re.search(r"->\s+(Incremental )?Sort", plan)
    assert "COUNT" not in page
