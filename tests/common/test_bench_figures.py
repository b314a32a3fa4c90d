"""What `make bench` reads and prints; the measures themselves are no tests."""

import random

import pytest

from tests.bench.api import calls, pgbench, words, wrk
from tests.bench.rows import Goal, Row, as_document, as_table

COUNTED = (
    'RESULT {"requests": 300, "microseconds": 2000000, "bytes": 600000, "connect": 0, "read": 1, '
    '"write": 0, "status": 2, "timeout": 0, "p99": 1500}\n'
)
TPS = "number of failed transactions: %d (0.000%%)\ntps = 1481.46 (without initial connection time)\n"


def row(**changes: object) -> Row:
    fields = {"name": "api.x", "value": 50.0, "bound": 100.0, "unit": "/s", "goal": Goal(least=0.5)}
    return Row(**{**fields, "lean": 100.0, "against": "lean", **changes})


def test_what_wrk_counted_is_read() -> None:
    outcome = wrk.parse(f"Running 2s test\n{COUNTED}")

    assert (outcome.per_second, outcome.bytes_each) == (150, 2000)
    assert outcome.errors == "1 read, 2 status"


def test_wrk_that_says_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="did not say"):
        wrk.parse("unable to connect")


def test_a_wrk_script_holds_paths_and_bodies_as_lua_reads_them() -> None:
    load = wrk.Load(url="http://127.0.0.1:1", paths=["/a?search=%D1%80"], key="k", bodies=['{"text": "Да"}'])

    script = wrk.script_for(load, "run")

    assert '{"/a?search=%D1%80"}' in script
    assert r'{"{\"text\": \"Да\"}"}' in script


def test_what_pgbench_did_is_read() -> None:
    assert pgbench.parse(TPS % 0) == 1481.46


def test_a_failed_transaction_of_pgbench_is_an_error() -> None:
    with pytest.raises(ValueError, match="did not do all"):
        pgbench.parse(TPS % 3)


def test_a_statement_that_pgbench_would_misread_is_refused() -> None:
    with pytest.raises(ValueError, match="variable"):
        pgbench.script_of(["SELECT 'mailto:anna'"])


def test_goals_are_judged_as_the_table_shows_them() -> None:
    assert row(value=49.6).verdict == "ok"
    assert row(value=49.4).verdict == "below goal"
    assert row(value=121.0, goal=Goal(most=1.2)).verdict == "below goal"
    assert row(goal=Goal()).verdict == ""


def test_the_table_says_beside_what_a_ratio_is() -> None:
    assert as_table([row()]).splitlines()[1].endswith("0.50  at least 0.50 × lean: ok")


def test_the_document_names_what_each_did() -> None:
    document = as_document([row(pgbench=200.0)])["api.x"]

    assert {name: document[name] for name in ("ours", "lean", "pgbench", "ratio", "unit")} == {
        "ours": 50.0,
        "lean": 100.0,
        "pgbench": 200.0,
        "ratio": 0.5,
        "unit": "/s",
    }


def test_words_that_are_searched_for_come_as_often_as_the_mix_says() -> None:

    dice = random.Random(1)  # noqa: S311
    texts = [words.make_text(number, dice).split() for number in range(20_000)]

    for word, forms, per_million in words.MIX[:4]:
        found = sum(any(form in text for form in forms) for text in texts)
        assert found == per_million * 20_000 // 1_000_000, word


def test_names_of_calls_are_unique_and_what_they_stand_beside_exists() -> None:
    assert len(calls.BY_NAME) == len(calls.CALLS)
    assert {call.beside for call in calls.CALLS} <= {"lean", "pgbench", "first page", *calls.BY_NAME}
