"""Russian in Latin letters: "privet, zaberu sama", and a Latin "c" in "cрочно".

Beside Cyrillic, a word in Latin letters is a variety (Quicksand, Freedom) and stays. A message wholly in
Latin letters is Russian typed on another keyboard, where the dictionary knows the word that it sounds like.
"""

import re

from cvgorod_hub.common.russian import is_known

_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_LATIN = re.compile(r"[a-zA-Z]")
_WORDS = re.compile(r"[a-z]+(?:'[a-z]*)*", re.IGNORECASE)
_MIXED = re.compile(
    r"(?=[а-яё]*[acekmopxyth])(?=[acekmopxyth]*[а-яё])[а-яёacekmopxyth]{2,}(?![a-z])", re.IGNORECASE
)
_LOOK_ALIKE = str.maketrans("acekmopxythACEKMOPXYTH", "асекморхутнАСЕКМОРХУТН")
# Longest first: "shch" before "sh".
_SOUNDS = (
    ("shch", "щ"), ("sch", "щ"), ("zh", "ж"), ("kh", "х"), ("ts", "ц"), ("ch", "ч"), ("sh", "ш"),
    ("ya", "я"), ("yu", "ю"), ("yo", "е"), ("ye", "е"), ("ja", "я"), ("ju", "ю"), ("'", "ь"),
    *zip("abvgdezijklmnoprstufhcy", "абвгдезийклмнопрстуфхцы", strict=True),
)  # fmt: skip
_SOUND = re.compile("|".join(re.escape(latin) for latin, _ in _SOUNDS))
_LETTERS = dict(_SOUNDS)
_SHORT_I = re.compile(r"(?<=[аеиоуыэюя])[иы]")


def in_cyrillic(text: str) -> str:
    """The text with Russian words in their own letters."""
    if not _LATIN.search(text):
        return text
    if _CYRILLIC.search(text):
        return _MIXED.sub(lambda found: found.group().translate(_LOOK_ALIKE), text)
    return _WORDS.sub(lambda found: _word(found.group()), text)


def _word(word: str) -> str:
    """The Russian word that sounds like this, or the word itself."""
    sounded = _SOUND.sub(lambda found: _LETTERS[found.group()], word.lower())
    for candidate in (sounded, _SHORT_I.sub("й", sounded)):
        if is_known(candidate):
            return candidate
    return word
