"""Expressions that could hang are refused; those admitted end in time on the worst texts."""

import time

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.patterns.regexes import LONGEST_EXPRESSION, RegexError, compile_safely, search

_ATOMS = st.sampled_from(["а", "б", "[аб]", r"\w", ".", r"\s", r"\d", "[^а]", "аб"])
_REPEATS = st.sampled_from(["*", "+", "?", "*?", "{0,3}", "{2,40}", "{0,200}"])


def _grown(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(parts, min_size=2, max_size=4)
    return st.one_of(
        several.map("".join),
        several.map(lambda branches: f"(?:{'|'.join(branches)})"),
        st.tuples(parts, _REPEATS).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    )


def expression() -> st.SearchStrategy[str]:
    """Repeats, alternatives and sequences of one another, with an end that most texts do not have."""
    grown = st.recursive(_ATOMS, _grown, max_leaves=8)
    return st.tuples(grown, st.sampled_from(["", "!", "x"])).map("".join)


@pytest.mark.parametrize(
    "expression",
    [
        r"(a+)+b",
        r"(.*)*x",
        r"(\w+\s?)+$",
        r"(a|a)*b",
        r".*a.*b.*c",
        r"x*x*x*y",
        r"([а-я]+)*\d",
        r".*\d+x",
        r"İ+i+x",
        r"[İ]+i+x",
        r"ſ*s*x",
        r"а{0,500}а{0,500}б",
        r"(?:а{0,100}){0,3}б",
        r"(?=.*а)*б",
    ],
)
def test_an_expression_that_could_run_too_long_is_refused(expression: str) -> None:
    with pytest.raises(RegexError):
        compile_safely(expression)


@pytest.mark.parametrize(
    "expression",
    [r"(\w+)\1", r"(роза", "a" * 501, r"x*", r"(?P<a>x)(?P=a)", r"*роза", r"[я-а]", "[[:alpha:]]*x"],
)
def test_a_broken_or_endless_expression_is_refused_in_one_sentence(expression: str) -> None:
    with translation.override("en"), pytest.raises(RegexError) as raised:
        compile_safely(expression)

    assert str(raised.value).endswith(".")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "expression",
    [r"\d+\s*(шт|пач)", r"(?:беру|возьму)\s+\d+", r"\bскид\w+.{0,20}\?", r".*деньги", r"роз[аыу]\b",
     r"^\s*\+\s*$", r"верн\w+ .{0,30}деньги", r"\d+\s*[xх]\s*\d+"],
)  # fmt: skip
def test_an_ordinary_expression_is_admitted_and_quick_on_the_worst_texts(expression: str) -> None:
    pattern = compile_safely(expression)
    started = time.process_time()
    for text in ("а" * 4096, "1" * 4096, "+ " * 2048, "скид " * 800, "верну " * 700, " " * 4096):
        search(pattern, text)

    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "expression",
    [
        "(?:аб|ва)" * 45,
        "(?:а?|б?)" * 50 + "x",
        "(?:" * 45 + "а" + "){1,3}" * 45,
        "(?:" * 40 + "а?" + "){0,3}" * 40,
        "(?:(?:а|б)?(?:в|г)?){1,3}" * 18,
        "(?:а|б?)" * 55 + "x*y",
    ],
    ids=[
        "branches",
        "empty branches",
        "nested repeats",
        "nested empty repeats",
        "both",
        "branches of nothing",
    ],
)
def test_a_crafted_expression_is_refused_in_a_moment(expression: str) -> None:
    """Judging it must not take the time that it is judged for."""
    assert len(expression) <= LONGEST_EXPRESSION
    started = time.process_time()
    with pytest.raises(RegexError):
        compile_safely(expression)

    assert time.process_time() - started < 1


@given(expression())
@settings(max_examples=150, deadline=None)
def test_whatever_is_admitted_ends_in_time(text: str) -> None:
    try:
        pattern = compile_safely(text)
    except RegexError:
        return
    for worst in ("а" * 500, "аб" * 250, "а " * 250, "а" * 499 + "б", "1" * 500):
        started = time.process_time()
        search(pattern, worst)
        assert time.process_time() - started < 1


def test_letters_match_in_either_case() -> None:
    assert search(compile_safely("роза"), "РОЗА") is not None
