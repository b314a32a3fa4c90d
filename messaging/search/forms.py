"""The forms of a word: what else the same word may look like in a message.

From the dictionary, both ways through its lemma: «шёл» and «идти», «люди» and «человек». A form that is
usually another word's is left out: «стали» is a form of «сталь», but who writes it means «стать».
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from cvgorod_hub.common.russian import analyzer, is_known, is_rare_name, without_yo

# Of a hundred times that a form is read, so many must be this word's.
LIKELY = 0.15
# An unknown word is a name or slang; it is declined as all nouns together are.
_ENDINGS = ("", *"аяуюеыиьо", *"ой ей ом ем ов ев ам ям ами ями ах ях ью".split())  # noqa: SIM905
_FINAL = "аяуюеыиьо"
# The dictionary takes these for adverbs, people for what they are: when something is.
_WHEN = {
    "утром": "утро",
    "днем": "день",
    "вечером": "вечер",
    "ночью": "ночь",
    "весной": "весна",
    "летом": "лето",
    "осенью": "осень",
    "зимой": "зима",
}


def is_established(word: str) -> bool:
    """Whether a word is in the dictionary, and not only as a name that hardly anybody bears."""
    return is_known(word) and not is_rare_name(word)


@lru_cache(maxsize=50_000)
def forms_of(word: str) -> frozenset[str]:
    """The forms of every word that `word` (lower case, ё as е) is likely a form of; itself among them."""
    forms = {word}
    if is_known(word):
        forms.update(form for parse in _likely_readings(word) for form in _likely_forms(parse))
    if not is_established(word):
        forms.update(_declined(word), _predicted(word))
    return frozenset(forms)


def _likely_forms(parse: Any) -> Iterator[str]:  # noqa: ANN401  (pymorphy3 is not typed)
    lemma = parse.normal_form
    for form in {without_yo(other.word) for other in parse.lexeme}:
        if form.isalpha() and _share(form, lemma) >= LIKELY:
            yield form


def _likely_readings(word: str) -> Iterator[Any]:
    """A parse for each paradigm; a lemma may have two («стоить»: «стоят», and «стоило» without a subject)."""
    paradigms = set()
    for parse in analyzer().parse(word):
        paradigm = (parse.normal_form, parse.methods_stack[0][2:3])
        if paradigm not in paradigms and _share(word, parse.normal_form) >= LIKELY:
            paradigms.add(paradigm)
            yield parse


def _share(word: str, lemma: str) -> float:
    return _shares(word).get(lemma, 0.0)


@lru_cache(maxsize=200_000)
def _shares(word: str) -> dict[str, float]:
    """How often the word is each lemma's, of 1. An abbreviation has a reading for each case, none counted
    in texts, and would drown the rest («пни»)."""
    shares: defaultdict[str, float] = defaultdict(float)
    parses = analyzer().parse(word)
    for parse in [parse for parse in parses if "Abbr" not in parse.tag] or parses:
        shares[parse.normal_form] += parse.score
    whole = sum(shares.values()) or 1.0
    found = {lemma: share / whole for lemma, share in shares.items()}
    return {**found, _WHEN[word]: 1.0} if word in _WHEN else found


def _declined(word: str) -> Iterator[str]:
    """As a noun, unless it ends as adjectives do («пионовидная»)."""
    stem = word[:-1] if word[-1] in _FINAL else word
    if len(stem) >= 3 and _is_russian(word) and analyzer().parse(word)[0].tag.POS != "ADJF":
        yield from (form for ending in _ENDINGS if not is_established(form := stem + ending))


def _predicted(word: str) -> Iterator[str]:
    """Forms by the word's ending, as pymorphy reads it; of a rare name's none, for it may be a slip."""
    if not _is_russian(word) or is_known(word):
        return
    for parse in _likely_readings(word):
        forms = {without_yo(other.word) for other in parse.lexeme}
        yield from (form for form in forms if form.isalpha() and not is_established(form))


def _is_russian(word: str) -> bool:
    return "а" <= word[0] <= "я"
