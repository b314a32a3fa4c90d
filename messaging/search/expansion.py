"""What a typed word finds: its forms, its other alphabet, and what it or a message misspells.

A word that the dictionary knows finds its forms, and words of messages that nobody knows and that are one
slip away from one of them («гартензия»). A word that nobody knows is a name or a slip: it finds itself as a
name is declined, and the words of messages that are one slip away; if messages have it, only those that can
hardly be another name («альстрамерия»).
"""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from cvgorod_hub.common.russian import (
    SHORTEST_MISSPELT,
    analyzer,
    is_known,
    is_name,
    is_one_slip,
    is_rare_name,
    is_slip_by_ear,
    one_slip_away,
    without_one_letter,
)
from messaging.search import vocabulary
from messaging.search.forms import forms_of, is_established
from messaging.search.varieties import latin_spellings, russian_spellings
from messaging.search.vocabulary import Expansion, Lookup

_memory = vocabulary.Memory()
# More forms than these (participles of a verb) are not looked up for slips.
_MOST_FORMS = 30
# Two names one slip apart are one name, misspelt once, if they are as long as this; shorter, if they sound
# alike («аваланш», «аваланж»). «Сильва» and «Сильвия» are two.
_LONG_NAME, _LONG_NAME_BY_EAR = 9, 7


def load() -> None:
    """Read the dictionary and the tables (0.2 s) before a process answers its first search."""
    analyzer()
    latin_spellings()


def expand(words: Collection[str]) -> dict[str, frozenset[str]]:
    """All words that typed ones (cut by `tokens`) find in messages; each itself at least."""
    asking = {word for word in words if word.isalpha() and len(word) > 1}
    return _themselves(words) | _memory.get(asking, _expand_to_present)


def expand_anywhere(words: Collection[str]) -> dict[str, frozenset[str]]:
    """The same for texts whose words are not kept: forms count that no message has, too."""
    asking = {word for word in words if word.isalpha() and len(word) > 2}
    forms = {word: forms_of(word) for word in words if word.isalpha() and word not in asking}
    return _themselves(words) | forms | _memory.get(asking, _expand_to_any)


def _themselves(words: Iterable[str]) -> dict[str, frozenset[str]]:
    return {word: frozenset({word}) for word in words}


def _expand_to_present(word: str) -> Expansion:
    """Messages rarely have half of a word's forms, and each costs time."""
    anywhere = (yield from _expand_to_any(word)) if len(word) > 2 else forms_of(word)
    answer = yield Lookup(present=anywhere)
    return answer.present | {word}


def _expand_to_any(word: str) -> Expansion:
    return (yield from _expand_latin(word) if word.isascii() else _expand_russian(word))


def _expand_latin(word: str) -> Expansion:
    names = {word} | (yield from _slips_of_unknown(word, frozenset({word})))
    answer = yield Lookup(russian=frozenset(names))
    found = {*names, *(other for other in answer.russian if not is_established(other) or is_name(other))}
    for name in names:
        for russian in russian_spellings().get(name, ()):
            found |= {russian} if is_known(russian) and len(russian) < 4 else forms_of(russian)
    return frozenset(found)


def _expand_russian(word: str) -> Expansion:
    forms = forms_of(word)
    is_right = is_established(word)
    slips = yield from _slips_of_known(forms) if is_right else _slips_of_unknown(word, forms)
    found = {*forms, *slips}
    found.update(*(latin_spellings().get(form, ()) for form in found))
    if is_right and not is_name(word):
        return frozenset(found)
    names = {form for form in found if not form.isascii() and (not is_established(form) or is_name(form))}
    answer = yield Lookup(latin=frozenset(names))
    return frozenset(found) | answer.latin


def _slips_of_known(forms: frozenset[str]) -> Expansion:
    """What messages misspell: words that nobody knows, one slip from a form; begun as it is, or so by ear."""
    if max(map(len, forms)) < SHORTEST_MISSPELT:
        return frozenset()
    right = [form for form in sorted(forms, key=len)[:_MOST_FORMS] if len(form) >= SHORTEST_MISSPELT]
    answer = yield Lookup(near=_variants(right))
    return frozenset(stored for stored in answer.near - forms if _is_slip_of(stored, right))


def _is_slip_of(stored: str, right: Iterable[str]) -> bool:
    if len(stored) < SHORTEST_MISSPELT or is_established(stored) or stored in latin_spellings():
        return False
    near = [form for form in right if is_one_slip(stored, form)]
    if any(is_slip_by_ear(stored, form) for form in near):
        return True
    begins_alike = any(form[0] == stored[0] for form in near)
    return begins_alike and not is_known(stored) and not _is_heard_as_another(stored)


@lru_cache(maxsize=20_000)
def _is_heard_as_another(stored: str) -> bool:
    """Whether a silent or a doubled letter makes it a word of its own («доставте»: «доставьте»)."""
    return any(
        is_established(other)
        for other in one_slip_away(stored)
        if len(other) != len(stored) and is_slip_by_ear(stored, other)
    )


def _slips_of_unknown(word: str, forms: frozenset[str]) -> Expansion:
    """All forms of the words of messages that it may stand for."""
    if len(word) < SHORTEST_MISSPELT:
        return frozenset()
    known = (
        {}
        if word.isascii()
        else {other: forms_of(other) for other in one_slip_away(word) if is_established(other)}
    )
    answer = yield Lookup(
        present=forms.union(*known.values()),
        near=_variants(form for form in forms if len(form) >= SHORTEST_MISSPELT),
    )
    candidates = _candidates(word, forms, known, answer)
    is_used = _is_in_table(word) or bool(answer.present & forms)
    if is_used:
        candidates = {other for other in candidates if _is_meant_too(word, forms, other)}
    if is_rare_name(word):
        candidates = {other for other in candidates if is_slip_by_ear(word, other)}
    # Of a word that is used as it is, all misspellings are sought, and not what was meant by it.
    likely = candidates if is_used else _likeliest({word, *forms}, candidates)
    return frozenset(form for other in likely for form in forms_of(other))


def _is_meant_too(word: str, forms: frozenset[str], other: str) -> bool:
    """Whether a name that is used may all the same be a slip of the other word, or that of the name.

    A word of the dictionary is another thing, if it is as long and sounds otherwise («салал», «салат»).
    """
    if not is_established(other):
        return _is_same_name(word, other)
    return not _is_in_table(word) and any(
        is_one_slip(one, other) and (len(one) != len(other) or is_slip_by_ear(one, other))
        for one in (word, *forms)
    )


def _is_same_name(word: str, other: str) -> bool:
    """Whether two words one slip apart, both in messages, are one name written in two ways."""
    if is_established(other) or (_is_in_table(word) and _is_in_table(other)):
        return False
    if not is_one_slip(word, other):  # of another form
        other = next((form for form in forms_of(other) if is_one_slip(word, form)), word)
    length = max(len(word), len(other))
    return word != other and (
        length >= _LONG_NAME or (length >= _LONG_NAME_BY_EAR and is_slip_by_ear(word, other))
    )


def _is_in_table(word: str) -> bool:
    return word in latin_spellings() or word in russian_spellings()


def _candidates(
    word: str, forms: frozenset[str], known: Mapping[str, frozenset[str]], answer: Lookup
) -> set[str]:
    """Words one slip from the word (`known`: of the dictionary, if messages have a form) or from a form."""
    near = {
        other
        for other in answer.near - forms
        if is_one_slip(word, other) or any(is_one_slip(other, form) for form in forms)
    }
    return near | {other for other, others in known.items() if answer.present & others}


def _likeliest(words: set[str], candidates: set[str]) -> set[str]:
    """Slips that the ear forgives, where there are any; else all."""
    heard = {other for other in candidates if any(_sounds_like(word, other) for word in words)}
    return heard or candidates


def _sounds_like(word: str, other: str) -> bool:
    return word != other and is_one_slip(word, other) and is_slip_by_ear(word, other)


def _variants(words: Iterable[str]) -> frozenset[str]:
    return frozenset(variant for word in words for variant in without_one_letter(word))
