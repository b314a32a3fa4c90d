"""Russian word forms: which words a written word can be a form of, and small slips of the pen.

A key names what a word may be matched by: `заказ` (a lemma: any form), `записать:impr` (a lemma in one
form: the imperative), `!беру` (exactly as written). Everything is lower case with ё written as е.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from cvgorod_hub.common.russian import (
    LETTERS,
    SHORTEST_MISSPELT,
    analyzer,
    is_known,
    is_one_slip,
    without_one_letter,
    without_yo,
)

__all__ = ["Reading", "Speller", "is_known", "keyword_keys", "plain", "readings"]

# Below this, a reading is a rarity that pymorphy knows from a dictionary, not from speech.
RARE_READING = 0.05
# Verb forms that change what is said: "запишите" asks, "записала" tells, "беру" decides.
FORMS = ("impr", "1per", "2per", "3per", "past")


_ENDING = re.compile(r"тса\b")  # "раскрываютса": the commonest slip of all, in the ending
_STRETCHED = re.compile(r"([а-я])\1{2,}")  # "дааа", "очееень": no word has a letter thrice


class Reading(NamedTuple):
    """One way to read a word: its lemma, its part of speech, its verb form ("" for none of FORMS)."""

    lemma: str
    part_of_speech: str
    form: str
    score: float
    is_name: bool

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.lemma, f"{self.lemma}:{self.form}") if self.form else (self.lemma,)


def plain(text: str) -> str:
    """Lower case, ё as е, no letter thrice: how every text and every rule is compared."""
    return _STRETCHED.sub(r"\1", _ENDING.sub("тся", without_yo(text)))


@lru_cache(maxsize=50_000)
def readings(word: str) -> tuple[Reading, ...]:
    """The likely readings of a plain word, likeliest first; an unknown word is read by its ending."""
    found: dict[tuple[str, str], Reading] = {}
    for parse in analyzer().parse(word):
        tag = parse.tag
        # "Закажем" is read as an inclusive imperative too; it decides, it does not ask.
        form = "1per" if "incl" in tag else next((form for form in FORMS if form in tag), "")
        if tag.POS == "NPRO":
            form = ""
        lemma = plain(parse.normal_form)
        if (parse.score >= RARE_READING or not found) and (lemma, form) not in found:
            found[lemma, form] = Reading(
                lemma, str(tag.POS or ""), form, parse.score, "Name" in tag and tag.POS == "NOUN"
            )
    return tuple(found.values())


def keyword_keys(word: str) -> frozenset[str]:
    """What a word of a rule finds.

    A word as the dictionary has it (заказ, красивый, завянуть) finds every form. A verb in the imperative, in
    the first, second or third person or in the past finds that form: "запишите" also "запиши", "беру" also
    "берем". Any other form ("скидку", "на обеде") finds itself alone.
    """
    if word.startswith("!"):
        return frozenset({word})
    found = readings(word)
    if any(reading.lemma == word for reading in found):
        return frozenset({word})
    likely = [reading for reading in found if reading.score >= found[0].score / 2]
    return frozenset(reading.keys[-1] for reading in likely if reading.form) | {f"!{word}"}


class Speller:
    """Finds the word of a vocabulary that an unknown word misspells by one letter."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._known = frozenset(vocabulary)
        self._by_variant: defaultdict[str, set[str]] = defaultdict(set)
        for word in self._known:
            if len(word) >= SHORTEST_MISSPELT:
                for variant in without_one_letter(word):
                    self._by_variant[variant].add(word)

    def corrected(self, word: str) -> frozenset[str]:
        """Keys of the vocabulary's words that `word` is one slip away from; empty for known words."""
        if len(word) < SHORTEST_MISSPELT or is_known(word):
            return frozenset()
        if word in self._known or any(reading.lemma in self._known for reading in readings(word)):
            return frozenset()
        keys: set[str] = set()
        for reading in (Reading(word, "", "", 1.0, False), *readings(word)):
            for lemma in self._nearest(reading.lemma):
                keys.update(reading._replace(lemma=lemma).keys)
        return frozenset(keys or self._with_another_ending(word))

    def _with_another_ending(self, word: str) -> Iterator[str]:
        """Keys of the vocabulary's words of which `word` is a form with a slip in its ending."""
        for near in sorted(_other_endings(word)):
            if is_known(near):
                for reading in readings(near):
                    if reading.lemma in self._known:
                        yield from reading.keys

    def _nearest(self, word: str) -> Iterator[str]:
        if len(word) < SHORTEST_MISSPELT:
            return
        candidates = {
            known for variant in without_one_letter(word) for known in self._by_variant.get(variant, ())
        }
        yield from (known for known in sorted(candidates) if is_one_slip(word, known))


def _other_endings(word: str) -> Iterator[str]:
    """What the word becomes by one slip in its last three letters."""
    for i in range(len(word) - 3, len(word)):
        yield word[:i] + word[i + 1 :]
        yield word[:i] + word[i + 1 : i + 2] + word[i] + word[i + 2 :]
        for letter in LETTERS:
            yield word[:i] + letter + word[i + 1 :]
            yield word[: i + 1] + letter + word[i + 1 :]
