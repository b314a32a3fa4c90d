"""`search` of messages over the API: order by rank, marks, and pages of frequent words."""

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain

import pytest
from django.http import HttpResponse

from messaging.api import searching
from messaging.models import Message
from messaging.search import compile_query, plans
from tests.api.conftest import Caller
from tests.factories import NOW, ChatFactory, MessageFactory

pytestmark = pytest.mark.django_db


def store(*texts: str) -> list[int]:
    chat = ChatFactory()
    return [
        MessageFactory(chat=chat, text=text, timestamp=NOW + timedelta(seconds=number)).pk
        for number, text in enumerate(texts)
    ]


def ids(answer: HttpResponse) -> list[int]:
    return [row["id"] for row in answer.json()["results"]]


def pages(reader: Caller, **parameters: str) -> list[list[int]]:
    answer = reader.get("messages", **parameters)
    found = [ids(answer)]
    while answer.json()["next"]:
        answer = reader.follow(answer.json()["next"])
        found.append(ids(answer))
    return found


def pages_back(reader: Caller, **parameters: str) -> list[list[int]]:
    """From the page before the last one to the first."""
    answer = reader.get("messages", **parameters)
    while answer.json()["next"]:
        answer = reader.follow(answer.json()["next"])
    found = []
    while answer.json()["previous"]:
        answer = reader.follow(answer.json()["previous"])
        found.append(ids(answer))
    return found


def test_what_fits_best_comes_first(reader: Caller) -> None:
    once, twice, other = store("роза и много иных слов рядом с нею", "роза, роза", "тюльпан")

    assert ids(reader.get("messages", search="розы", ordering="rank")) == [twice, once]
    assert ids(reader.get("messages", search="розы", ordering="newest")) == [twice, once]
    assert ids(reader.get("messages", search="-розы", ordering="rank")) == [other]


def test_pages_by_rank_hold_each_row_once(reader: Caller) -> None:
    stored = store(*(f"{'роза ' * (number % 3 + 1)}слово" for number in range(9)))

    found = pages(reader, search="роза", ordering="rank", limit="2")

    assert sorted(chain(*found)) == stored
    assert [len(page) for page in found] == [2, 2, 2, 2, 1]


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"ordering": "rank"}, {"ordering"}),
        ({"highlight": "1"}, {"highlight"}),
        ({"search": "роза", "ordering": "best"}, {"ordering"}),
        ({"search": "роза", "highlight": "so"}, {"highlight"}),
        ({"search": "роза", "ordering": "rank", "after": "latest"}, {"ordering"}),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    reader: Caller, parameters: dict[str, str], named: set[str]
) -> None:
    answer = reader.get("messages", **parameters)

    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == named


def test_marks_come_when_asked_for(reader: Caller) -> None:
    store("<b>Розы</b> есть")

    [plain] = reader.get("messages", search="роза").json()["results"]
    [marked] = reader.get("messages", search="роза", highlight="1").json()["results"]

    assert "highlight" not in plain
    assert marked == {**plain, "highlight": "&lt;b&gt;<mark>Розы</mark>&lt;/b&gt; есть"}


@pytest.fixture
def _roses_are_listed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if every other message held a rose."""
    monkeypatch.setattr(plans, "_read_statistics", lambda: {"роза": 0.5})
    plans._frequencies._kept.clear()
    yield
    plans._frequencies._kept.clear()


@pytest.mark.usefixtures("_roses_are_listed")
@pytest.mark.parametrize("length", [3, 1000])
def test_pages_of_a_frequent_word_hold_each_row_once(
    reader: Caller, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    stored = store(*(["тюльпан"] * 5 + ["роза", "тюльпан"] * 5))
    monkeypatch.setattr(plans, "LONGEST_WALK", length)

    found = pages(reader, search="роза", limit="2")

    assert list(chain(*found)) == [pk for pk in reversed(stored) if Message.objects.get(pk=pk).text == "роза"]
    assert [len(page) for page in found] == [2, 2, 1]


@pytest.mark.usefixtures("_roses_are_listed")
@pytest.mark.parametrize("length", [1, 4, 16, 1000])
def test_pages_of_a_less_frequent_word_hold_each_row_once_in_any_order_of_arrival(
    reader: Caller, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    chance = random.Random(length)  # noqa: S311
    stored = store(*(chance.choice(["тюльпан", "роза"]) for _ in range(40)))
    for pk in stored:
        Message.objects.filter(pk=pk).update(timestamp=NOW + timedelta(seconds=chance.randrange(20)))
    monkeypatch.setattr(plans, "FREQUENT", 0.9)
    monkeypatch.setattr(searching, "stretch", lambda _query, _limit: length)
    roses = Message.objects.filter(text="роза").order_by("-timestamp", "-pk")

    found = pages(reader, search="роза", limit="3")
    back = pages_back(reader, search="роза", limit="3")

    assert list(chain(*found)) == list(roses.values_list("pk", flat=True))
    assert back == found[:-1][::-1]


@pytest.mark.parametrize(
    ("part", "limit", "length"),
    [(0.005, 100, 1 << 15), (0.005, 300, 1 << 17), (0.005, 1000, None), (0.0019, 1, None), (0.007, 1, None)],
)
def test_the_stretch_holds_a_page_or_is_not_worth_it(
    monkeypatch: pytest.MonkeyPatch, part: float, limit: int, length: int | None
) -> None:
    monkeypatch.setattr(plans, "_frequencies", plans.Frequencies())
    monkeypatch.setattr(plans, "_read_statistics", lambda: {"роза": part})

    assert plans.stretch(compile_query("роза"), limit) == length
