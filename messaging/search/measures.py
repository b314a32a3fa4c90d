"""Units behind a number, as they are written: «50см», «50 сантиметров», "50 cm"."""

from collections.abc import Mapping
from functools import cache

from messaging.search.forms import forms_of

# What is abbreviated, and its abbreviations.
_UNITS = {
    "сантиметр": "см cm",
    "миллиметр": "мм mm",
    "метр": "м m",
    "рубль": "р руб rub",
    "штука": "шт pcs",
    "килограмм": "кг kg",
    "грамм": "г гр g",
    "литр": "л l",
    "упаковка": "уп упак",
    "пачка": "пач",
    "коробка": "кор",
    "ведро": "вед",
    "минута": "мин",
    "час": "ч",
    "тысяча": "т тыс",
}


def is_unit(word: str) -> bool:
    return word in _all_spellings()


def spellings_of(unit: str) -> frozenset[str]:
    """All ways to write a unit, itself among them."""
    return _all_spellings()[unit]


@cache
def _all_spellings() -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for name, short in _UNITS.items():
        spellings = forms_of(name) | frozenset(short.split())
        found.update(dict.fromkeys(spellings, spellings))
    return found
