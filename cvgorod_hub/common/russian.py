"""Russian words: the dictionary, the letters, and slips of the pen.

Everything is lower case with ё written as е.
"""

from functools import cache, lru_cache
from typing import Any

LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
# Shorter unknown words are abbreviations and slang, where one other letter is another word.
SHORTEST_MISSPELT = 5
_YO = str.maketrans("ёЁ", "еЕ")
# The dictionary has thousands of names that nobody bears, and "гартензия" is one of them.
_PEOPLE = frozenset({"Name", "Surn", "Patr"})
_NAMES = _PEOPLE | {"Geox", "Orgn", "Trad"}
_VOWELS = frozenset("аеиоуыэюяй")
_SOUND_ALIKE = frozenset(
    map(frozenset, ("бп", "вф", "гк", "дт", "жш", "зс", "шщ", "чщ", "цс", "ьъ", "гх", "кх", "ув"))
)
_SILENT = frozenset("ьъ")


def without_yo(text: str) -> str:
    """Lower case, ё as е: how words are compared."""
    return text.lower().translate(_YO)


@cache
def analyzer() -> Any:  # noqa: ANN401  (pymorphy3 is not typed)
    """The dictionary of forms. 15 MB: loaded by the first word, not by every command."""
    import pymorphy3

    return pymorphy3.MorphAnalyzer()


@lru_cache(maxsize=50_000)
def is_known(word: str) -> bool:
    """Whether the dictionary has the word, ё or not."""
    return bool(analyzer().dictionary.words.similar_keys(word, _yo_for_e()))


@cache
def _yo_for_e() -> Any:  # noqa: ANN401
    return analyzer().dictionary.words.compile_replaces({"е": "ё"})


@lru_cache(maxsize=50_000)
def is_rare_name(word: str) -> bool:
    """Whether all that the dictionary knows by this word are names that its texts mention in no form."""
    known = [parse for parse in analyzer().parse(word) if parse.is_known]
    return bool(known) and all(_PEOPLE & parse.tag.grammemes and not _is_mentioned(parse) for parse in known)


def _is_mentioned(name: Any) -> bool:  # noqa: ANN401  (pymorphy3 is not typed)
    """«Павел» is counted in no text of the corpus, «Павла» is."""
    probability = analyzer().prob_estimator.p_t_given_w.prob
    return any(probability(form.word, str(form.tag)) for form in name.lexeme)


def is_name(word: str) -> bool:
    """Whether the word may be a person's, a place's or a firm's name."""
    return any(_NAMES & parse.tag.grammemes for parse in analyzer().parse(word))


def without_one_letter(word: str) -> set[str]:
    """The word and all it becomes by losing one letter: two words one slip apart share one of these."""
    return {word} | {word[:i] + word[i + 1 :] for i in range(len(word))}


def is_one_slip(one: str, other: str) -> bool:
    """Whether one letter was added, lost or replaced, or two neighbours changed places."""
    if abs(len(one) - len(other)) > 1:
        return False
    rest, other_rest = _where_they_differ(one, other)
    return (
        rest[1:] == other_rest[1:]
        or rest[1:] == other_rest
        or rest == other_rest[1:]
        or (rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:])
    )


def is_slip_by_ear(one: str, other: str) -> bool:
    """Whether a slip is one that the ear forgives: a vowel or a like consonant for another, one of two
    doubled letters, a sign; or two letters that changed places."""
    rest, other_rest = _where_they_differ(one, other)
    if len(one) == len(other):
        pair = frozenset((rest[0], other_rest[0]))
        return pair <= _VOWELS or pair in _SOUND_ALIKE or rest[:2] == other_rest[1::-1]
    longer, tail = (one, rest) if len(one) > len(other) else (other, other_rest)
    place = len(longer) - len(tail)
    return tail[0] in _SILENT or tail[0] in (longer[place - 1 : place], longer[place + 1 : place + 2])


def one_slip_away(word: str) -> set[str]:
    """All that a Russian word becomes by one slip, about sixty words for each of its letters."""
    halves = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    away = {left + right[1:] for left, right in halves if right}
    away |= {left + right[1] + right[0] + right[2:] for left, right in halves if len(right) > 1}
    for letter in LETTERS:
        away |= {left + letter + right[1:] for left, right in halves if right}
        away |= {left + letter + right for left, right in halves}
    return away - {word}


def _where_they_differ(one: str, other: str) -> tuple[str, str]:
    """What is left of both behind their common beginning."""
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    return one[start:], other[start:]
