"""Which sentences ask, with a question mark or without one, and which of their words are in the question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from intents.patterns import vocabulary
from intents.patterns.numbers import QUANTITY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from intents.patterns.reading import Token

ASKING_WORD, EXCLAIMED = "<вопросительное слово>", "<восклицание>"


def mark_asked(tokens: Sequence[Token], *, has_mark: bool) -> bool:
    """Mark the words of a sentence that asks, and say whether it does.

    Goods named before what asks are told, not asked: "20 хризантем на сегодня, водитель захватит?".
    """
    asking = _asking_word(tokens)
    if asking is None and not has_mark:
        return False
    if has_mark:
        comma = max((n for n, token in enumerate(tokens) if token.text == ","), default=0)
        told = comma if asking is None or asking > comma else 0
    else:
        told = asking or 0
    if not any(QUANTITY in token.keys for token in tokens[:told]):
        told = 0
    for token in tokens[told:]:
        token.is_asked = True
    return True


def opens_a_question(tokens: Sequence[Token], rest: str) -> bool:
    """Whether an asking word after these tokens begins a sentence of its own.

    "…, сколько они стояли", "5 пачек и сколько с доставкой": what stands before it does not ask.
    """
    return (
        len(tokens) > 2
        and (tokens[-1].text == "," or (tokens[-1].text in {"и", "а"} and _has_number(tokens)))
        and tokens[-2].lemmas.isdisjoint(vocabulary.KNOWING)
        and not rest.lstrip(" -").startswith(vocabulary.VAGUE_STARTS)
    )


def _has_number(tokens: Sequence[Token]) -> bool:
    return any("<число>" in token.keys for token in tokens if token.sentence == tokens[-1].sentence)


def _asking_word(tokens: Sequence[Token]) -> int | None:
    """Where the word stands by which a sentence asks, question mark or not."""
    at_start = True
    for position, token in enumerate(tokens):
        if token.text == "ли" and position:
            return 0
        asks = _asks_anywhere(tokens, position) or (at_start and _asks_at_start(tokens, position))
        if asks and not _is_vague(tokens, position):
            token.keys.add(ASKING_WORD)
            return position
        if token.text == "," or (not token.is_filler and token.text not in {"не", "но", "да"}):
            at_start = False
    return None


def _is_vague(tokens: Sequence[Token], position: int) -> bool:
    """Before "-то" and "нибудь" a word of asking does not ask, nor does "как" before "обычно"."""
    after = tokens[position + 1] if position + 1 < len(tokens) else None
    if after is None:
        return False
    comparing = tokens[position].text == "как" and not after.lemmas.isdisjoint(vocabulary.COMPARED)
    return comparing or not after.lemmas.isdisjoint(vocabulary.VAGUE)


def _asks_anywhere(tokens: Sequence[Token], position: int) -> bool:
    lemmas = tokens[position].lemmas
    if vocabulary.ASKING_ANYWHERE.isdisjoint(lemmas) or ("какой" in lemmas and _admires(tokens)):
        return False
    before = tokens[position - 1] if position else None
    if before is not None and before.text == "," and position > 1:
        before = tokens[position - 2]
    return before is None or before.lemmas.isdisjoint(vocabulary.KNOWING)


def _admires(tokens: Sequence[Token]) -> bool:
    """ "Какая красота!" asks nothing."""
    return any({"<радость>", EXCLAIMED} & token.keys or token.text in vocabulary.ADMIRING for token in tokens)


def _asks_at_start(tokens: Sequence[Token], position: int) -> bool:
    """ "Как оплатить" asks, "как в пятницу" compares; "есть белые" asks, "так и есть" agrees."""
    text = tokens[position].text
    if text not in vocabulary.ASKING_AT_START:
        return False
    after = tokens[position + 1].text if position + 1 < len(tokens) else ""
    if text == "как" and after in {"в", "на", "и", "для", "же"}:
        return False
    agrees = text == "есть" and position > 0 and tokens[position - 1].text in {"и", "так"}
    return not agrees
