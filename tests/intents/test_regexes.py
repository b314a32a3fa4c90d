"""Expressions that could hang are refused; those admitted end in time on the worst texts."""

import time

import pytest
from django.utils import translation

from intents.regexes import RegexError, compile_safely, search


@pytest.mark.parametrize(
    "expression",
    [r"(a+)+b", r"(.*)*x", r"(\w+\s?)+$", r"(a|a)*b", r".*a.*b.*c", r"x*x*x*y", r"([а-я]+)*\d", r".*\d+x"],
)
def test_an_expression_that_could_run_too_long_is_refused(expression: str) -> None:
    with pytest.raises(RegexError):
        compile_safely(expression)


@pytest.mark.parametrize(
    "expression", [r"(\w+)\1", r"(роза", "a" * 501, r"x*", r"(?P<a>x)(?P=a)", r"*роза", r"[я-а]"]
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


def test_letters_match_in_either_case() -> None:
    assert search(compile_safely("роза"), "РОЗА") is not None
