"""A message as the rules read it: words with what each can be matched by, sentence by sentence."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from intents.patterns import vocabulary
from intents.patterns.latin import in_cyrillic
from intents.patterns.morphology import Reading, Speller, is_known, plain, readings
from intents.patterns.numbers import mark_numbers
from intents.patterns.questions import EXCLAIMED, mark_asked, opens_a_question

# What follows is not what a manager would read to understand a message either; it bounds the time.
LONGEST_TEXT = 2000

_PIECES = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:-[^\W\d_]+)*|\n|[^\w\s]|_")
_ENDS = frozenset(".!?;\n…")
_SKIN_AND_JOINERS = frozenset("\ufe0f\u200d🏻🏼🏽🏾🏿♀♂")
_EMOJI = {emoji: name for name, many in vocabulary.EMOJI_CLASSES.items() for emoji in many}
START, END, QUESTION, LIST, SHORT = "<начало>", "<конец>", "<вопрос>", "<список>", "<коротко>"
IMPERATIVE, DONE, NOT_DONE = "<повелительное>", "<сделал>", "<не сделал>"
# So many words that carry meaning make a short answer.
SHORT_ANSWER = 3
_CLASSES = (
    ("<товар>", vocabulary.PRODUCTS),
    ("<единица>", vocabulary.UNITS),
    ("<цвет>", vocabulary.COLOURS),
    ("<числительное>", vocabulary.NUMBER_WORDS),
    ("<месяц>", vocabulary.MONTHS),
    ("<день>", vocabulary.DAYS),
    ("<размер>", vocabulary.SIZE_WORDS),
    ("<полединицы>", vocabulary.HALF_UNITS),
    ("<см>", vocabulary.SIZE_UNITS),
    ("<деньги>", vocabulary.MONEY_UNITS),
    ("<мера>", vocabulary.OTHER_UNITS),
    ("<приветствие>", vocabulary.GREETINGS),
)


@dataclass(frozen=True, slots=True)
class Word:
    """What can be said of a word without its neighbours."""

    keys: frozenset[str]
    lemmas: frozenset[str]
    is_filler: bool
    name: str = ""  # one lemma, to say which word it is
    may_ask: bool = False


@dataclass(slots=True)
class Token:
    """A word, a number or a sign in its place. `sentence` is -1 for the message's two ends."""

    text: str
    keys: set[str]
    lemmas: frozenset[str]
    sentence: int
    is_filler: bool = False
    is_negated: bool = False
    touches_next: bool = False
    is_asked: bool = False
    name: str = ""


def read_word(text: str, speller: Speller) -> Word:
    """Keys of one plain word: lemmas, verb forms, itself, the classes it belongs to."""
    found = readings(text)
    keys = {key for reading in found for key in reading.keys}
    keys |= speller.corrected(text)
    lemmas = frozenset(key for key in keys if ":" not in key) | {text}
    classes = {name for name, words in _CLASSES if not words.isdisjoint(lemmas)}
    # A name is a name unless it is a flower: Роза, Лилия.
    if found and found[0].is_name and is_known(text) and "<товар>" not in classes:
        classes.add("<имя>")
    if found and found[0].form == "past" and found[0].part_of_speech == "VERB":
        classes.add(DONE)
    if found and found[0].part_of_speech in {"ADJF", "PRTF"}:
        classes.add("<какой>")
    if found and found[0].form == "impr" and text not in vocabulary.NO_REQUESTS:
        classes.add(IMPERATIVE)
    if len(text) > 4 and (text.isascii() or _is_unknown_noun(text, found)):
        classes.add("<незнакомое>")  # varieties are named faster than any list grows
    filler = bool({"<имя>", "<приветствие>"} & classes) or not vocabulary.FILLERS.isdisjoint(lemmas)
    may_ask = not vocabulary.ASKING_ANYWHERE.isdisjoint(lemmas)
    name = found[0].lemma if found and is_known(text) else min(lemmas)
    return Word(frozenset(keys | classes | {f"!{text}", text}), lemmas, filler, name, may_ask)


def _is_unknown_noun(text: str, found: Sequence[Reading]) -> bool:
    return bool(found) and not is_known(text) and found[0].part_of_speech == "NOUN"


def read(text: str, look_up: Callable[[str], Word]) -> list[Token]:
    """The message's tokens, between its two ends, with a token <вопрос> after each sentence that asks."""
    tokens, marked = _tokens(plain(in_cyrillic(text[:LONGEST_TEXT])), look_up)
    _mark_greetings(tokens)
    _mark_negation(tokens)
    quantities = mark_numbers(tokens)
    asks = [
        mark_asked([token for token in tokens if token.sentence == number], has_mark=has_mark)
        for number, has_mark in enumerate(marked)
    ]
    start = Token("", {START}, frozenset(), -1)
    if quantities > 1:
        start.keys.add(LIST)
    if 0 < sum(not token.is_filler for token in tokens) <= SHORT_ANSWER:
        start.keys.add(SHORT)
    result, previous = [start], 0
    for token in tokens:
        if token.sentence != previous:
            result.extend(_question_marks(asks, previous, token.sentence))
            previous = token.sentence
        if token.text != ",":
            result.append(token)
    result.extend(_question_marks(asks, previous, len(asks)))
    result.append(Token("", {END}, frozenset(), -1))
    return result


def _question_marks(asks: list[bool], start: int, stop: int) -> list[Token]:
    return [
        Token("?", {QUESTION}, frozenset(), n, is_asked=True, name="?") for n in range(start, stop) if asks[n]
    ]


def _tokens(text: str, look_up: Callable[[str], Word]) -> tuple[list[Token], list[bool]]:
    tokens: list[Token] = []
    asks = [False]
    end = -1
    for piece in _PIECES.finditer(text):
        part = piece.group()
        if part in _SKIN_AND_JOINERS:
            continue
        if tokens and end == piece.start():
            tokens[-1].touches_next = True
        end = piece.end()
        if part in _ENDS:
            if part == "?":
                asks[-1] = True
            elif part == "!" and tokens:
                tokens[-1].keys.add(EXCLAIMED)
            if not _is_abbreviation_dot(part, tokens) and tokens and tokens[-1].sentence == len(asks) - 1:
                asks.append(False)
            elif part == "?" and len(asks) > 1 and tokens and tokens[-1].sentence == len(asks) - 2:
                asks[-2], asks[-1] = True, False  # "!?" and "..?" ask what stands before them
        elif part[0].isdigit():
            tokens.append(Token(part, {part, "<число>"}, frozenset(), len(asks) - 1, name="<число>"))
        elif part[0].isalpha():
            word = look_up(part)
            if word.may_ask and opens_a_question(tokens, text[end:]):
                asks.append(False)
            tokens.append(
                Token(
                    part, set(word.keys), word.lemmas, len(asks) - 1, is_filler=word.is_filler, name=word.name
                )
            )
        else:
            keys = {part, _EMOJI[part]} if part in _EMOJI else {part}
            is_sign = part in "+%"
            tokens.append(Token(part, keys, frozenset(), len(asks) - 1, is_filler=not is_sign, name=part))
    return tokens, asks


def _is_abbreviation_dot(part: str, tokens: list[Token]) -> bool:
    """The dot of "5 шт." and "ул." ends no sentence."""
    if part != "." or not tokens or not tokens[-1].touches_next:
        return False
    last = tokens[-1]
    return len(last.text) <= 4 and bool(
        {"<единица>", "<деньги>", "<цвет>", "ул"} & last.keys and last.text not in {"роза", "роз"}
    )


def _mark_greetings(tokens: list[Token]) -> None:
    """ "Добрый день" greets as a whole."""
    for token, after in pairwise(tokens):
        if "<приветствие>" in token.keys and after.text in vocabulary.AFTER_GREETING:
            after.is_filler = True
            after.keys.add("<приветствие>")
            after.keys.discard("<день>")


def _mark_negation(tokens: list[Token]) -> None:
    """After "не" the next word is negated, and through "не буду", "не очень" the one after it."""
    for position, token in enumerate(tokens):
        if token.text != "не":
            continue
        for following in tokens[position + 1 :]:
            if following.sentence != token.sentence or following.text == ",":
                break
            if following.is_filler and following.lemmas.isdisjoint(vocabulary.NEGATION_CARRIERS):
                continue
            following.is_negated = True
            if any(key.endswith((":past", ":3per")) for key in following.keys):
                following.keys.add(NOT_DONE)
            if following.lemmas.isdisjoint(vocabulary.NEGATION_CARRIERS):
                break
