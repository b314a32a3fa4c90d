"""Regular expressions that cannot hang the collector.

Python's `re` backtracks and cannot be interrupted once it runs, so an expression is admitted by its worst
case instead: how many steps it can take on a text of LONGEST_TEXT characters is worked out from its syntax
tree, and more than MOST_STEPS are refused, when a rule is saved and again when it is loaded (a rule may
have been written by SQL). What is admitted ends within a fraction of a second on the worst text there is.
"""

import re
import warnings
from re import _constants as sre  # type: ignore[attr-defined]  # typeshed leaves both modules out;
from re import _parser  # type: ignore[attr-defined]  # Python's own compiler is built on them
from typing import Any

from django.utils.translation import gettext as _

LONGEST_EXPRESSION = 500
# Characters of a message that an expression sees.
LONGEST_TEXT = 500
MOST_STEPS = 5_000_000
# A repetition of something that can itself be read in several ways is followed this far, not further.
_MOST_COPIES = 3
# An expression has fewer nodes than LONGEST_EXPRESSION; repeats within repeats are walked again and again.
_MOST_VISITS = 20_000
# Whether two characters' sets can meet is asked of these.
_PROBES = frozenset(
    chr(code) for code in (*range(9, 14), *range(32, 127), *range(0x400, 0x460), 0x2014, 0x1F338)
)
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)

Node = tuple[Any, Any]


class RegexError(ValueError):
    """An expression is broken, or could run too long; the message says which, in one sentence."""


class _TooLongError(Exception):
    """More than MOST_STEPS, or more than _MOST_VISITS to find that out."""


def compile_safely(expression: str) -> re.Pattern[str]:
    """Compile an expression (case ignored). Raises RegexError."""
    if len(expression) > LONGEST_EXPRESSION:
        raise RegexError(
            _("The expression is longer than %(most)d characters.") % {"most": LONGEST_EXPRESSION}
        )
    try:
        with warnings.catch_warnings():
            # "[[:alpha:]]" means something else than it seems to, and will mean a third thing.
            warnings.simplefilter("error", FutureWarning)
            pattern = re.compile(expression, re.IGNORECASE)
            nodes = list(_parser.parse(expression, re.IGNORECASE))
        if _Walk().steps(nodes, [], 1) * _starts(nodes) > MOST_STEPS:
            raise _TooLongError
    except (re.error, RecursionError, OverflowError, FutureWarning) as error:
        raise RegexError(_("This is no regular expression: %(error)s.") % {"error": error}) from None
    except _TooLongError:
        raise RegexError(
            _(
                "The expression could run too long on some message: it repeats a repetition, or holds "
                "several of .* or similar. Say how many instead, for example .{0,30}."
            )
        ) from None
    if pattern.match("") is not None:
        raise RegexError(_("The expression matches every message, an empty one too."))
    return pattern


def search(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The first match in what an expression sees of a text."""
    return pattern.search(text[:LONGEST_TEXT])


def _starts(nodes: list[Node]) -> int:
    """At how many places of a text matching can get past the expression's first letters.

    "скидк" stands in a text at every fifth letter at most, as its first letter does not come again.
    """
    letters: list[int] = []
    for kind, value in nodes:
        if kind is not sre.LITERAL or value in letters[:1]:
            if kind is sre.AT and not letters:
                continue
            break
        letters.append(value)
    return LONGEST_TEXT // max(1, len(letters)) + 1


class _Walk:
    """Counts steps over an expression's tree. Raises _TooLongError, also for a tree too tangled to walk."""

    def __init__(self) -> None:
        self._visits = 0

    def steps(self, nodes: list[Node], then: list[Node], after: int) -> int:
        """The most steps that matching these nodes from one place, and what follows them, can take.

        `then` is what follows, and takes `after` steps.
        """
        for place in reversed(range(len(nodes))):
            after = self._steps_of(nodes[place], nodes[place + 1 :] + then, after)
            self._visits += 1
            if after > MOST_STEPS or self._visits > _MOST_VISITS:
                raise _TooLongError
        return after

    def _steps_of(self, node: Node, then: list[Node], after: int) -> int:
        kind, value = node
        if kind in _REPEATS:
            return self._steps_of_repeat(int(value[0]), int(value[1]), list(value[2]), then, after)
        if kind is sre.BRANCH:
            return sum(self.steps(list(branch), then, after) for branch in value[1])
        if kind is sre.SUBPATTERN:
            return self.steps(list(value[3]), then, after)
        if kind is sre.ATOMIC_GROUP:
            return self.steps(list(value), then, after)
        if kind in (sre.ASSERT, sre.ASSERT_NOT):
            return self.steps(list(value[1]), [], 1) + after
        if kind in (sre.GROUPREF, sre.GROUPREF_EXISTS):
            raise RegexError(_("References to groups (\\1) are not supported: they can run too long."))
        return 1 + after

    def _steps_of_repeat(self, least: int, most: int, body: list[Node], then: list[Node], after: int) -> int:
        if any(kind in (*_REPEATS, sre.BRANCH, sre.SUBPATTERN) for kind, _ in body):
            if most > _MOST_COPIES:
                raise _TooLongError
            copies = [after]
            for _copy in range(most):
                copies.append(self.steps(body, body + then, copies[-1]))
            return sum(copies[least:])
        most = min(most, LONGEST_TEXT)
        scanning = most * self.steps(body, [], 0)
        meets = len(body) > 1 or _can_meet(_characters(body[0]), _first(then))
        # Where nothing of the body can begin what follows, giving some of it back fails at once.
        return scanning + (max(1, most - least + 1) if meets else 1) * after


def _can_meet(one: frozenset[str] | None, other: frozenset[str] | None) -> bool:
    """Whether a character can be in both sets; True where that is not plain to see."""
    return one is None or other is None or not one.isdisjoint(other)


def _first(nodes: list[Node]) -> frozenset[str] | None:
    """The characters that these nodes can begin with; None where that is not plain to see."""
    return _opening_of(nodes)[0]


def _opening(node: Node) -> tuple[frozenset[str] | None, bool]:
    """What one node can begin with, and whether it may match nothing at all."""
    kind, value = node
    if kind is sre.AT:
        return frozenset(), True
    if kind is sre.SUBPATTERN:
        return _opening_of(list(value[3]))
    if kind is sre.BRANCH:
        each = [_opening_of(list(branch)) for branch in value[1]]
        known = [characters for characters, _ in each if characters is not None]
        whole = frozenset().union(*known) if len(known) == len(each) else None
        return whole, any(may_be_empty for _characters_of, may_be_empty in each)
    if kind in _REPEATS:
        own, may_be_empty = _opening_of(list(value[2]))
        return own, may_be_empty or value[0] == 0
    return _characters(node), False


def _opening_of(nodes: list[Node]) -> tuple[frozenset[str] | None, bool]:
    found: frozenset[str] = frozenset()
    for node in nodes:
        own, may_be_empty = _opening(node)
        if own is None:
            return None, False
        found |= own
        if not may_be_empty:
            return found, False
    return found, True


def _characters(node: Node) -> frozenset[str] | None:
    """The probes that a node of one character matches; None for any other node.

    None also for letters that are no probes: "İ" and "i" are one letter where case is ignored.
    """
    kind, value = node
    if kind is sre.LITERAL:
        return frozenset({chr(value).lower(), chr(value).upper()}) if chr(value) in _PROBES else None
    if kind is not sre.IN or not all(_is_plain(*member) for member in value):
        return None
    return frozenset(probe for probe in _PROBES if _is_in(probe, value))


def _is_plain(kind: object, value: Any) -> bool:  # noqa: ANN401  (a node of Python's own tree)
    """Whether the probes show what a member of a set matches."""
    if kind is sre.LITERAL:
        return chr(value) in _PROBES
    if kind is sre.RANGE:
        return chr(value[0]) in _PROBES and chr(value[1]) in _PROBES
    return True


def _is_in(probe: str, members: list[Node]) -> bool:
    is_negated = bool(members) and members[0][0] is sre.NEGATE
    found = any(_is_member(probe, *member) for member in members if member[0] is not sre.NEGATE)
    return found != is_negated


def _is_member(probe: str, kind: object, value: Any) -> bool:  # noqa: ANN401  (a node of Python's own tree)
    codes = {ord(probe.lower()), ord(probe.upper())}
    if kind is sre.LITERAL:
        return value in codes
    if kind is sre.RANGE:
        return any(value[0] <= code <= value[1] for code in codes)
    digit, space, word = probe.isdigit(), probe.isspace(), probe.isalnum() or probe == "_"
    categories = {
        sre.CATEGORY_DIGIT: digit,
        sre.CATEGORY_NOT_DIGIT: not digit,
        sre.CATEGORY_SPACE: space,
        sre.CATEGORY_NOT_SPACE: not space,
        sre.CATEGORY_WORD: word,
        sre.CATEGORY_NOT_WORD: not word,
    }
    return categories.get(value, True)
