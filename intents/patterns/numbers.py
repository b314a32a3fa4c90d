"""What a number in a message counts: goods, centimetres, roubles, hours, a date or a house.

"60 см", "60ка" are a size; "130 р" money; "до 9", "15:00" a time; "8 марта", "14.02" a date; "5 пач",
"100 тюльпанов", "рускус 2", "пачку рускуса" a quantity: what an order is made of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from intents.patterns.vocabulary import ROSES, words

if TYPE_CHECKING:
    from intents.patterns.reading import Token

QUANTITY, SIZE, TIME, DATE = "<количество>", "<размер>", "<время>", "<дата>"
# Lengths that roses are sold by, in centimetres: "фридом 60" is a length, "рускус 2" a quantity.
LENGTHS = frozenset({"30", "35", "40", "45", "50", "55", "60", "65", "70", "75", "80", "90", "110"})
_ONE_UNIT = words(
    "пачку пачечку коробку коробочку упаковку ветку веточку штучку ведро ящик кор связку ведерко"
)
_NOT_OF_GOODS = words("за в во на из по у с о от при")
_ADDRESS = words(
    "ул улица дом адрес квартира кв проспект пр переулок ленина номер № накладная платежка счет чек тел карта"
)
_TIME_BEFORE = words("до к ко в во с после около уже часам")
# A word that no dictionary has is most often a variety.
_DASHES = frozenset("-–—:=хx")
_WANTED = words("мне нам еще тогда последнюю одну целую возьму беру дайте добавьте")
_COUNTED = words("пачек штук коробок упаковок веток стеблей ведер ящиков")  # "пачек шесть"
_GOODS = frozenset({"<товар>", "<единица>", "<незнакомое>"})
_ORDINAL_ENDS = words("го е ое ого му й ый ая ю")


def mark_numbers(tokens: list[Token]) -> int:
    """Add to each number what it counts; returns how many quantities of goods there are."""
    count = 0
    for position, token in enumerate(tokens):
        if "<число>" in token.keys or "<числительное>" in token.keys:
            kind = _kind(tokens, position)
        elif "<полединицы>" in token.keys or (
            token.text in _ONE_UNIT and _is_one_unit_of_goods(tokens, position)
        ):
            kind = QUANTITY
        else:
            continue
        if kind:
            token.keys.add(kind)
            token.is_filler = False
        count += kind == QUANTITY
    return count


def _neighbour(tokens: list[Token], position: int, step: int) -> Token | None:
    """The next word that is not a filler, a colour or a dash, in the same sentence."""
    sentence = tokens[position].sentence
    position += step
    while 0 <= position < len(tokens) and tokens[position].sentence == sentence:
        token = tokens[position]
        if token.text == ",":
            return None
        is_colour = bool({"<цвет>", "<какой>"} & token.keys) and "<товар>" not in token.keys
        if not token.is_filler and not is_colour:
            return token
        position += step
    return None


def _adjacent(tokens: list[Token], position: int, step: int) -> Token | None:
    other = position + step
    if 0 <= other < len(tokens) and tokens[other].sentence == tokens[position].sentence:
        return tokens[other]
    return None


def _kind(tokens: list[Token], position: int) -> str:
    token = tokens[position]
    text = token.text
    after, before = _adjacent(tokens, position, 1), _adjacent(tokens, position, -1)
    if after is not None and token.touches_next and after.text in {"х", "x"}:
        after = _adjacent(tokens, position, 2)  # "2х пачек"
    if ":" in text:
        return TIME
    if "." in text and len(text) > 3:
        return DATE if _is_date(text) else TIME
    if after is not None:
        if token.touches_next and after.text in _ORDINAL_ENDS and text.isdigit():
            return DATE
        named = _named_kind(token, after, tokens, position)
        if named is not None:
            return named
    if before is not None and (before.text in _ADDRESS or not before.lemmas.isdisjoint(_ADDRESS)):
        return "<номер>"
    return _kind_by_place(tokens, position, before)


def _is_date(text: str) -> bool:
    """ "14.02" is a date, "9.40" an hour: there is no fortieth month."""
    parts = text.split(".")
    return len(parts) > 2 or 1 <= int(parts[1]) <= 12


def _named_kind(token: Token, after: Token, tokens: list[Token], position: int) -> str | None:
    """What the word right after the number says it counts; None where it says nothing."""
    if "<см>" in after.keys and (after.text not in {"ка", "ки", "ку", "кой"} or token.touches_next):
        return SIZE
    if "<единица>" in after.keys:
        before = _adjacent(tokens, position, -1)
        return "" if before is not None and before.text in {"по", "за"} else QUANTITY
    if "<деньги>" in after.keys:
        return "<деньги>"
    if "<месяц>" in after.keys:
        return DATE
    if "<мера>" in after.keys:
        return TIME if not after.lemmas.isdisjoint({"час", "ч", "утро", "вечер", "минута", "мин"}) else ""
    return None


def _kind_by_place(tokens: list[Token], position: int, before: Token | None) -> str:
    """A number without a unit: by the words around it."""
    token = tokens[position]
    following, preceding = _neighbour(tokens, position, 1), _neighbour(tokens, position, -1)
    after_is_goods = following is not None and not _GOODS.isdisjoint(following.keys)
    if before is not None and SIZE in before.keys:
        return QUANTITY
    if before is not None and before.text in {"из", "по", "за", "минус"} and token.text.isdigit():
        return ""
    if before is not None and before.text in _TIME_BEFORE and not after_is_goods:
        return TIME if token.text.isdigit() and int(token.text) <= 24 else ""
    if (
        before is not None
        and not ROSES.isdisjoint(before.lemmas)
        and token.text in LENGTHS
        and not after_is_unit(following)
    ):
        return SIZE
    if before is not None and before.text in _DASHES and position > 1:
        return QUANTITY
    if after_is_goods or (before is not None and before.text in _COUNTED):
        return QUANTITY
    if before is not None and "<числительное>" in before.keys:
        return ""
    after = _adjacent(tokens, position, 1)
    if after is not None and "<цвет>" in after.keys:
        return QUANTITY
    if preceding is not None and "<товар>" in preceding.keys | (before.keys if before else set()):
        return QUANTITY
    if before is not None and "<цвет>" in before.keys:
        return QUANTITY
    return ""


def after_is_unit(token: Token | None) -> bool:
    return token is not None and "<единица>" in token.keys


def _is_one_unit_of_goods(tokens: list[Token], position: int) -> bool:
    """ "Пачку рускуса" is one; "цена за пачку" is none, "5 пачек" was counted at its number."""
    before, after = _adjacent(tokens, position, -1), _neighbour(tokens, position, 1)
    if before is not None and (before.text in _NOT_OF_GOODS or "<число>" in before.keys):
        return False
    if before is not None and before.text in _WANTED:
        return True
    return after is not None and bool({"<товар>", "<незнакомое>"} & after.keys)
