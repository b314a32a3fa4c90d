"""What each word and number of a message says of goods: a name, a quantity, a length, a price, a colour."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from intents.entities.measures import (
    COUNTED,
    HALVES,
    HOLDS,
    LENGTHS,
    MONEY,
    NUMBERED,
    ONE_OF,
    OTHER_UNITS,
    SIZE_ENDINGS,
    SIZES,
    THOUSANDS,
    UNITS,
    is_colour,
    is_sum,
)
from intents.entities.names import (
    AMBIGUOUS,
    SPRAY_ROSE,
    Goods,
    begins_a_name,
    find_goods,
    find_unlisted_variety,
)
from intents.entities.numerals import CARDINALS
from intents.entities.reading import Token
from intents.entities.schema import Unit
from intents.patterns.vocabulary import words

Kind = Literal["name", "quantity", "length", "price", "colour", "comma", "end", "colon", "other"]
_DASHES = frozenset("-–—")
_JOINERS = frozenset("-–—:=()+*")
_TIMES = frozenset({"х", "x"})
_NOT_OF_GOODS = words("за в во на из по у с о от при")
_NOT_WANTED = words("от до минимум за не")
_PLACES = words("в во к ко до после")
# A number that is more is money or a document's, where nothing says what it counts.
_MOST_BARE = 5000
_LEAST_PRICE = 20
SOLD_BY_LENGTH = frozenset({"роза", SPRAY_ROSE})


@dataclass(slots=True)
class Fact:
    """What the tokens from `first` to `last` say."""

    kind: Kind
    first: int
    last: int
    value: float = 0
    unit: str = ""
    goods: Goods | None = None
    is_each: bool = False  # "по 2 пачки" of all that was named
    is_bare: bool = False  # a number without a word for what it counts


# A word that says nothing of goods; no token's place, and no sign's.
_PLAIN = Fact("other", 0, -1)


@lru_cache(maxsize=50_000)
def _says_something(word: str) -> bool:
    """Whether a word by itself may be a fact."""
    return begins_a_name(word) or word in UNITS or word in HALVES or word in CARDINALS or is_colour(word)


class FactReader:
    """Reads the tokens that no date took."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self.words = [token.word for token in tokens]
        self._facts: list[Fact] = []

    def is_counted(self, at: int) -> bool:
        """Whether a unit of goods, money, or the name of goods stands here."""
        word = self._word(at)
        return bool(word) and (
            word in UNITS or word in MONEY or word in SIZES or find_goods(self.words, at) is not None
        )

    def facts(self) -> list[Fact]:
        """In the order of the text; none where no goods are named."""
        if not any(map(begins_a_name, self.words)):
            return []
        at = 0
        while at < len(self._tokens):
            word = self.words[at]
            if word and not _says_something(word) and not self._is_beside_a_name():
                self._facts.append(_PLAIN)
                at += 1
                continue
            fact = self._fact(at)
            self._facts.append(fact)
            at = fact.last + 1
        return self._facts

    def _fact(self, at: int) -> Fact:
        token = self._tokens[at]
        if token.is_taken:
            return Fact("other", at, at)
        if token.sign:
            return self._from_sign(at, token)
        if token.number:
            return self._from_number(at, at, token.value)
        return self._from_word(at, token.word)

    def _from_sign(self, at: int, token: Token) -> Fact:
        if token.ends_a_sentence and not self._is_abbreviation_dot(at):
            return Fact("end", at, at)
        if token.sign == "«" and (quoted := self._quoted_variety(at)) is not None:
            return quoted
        kinds: dict[str, Kind] = {",": "comma", ":": "colon"}
        return Fact(kinds.get(token.sign, "other"), at, at)

    def _quoted_variety(self, at: int) -> Fact | None:
        """ "Роза «Пломбир»": a name in quotes right after goods without one."""
        before = self._facts[-1] if self._facts else None
        end = next((place for place in range(at + 2, at + 5) if self._sign(place) == "»"), None)
        if before is None or before.goods is None or before.goods.variety or end is None:
            return None
        said = self.words[at + 1 : end]
        found = find_goods([*said, ""], 0) if all(said) else None
        if found is not None and found.goods.variety:
            return Fact("name", at, end, goods=found.goods)
        return Fact("name", at, end, goods=Goods("", " ".join(said).title())) if all(said) else None

    def _is_abbreviation_dot(self, at: int) -> bool:
        """The dot of "5 шт." ends no sentence."""
        before = self._word(at - 1)
        return self._tokens[at].sign == "." and 0 < len(before) <= 4 and (before in UNITS or before in MONEY)

    def _word(self, at: int) -> str:
        return self.words[at] if 0 <= at < len(self.words) and not self._tokens[at].is_taken else ""

    def _sign(self, at: int) -> str:
        return self._tokens[at].sign if 0 <= at < len(self._tokens) else ""

    def _value(self, at: int) -> float | None:
        if not 0 <= at < len(self._tokens) or self._tokens[at].is_taken:
            return None
        token = self._tokens[at]
        return token.value if token.number else CARDINALS.get(token.word)

    # --- words ---

    def _is_beside_a_name(self) -> bool:
        return bool(self._facts) and self._facts[-1].kind == "name"

    def _from_word(self, at: int, word: str) -> Fact:
        found = self._name(at)
        if found is not None:
            return found
        if word in UNITS or word in HALVES:
            return self._from_unit(at, word)
        if word in CARDINALS:
            return self._from_cardinal(at)
        return Fact("colour" if is_colour(word) else "other", at, at)

    def _name(self, at: int) -> Fact | None:
        before = self._facts[-1] if self._facts else None
        is_beside = before is not None and before.kind == "name"
        found = find_goods(self.words, at)
        if found is None and is_beside and before and before.goods and not before.goods.variety:
            found = None if self._is_meant_otherwise(at) else find_unlisted_variety(self.words, at)
        if found is None or (is_beside and self._is_colour_here(at)) or self._is_a_person(at):
            return None
        last = at + found.words - 1
        if (
            found.goods.variety in AMBIGUOUS
            and not is_beside
            and find_goods([*self.words, ""], last + 1) is None
        ):
            return None
        return Fact("name", at, last, goods=found.goods)

    def _is_meant_otherwise(self, at: int) -> bool:
        word = self._word(at)
        return is_colour(word) or word in UNITS or word in SIZES

    def _is_colour_here(self, at: int) -> bool:
        """ "Фрезия сирень", "роза крем": beside a name these are colours."""
        return self._word(at) in ("сирень", "лаванда", "роз")

    def _is_a_person(self, at: int) -> bool:
        """ "Роза Михайловна", "Лилия, здравствуйте": women are called so."""
        if self._word(at) not in ("роза", "лилия", "лиля", "розы", "лилии", "вероника"):
            return False
        following = self._word(at + 1) or (self._word(at + 2) if self._sign(at + 1) == "," else "")
        greets = following.startswith(("здравств", "добр", "привет", "спасибо"))
        return greets or following.endswith(("овна", "евна", "ична"))

    def _from_unit(self, at: int, word: str) -> Fact:
        value, before = self._value(at + 1), self._word(at - 1)
        if word in HALVES:
            return Fact("quantity", at, at, 0.5, HALVES[word])
        if word in HOLDS and value is not None and UNITS.get(self._word(at + 2)) == Unit.PIECE:
            return Fact("other", at, at + 2)
        if word in COUNTED and value is not None and not self._counts_something(at + 2):
            return Fact("quantity", at, at + 1, value, UNITS[word])
        if word in ONE_OF and before not in _NOT_OF_GOODS and self._name_follows(at + 1):
            return Fact("quantity", at, at, 1, UNITS[word])
        return Fact("other", at, at)

    def _counts_something(self, at: int) -> bool:
        word = self._word(at)
        return word in UNITS or word in SIZES or word in MONEY

    def _from_cardinal(self, at: int) -> Fact:
        """Only where it counts: "две пачки", "десяток калл"; "двадцать пять роз" is one number."""
        value, last = CARDINALS[self._word(at)], at
        following = CARDINALS.get(self._word(at + 1))
        if following is not None and following < value and value >= 20:
            value, last = value + following, at + 1
        is_counting = self._word(last + 1) in UNITS or self._name_follows(last + 1)
        return self._from_number(at, last, value) if is_counting else Fact("other", at, last)

    def _name_follows(self, at: int) -> bool:
        """Whether goods are named here, a colour or an adjective apart."""
        for place in range(at, at + 3):
            word = self._word(place)
            if find_goods(self.words, place) is not None if word else False:
                return not self._tokens[place].is_taken
            if not (is_colour(word) or word.endswith(("ых", "их", "ую", "ой"))):
                return False
        return False

    # --- numbers ---

    def _from_number(self, first: int, last: int, value: float | None) -> Fact:
        if value is None or value <= 0:
            return Fact("other", first, last)
        last = self._end_of_range(last, value)
        after = last + 1
        if self._word(after) in _TIMES and UNITS.get(self._word(after + 1)):
            after += 1  # "2х пачек"
        before = self._word(first - 1)
        word = self._word(after)
        touches = last + 1 < len(self._tokens) and self._tokens[last].touches(self._tokens[last + 1])
        if word in THOUSANDS or (word == "к" and touches):
            return self._price(first, after, value * 1000)
        if word in MONEY or self._sign(after) == "₽":
            return self._price(first, after, value)
        if before in NUMBERED or self._sign(first - 1) in ("№", "#") or self._is_no_goods(after):
            return Fact("other", first, last)
        if word in SIZES or (touches and word in SIZE_ENDINGS) or self._is_sixty_ka(after):
            return Fact("length", first, after + (self._sign(after) == "-"), value)
        if word in UNITS:
            return self._quantity(first, after, value, UNITS[word], before)
        return self._bare(first, last, value, before)

    def _is_sixty_ka(self, after: int) -> bool:
        return self._sign(after) == "-" and self._word(after + 1) in SIZE_ENDINGS

    def _is_no_goods(self, after: int) -> bool:
        return self._sign(after) == "%" or self._word(after) in OTHER_UNITS

    def _end_of_range(self, last: int, value: float) -> int:
        """ "5-7 пачек" are at least five; "60 - 5 пачек" is no range."""
        if self._sign(last + 1) in _DASHES and last + 2 < len(self._tokens):
            dash, end = self._tokens[last + 1], self._tokens[last + 2]
            is_written_together = self._tokens[last].touches(dash) and dash.touches(end)
            if is_written_together and end.value is not None and end.value > value:
                return last + 2
        return last

    def _price(self, first: int, last: int, value: float) -> Fact:
        is_of_a_sum = any(map(is_sum, self.words))  # "перевела 15000 р"
        return Fact("other" if is_of_a_sum else "price", first, last, value)

    def _quantity(self, first: int, last: int, value: float, unit: str, before: str) -> Fact:
        is_each = before == "по"
        is_content = is_each and self._facts_end_with_packs() and unit == Unit.PIECE
        if before in _NOT_WANTED or is_content:
            return Fact("other", first, last)
        return Fact("quantity", first, last, value, unit, is_each=is_each)

    def _facts_end_with_packs(self) -> bool:
        """Right before "по" stands a quantity of packs: "2 пачки по 25 шт"."""
        spoken = self._facts[-2] if len(self._facts) > 1 else None
        return spoken is not None and spoken.kind == "quantity" and spoken.unit in (Unit.PACK, Unit.BOX)

    def _bare(self, first: int, last: int, value: float, before: str) -> Fact:
        if before == "по":
            is_price = value >= _LEAST_PRICE and not self._name_follows(last + 1)
            return Fact("price" if is_price else "other", first, last, value)
        if self._name_follows(last + 1) and before not in _PLACES | {"не", "от", "за"}:
            return Fact("quantity", first, last, value, is_bare=True)
        if value > _MOST_BARE or not self._stands_by_goods(last):
            return Fact("other", first, last)
        if self._is_length(value):
            return Fact("length", first, last, value, is_bare=True)
        return Fact("quantity", first, last, value, is_bare=True)

    def _stands_by_goods(self, last: int) -> bool:
        """Right after a name, a colour, a length, with nothing but a dash between; or a colour follows."""
        if self._is_one_of_many(last):
            return False
        for fact in reversed(self._facts):
            if fact.kind in ("name", "colour", "length"):
                return True
            is_joiner = fact.first == fact.last and (
                self._sign(fact.first) in _JOINERS or self._word(fact.first) in _TIMES
            )
            if not is_joiner:
                break
        return is_colour(self._word(last + 1))

    def _is_one_of_many(self, last: int) -> bool:
        """ "Розы 40 50 60 есть?" asks for lengths and orders nothing."""
        around = [self._value(place) for place in range(last - 2, last + 3)]
        before, after = around[:2], around[3:]
        return None not in before or None not in after or (before[1] is not None and after[0] is not None)

    def _is_length(self, value: float) -> bool:
        name = next((fact for fact in reversed(self._facts) if fact.kind in ("name", "end", "comma")), None)
        has_length = any(fact.kind == "length" for fact in self._facts_since(name))
        is_sold_so = name is not None and name.goods is not None and name.goods.product in SOLD_BY_LENGTH
        return is_sold_so and value in LENGTHS and not has_length

    def _facts_since(self, fact: Fact | None) -> Iterator[Fact]:
        for each in reversed(self._facts):
            if each is fact:
                return
            yield each
