"""What a typed word finds: its forms, its other alphabet, and what it or a message misspells.

A word that the dictionary knows finds its forms, and words of messages that nobody knows and that are one
slip away from one of them («гартензия»). A word that nobody knows is a name or a slip: it finds itself as a
name is declined, and the words of messages that are one slip away; if messages have it, only those that can
hardly be another name («альстрамерия»).
"""

from collections.abc import Iterable, Iterator

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


def refresh() -> None:
    """Look at the words of messages anew where there are new ones; before each query."""
    _memory.refresh()


def expand(word: str) -> frozenset[str]:
    """All words that a typed one (cut by `tokens`) finds in messages; itself at least."""
    return _memory.get(word, _expand_to_present) if word.isalpha() and len(word) > 1 else frozenset({word})


def expand_anywhere(word: str) -> frozenset[str]:
    """The same for texts whose words are not kept: forms count that no message has, too."""
    if not word.isalpha() or len(word) < 3:
        return forms_of(word) if word.isalpha() else frozenset({word})
    return _memory.get(word, _expand_to_any)


def _expand_to_any(word: str) -> frozenset[str]:
    return frozenset(_expand_latin(word) if word.isascii() else _expand_russian(word))


def _expand_to_present(word: str) -> frozenset[str]:
    """Messages rarely have half of a word's forms, and each costs time."""
    return vocabulary.present(expand_anywhere(word)) | {word}


def _expand_latin(word: str) -> set[str]:
    names = {word, *_slips_of_unknown(word, frozenset({word}))}
    found = set(names)
    for name in names:
        for russian in russian_spellings().get(name, ()):
            found |= {russian} if is_known(russian) and len(russian) < 4 else forms_of(russian)
        sounding = vocabulary.russian_sounding(name)
        found |= {other for other in sounding if not is_established(other) or is_name(other)}
    return found


def _expand_russian(word: str) -> set[str]:
    forms = forms_of(word)
    is_right = is_established(word)
    found = {*forms, *(_slips_of_known(forms) if is_right else _slips_of_unknown(word, forms))}
    found.update(*(latin_spellings().get(form, ()) for form in found))
    if is_right and not is_name(word):
        return found
    names = [form for form in found if not form.isascii() and (not is_established(form) or is_name(form))]
    return found | vocabulary.latin_sounding(names)


def _slips_of_known(forms: frozenset[str]) -> Iterator[str]:
    """What messages misspell: words that nobody knows, one slip from a form; begun as it is, or so by ear."""
    if max(map(len, forms)) < SHORTEST_MISSPELT:
        return
    right = [form for form in sorted(forms, key=len)[:_MOST_FORMS] if len(form) >= SHORTEST_MISSPELT]
    for stored in _near(right) - forms:
        if len(stored) >= SHORTEST_MISSPELT and not is_established(stored):
            if stored in latin_spellings():
                continue
            slips = [form for form in right if is_one_slip(stored, form)]
            if any(
                is_slip_by_ear(stored, form) or (form[0] == stored[0] and not is_known(stored))
                for form in slips
            ):
                yield stored


def _slips_of_unknown(word: str, forms: frozenset[str]) -> set[str]:
    """All forms of the words of messages that it may stand for."""
    if len(word) < SHORTEST_MISSPELT:
        return set()
    is_name_known = _is_in_table(word)
    candidates = _candidates(word, forms)
    if is_name_known or vocabulary.present(forms):
        candidates = {
            other
            for other in candidates
            if (is_established(other) and not is_name_known) or _is_same_name(word, other)
        }
    if is_rare_name(word):
        candidates = {other for other in candidates if is_slip_by_ear(word, other)}
    return {form for other in _likeliest({word, *forms}, candidates) for form in forms_of(other)}


def _is_same_name(word: str, other: str) -> bool:
    """Whether two words one slip apart, both in messages, are one name written in two ways."""
    if is_established(other) or (_is_in_table(word) and _is_in_table(other)):
        return False
    if not is_one_slip(word, other):  # of another form
        other = next((form for form in forms_of(other) if is_one_slip(word, form)), word)
    length = min(len(word), len(other))
    return word != other and (
        length >= _LONG_NAME or (length >= _LONG_NAME_BY_EAR and is_slip_by_ear(word, other))
    )


def _is_in_table(word: str) -> bool:
    return word in latin_spellings() or word in russian_spellings()


def _candidates(word: str, forms: frozenset[str]) -> set[str]:
    """Words one slip from the word (of the dictionary, if messages have a form) or from a form."""
    known = (
        {}
        if word.isascii()
        else {other: forms_of(other) for other in one_slip_away(word) if is_established(other)}
    )
    there = vocabulary.present(form for forms in known.values() for form in forms)
    stored = _near(form for form in forms if len(form) >= SHORTEST_MISSPELT) - forms
    near = {
        other
        for other in stored
        if is_one_slip(word, other) or any(is_one_slip(other, form) for form in forms)
    }
    return near | {other for other, others in known.items() if there & others}


def _likeliest(words: set[str], candidates: set[str]) -> set[str]:
    """Slips that the ear forgives, where there are any; else all."""
    heard = {other for other in candidates if any(_sounds_like(word, other) for word in words)}
    return heard or candidates


def _sounds_like(word: str, other: str) -> bool:
    return word != other and is_one_slip(word, other) and is_slip_by_ear(word, other)


def _near(words: Iterable[str]) -> frozenset[str]:
    return vocabulary.near({variant for word in words for variant in without_one_letter(word)})
