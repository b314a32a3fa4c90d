"""Regular expressions that cannot hang the collector.

Python's `re` backtracks and cannot be interrupted once it runs, so an expression is admitted by its worst
case instead: the number of ways in which it can try to match a text of LONGEST_TEXT characters is worked
out from its syntax tree, and more than MOST_STEPS are refused, when a rule is saved and again when it is
loaded (a rule may have been written by SQL). What is admitted ends within milliseconds on any text.
"""

import re
from re import _constants as sre  # type: ignore[attr-defined]  # typeshed leaves both modules out;
from re import _parser  # type: ignore[attr-defined]  # Python's own compiler is built on them
from typing import Any

LONGEST_EXPRESSION = 500
# Characters of a message that an expression sees.
LONGEST_TEXT = 1000
# Some 20 to 60 ms of Python's matcher.
MOST_STEPS = 2_000_000
_SATURATED = 10**12
# Whether two characters' sets can meet is asked of these.
_PROBES = [chr(code) for code in (*range(9, 14), *range(32, 127), *range(0x400, 0x460), 0x2014, 0x1F338)]


class RegexError(ValueError):
    """An expression is broken, or could run too long; the message says which, in one sentence."""


def compile_safely(expression: str) -> re.Pattern[str]:
    """Compile an expression (case ignored). Raises RegexError."""
    if len(expression) > LONGEST_EXPRESSION:
        raise RegexError(f"The expression is longer than {LONGEST_EXPRESSION} characters.")
    try:
        tree = _parser.parse(expression, re.IGNORECASE)
        steps = _ways(list(tree)) * LONGEST_TEXT
        pattern = re.compile(expression, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        raise RegexError(f"This is no regular expression: {error}.") from None
    if pattern.match("") is not None:
        raise RegexError("The expression matches every message, an empty one too.")
    if steps > MOST_STEPS:
        raise RegexError(
            "The expression could run too long on some message: it repeats a repetition, or holds several "
            "of .* or similar. Say how many instead, for example .{0,30}."
        )
    return pattern


def search(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return pattern.search(text[:LONGEST_TEXT])


def _ways(nodes: list[tuple[Any, Any]]) -> int:
    """In how many ways these nodes, one after another, can match from one place."""
    ways = 1
    for position, (kind, value) in enumerate(nodes):
        ways = min(_SATURATED, ways * _ways_of(kind, value, nodes[position + 1 :]))
    return ways


def _ways_of(kind: Any, value: Any, following: list[tuple[Any, Any]]) -> int:  # noqa: ANN401  (sre's own tree)
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        least, most, body = value
        return _ways_of_repeat(int(least), int(most), list(body), following)
    if kind is sre.BRANCH:
        return min(_SATURATED, sum(_ways(list(branch)) for branch in value[1]))
    if kind is sre.SUBPATTERN:
        return _ways(list(value[3]))
    if kind is sre.ATOMIC_GROUP:
        return _ways(list(value))
    if kind in (sre.ASSERT, sre.ASSERT_NOT):
        return _ways(list(value[1]))
    if kind in (sre.GROUPREF, sre.GROUPREF_EXISTS):
        raise RegexError("References to groups (\\1) are not supported: they can run too long.")
    return 1


def _ways_of_repeat(
    least: int, most: int, body: list[tuple[Any, Any]], following: list[tuple[Any, Any]]
) -> int:
    most = min(most, LONGEST_TEXT)
    inner = _ways(body)
    if inner > 1:
        endless = most > 40
        return _SATURATED if endless else min(_SATURATED, inner**most * (most - least + 1))
    if len(body) == 1 and following and not _can_meet(body[0], following[0]):
        return 1  # \d+ before a letter: giving back a digit never helps, and that is seen at once
    return max(1, most - least + 1)


def _can_meet(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    """Whether one character can be read as either node; True where that is not plain to see."""
    first, second = _characters(one), _characters(other)
    return first is None or second is None or not first.isdisjoint(second)


def _characters(node: tuple[Any, Any]) -> set[str] | None:
    """The probes that a node of one mandatory character matches; None for any other node."""
    kind, value = node
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT) and value[0] > 0 and len(value[2]) == 1:
        return _characters(value[2][0])
    if kind is sre.LITERAL:
        letter = chr(value)
        return {letter.lower(), letter.upper()}
    if kind is not sre.IN:
        return None
    return {probe for probe in _PROBES if _is_in(probe, value)}


def _is_in(probe: str, members: list[tuple[Any, Any]]) -> bool:
    negated = bool(members) and members[0][0] is sre.NEGATE
    found = any(_is_member(probe, kind, value) for kind, value in members if kind is not sre.NEGATE)
    return found != negated


def _is_member(probe: str, kind: Any, value: Any) -> bool:  # noqa: ANN401
    codes = {ord(probe.lower()), ord(probe.upper())}
    if kind is sre.LITERAL:
        return value in codes
    if kind is sre.RANGE:
        return any(value[0] <= code <= value[1] for code in codes)
    digit, space = probe.isdigit(), probe.isspace()
    word = probe.isalnum() or probe == "_"
    return bool({
        sre.CATEGORY_DIGIT: digit, sre.CATEGORY_NOT_DIGIT: not digit,
        sre.CATEGORY_SPACE: space, sre.CATEGORY_NOT_SPACE: not space,
        sre.CATEGORY_WORD: word, sre.CATEGORY_NOT_WORD: not word,
    }.get(value, True))  # fmt: skip
