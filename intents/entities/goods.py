"""Items made of what words and numbers say: whose quantity, length and price each of them is."""

from dataclasses import dataclass, field

from intents.entities.facts import Fact
from intents.entities.names import ROSE, SPRAY_ROSE, Goods

# Said before the kind that is meant: "орхидея цимбидиум".
_KINDS = {"орхидея": frozenset({"цимбидиум", "фаленопсис", "ванда"})}
_SPRAY = "кустов"


@dataclass(slots=True)
class Order:
    """An item that is being put together, and the tokens it is made of."""

    goods: Goods
    first: int
    last: int
    quantity: Fact | None = None
    length: Fact | None = None
    price: Fact | None = None
    is_header: bool = False
    clause: int = 0

    def take(self, fact: Fact) -> None:
        setattr(self, fact.kind, fact)
        self.first, self.last = min(self.first, fact.first), max(self.last, fact.last)

    def lacks(self, kind: str) -> bool:
        return getattr(self, kind) is None

    @property
    def is_only_named(self) -> bool:
        return self.quantity is None and self.length is None and self.price is None


@dataclass(slots=True)
class Assembly:
    """Facts in, items out. A clause ends with a comma or a sentence; attributes look back, then ahead."""

    words: list[str]
    orders: list[Order] = field(default_factory=list)
    _waiting: dict[str, Fact] = field(default_factory=dict)  # said before the name, in its clause
    _clause: int = 0
    _colour: Fact | None = None
    _before: Fact | None = None

    def put_together(self, facts: list[Fact]) -> list[Order]:
        for place, fact in enumerate(facts):
            if fact.kind == "other":
                if not self._is_sign(fact):
                    self._before = fact
                continue
            if fact.kind in ("quantity", "length", "price"):
                self._attribute(fact, facts[place + 1 :])
            else:
                self._take(fact)
            self._before = fact
        return self.orders

    def _is_sign(self, fact: Fact) -> bool:
        return fact.first == fact.last and not self.words[fact.first]

    @property
    def _current(self) -> Order | None:
        return self.orders[-1] if self.orders else None

    def _take(self, fact: Fact) -> None:
        if fact.kind == "name":
            self._name(fact)
        elif fact.kind in ("comma", "end"):
            self._end_clause()
        elif fact.kind == "colon":
            if self._current is not None and self._before is not None and self._before.kind == "name":
                self._current.is_header = True
        elif fact.kind == "colour":
            self._colour = fact
            self._say_spray(fact)

    def _end_clause(self) -> None:
        self._clause += 1
        self._waiting.clear()
        self._colour = None

    # --- names ---

    def _name(self, fact: Fact) -> None:
        goods = fact.goods
        if goods is None:
            return
        current = self._current
        if self._before is not None and self._before.kind in ("name", "colour") and current is not None:
            one = (
                _one_goods(current.goods, goods)
                if current.is_only_named or self._is_right_after(current)
                else None
            )
            if one is not None and current.clause == self._clause:
                current.goods, current.last = one, fact.last
                return
        if (
            current is not None
            and current.is_header
            and current.is_only_named
            and _covers(current.goods, goods)
        ):
            self.orders.pop()
        if goods.product == ROSE and self._colour is not None and self._is_spray(self._colour):
            goods = goods._replace(product=SPRAY_ROSE)
        if not goods.product:
            return
        order = Order(goods, fact.first, fact.last, clause=self._clause)
        self.orders.append(order)
        for waiting in self._waiting.values():
            order.take(waiting)
        self._waiting.clear()

    def _is_right_after(self, current: Order) -> bool:
        return self._before is not None and self._before.last == current.last

    def _is_spray(self, colour: Fact) -> bool:
        return self.words[colour.first].startswith(_SPRAY)

    def _say_spray(self, colour: Fact) -> None:
        current = self._current
        is_said_of_it = self._before is not None and self._before.kind == "name" and current is not None
        if is_said_of_it and current is not None and self._is_spray(colour) and current.goods.product == ROSE:
            current.goods = current.goods._replace(product=SPRAY_ROSE)

    # --- quantities, lengths, prices ---

    def _attribute(self, fact: Fact, following: list[Fact]) -> None:
        current = self._current
        if fact.is_each:
            self._share(fact)
        elif current is not None and self._belongs_to(current, fact, following):
            current.take(fact)
        elif _name_is_next(following):
            self._waiting[fact.kind] = fact
        elif current is not None and fact.kind == "quantity" and self._is_another_colour(following):
            self._add_colour(current, fact)
        elif fact.kind == "length":
            self._waiting[fact.kind] = fact  # "…, 60 см 25 шт красных"

    def _belongs_to(self, current: Order, fact: Fact, following: list[Fact]) -> bool:
        if not current.lacks(fact.kind):
            return False
        is_same_clause = current.clause == self._clause
        if is_same_clause:
            return True
        is_of_next = _name_is_next(following)
        return not is_of_next and (not fact.is_bare or (self._colour is not None and current.is_header))

    def _share(self, fact: Fact) -> None:
        """ "Рускус и писташ по 2 пачки": of each that was named in this clause and has none."""
        for order in reversed(self.orders):
            if not order.lacks("quantity"):
                break
            order.quantity = fact
            if order is self.orders[-1]:
                order.take(fact)

    def _is_another_colour(self, following: list[Fact]) -> bool:
        """ "100 тюльпанов желтых, 100 белых": the same goods once more."""
        return self._colour is not None or bool(following and following[0].kind == "colour")

    def _add_colour(self, current: Order, fact: Fact) -> None:
        first = min(fact.first, self._colour.first) if self._colour is not None else fact.first
        goods = current.goods
        if goods == Goods(ROSE) and self._colour is not None and self._is_spray(self._colour):
            goods = Goods(SPRAY_ROSE)
        order = Order(goods, first, fact.last, quantity=fact, clause=self._clause)
        if (length := self._waiting.pop("length", None)) is not None:
            order.take(length)
        self.orders.append(order)


def _name_is_next(following: list[Fact]) -> bool:
    """Whether a name comes before anything else that counts in this clause."""
    for fact in following:
        if fact.kind == "name":
            return True
        if fact.kind in ("quantity", "comma", "end", "colon"):
            return False
    return False


def _covers(header: Goods, goods: Goods) -> bool:
    return not header.variety and header.product == goods.product


def _one_goods(said: Goods, goods: Goods) -> Goods | None:
    """Two names side by side that name one thing; None where they are two."""
    if goods.product in _KINDS.get(said.product, ()):
        return goods
    if not goods.product and not said.variety:
        return Goods(said.product, goods.variety)
    if said.product == goods.product and not (said.variety and goods.variety):
        return Goods(said.product, said.variety or goods.variety)
    is_of_roses = {said.product, goods.product} == {ROSE, SPRAY_ROSE}
    if is_of_roses and not (said.variety and goods.variety):
        return Goods(SPRAY_ROSE, said.variety or goods.variety)
    return None
