"""What goods are called: products by their lemma, varieties by their Latin name, in either alphabet.

Every ending of a name is written out once, here, so that reading a message only looks words up.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from cvgorod_hub.common.russian import is_known, is_one_slip, is_rare_name, without_one_letter
from intents.patterns.vocabulary import words
from messaging.search.varieties import latin_spellings

ROSE, SPRAY_ROSE = "роза", "кустовая роза"
# Shorter unknown words are abbreviations, where one other letter is another word.
_SHORTEST_SLIP = 6
_DOUBLED = re.compile(r"([^\W\d_])\1")

# Lemma: other words for it (in any ending; after "=" exactly as written).
_PRODUCTS = """
роза: розочка =роз =rose =roses
кустовая роза: =спрей =спрея =спреев =spray
тюльпан: тюльпанчик
хризантема: хризантемка хриз сантини
гвоздика: диантус =гвозд
эустома: лизиантус
альстромерия: альстра =альстромерий
гипсофила: гипса =гипсофил =гипс
гербера: герберка =гербер
эвкалипт: эвка =эвкал
ранункулюс: ранункул ранун =ранунки
гортензия:
пион: пиончик
анемон: анемона
буплерум: буплеурум
рускус: статица: лимониум: калла: лилия: цимбидиум: фаленопсис: ванда: орхидея: фрезия:
ирис: нарцисс: гиацинт: мимоза: дельфиниум: антирринум: антуриум: маттиола: протея: леукоспермум:
леукадендрон: бруния: хамелациум: озотамнус: эрингиум: краспедия: астра: астранция: скабиоза: лаванда:
амариллис: гиперикум: бувардия: питтоспорум: аспидистра: аспарагус: плюмозус: монстера: папоротник:
салал: робелини: хлопок: лагурус: пампас: космея: вероника: трахелиум: оксипеталум: клематис: стрелиция:
геликония: вибурнум: молюцелла: солидаго: танацетум: сирень: верба: георгин: ромашка: зелень: сухоцвет:
подсолнух: подсолнечник
писташ: фисташка =писташа
пленка: крафт: секатор: кризал: аквапак: тишью: топпер: проволока: кашпо: лента:
мох: =мха =мху
оазис: =оазиса =оазисов
сетка: =сеток
открытка: =открыток
корзина:
ваза: =ваза =вазы =вазу =ваз
губка: =губок
"""
# Latin name, product: how it is said in Russian, "/" between ways.
_VARIETIES = """
Explorer роза: эксплорер / эксплорэр; Freedom роза: фридом / фридомка; Red Naomi роза: ред наоми / наоми;
Mondial роза: мондиаль / мондиал; Pink Mondial роза: пинк мондиаль; Avalanche роза: аваланч / аваланж /
аваланш;
Jumilia роза: джумилия; Red Eagle роза: ред игл / игл; Pink Floyd роза: пинк флойд; Vendela роза: вендела;
Juanita роза: хуанита; Antonio роза: антонио; Gagarin роза: гагарин; Takazzi роза: такаци / таказзи;
Country Blues роза: кантри блюз; White Ohara роза: вайт охара / уайт охара; Pink Ohara роза: пинк охара;
Ohara роза: охара; Quicksand роза: квиксенд / квиксанд; Playa Blanca роза: плайя бланка / плая бланка;
Shimmer роза: шиммер; Nina роза: нина; Hermosa роза: эрмоса; Sweetness роза: свитнес;
Bombastic кустовая роза: бомбастик; Misty Bubbles кустовая роза: мисти баблс / мисти бабблз / мисти бабблс;
Jana кустовая роза: яна; Juliet роза: джульетта; Vuvuzela роза: вувузела; High Magic роза: хай мэджик;
Zembla хризантема: зембла; Bacardi хризантема: бакарди; Baltica хризантема: балтика;
Ping Pong хризантема: пинг понг / пингпонг;
Pompone хризантема: пампоне / помпоне; Anastasia хризантема: анастасия; Magnum хризантема: магнум;
Sarah Bernhardt пион: сара бернар; Coral Charm пион: корал шарм / корал чарм / коралл шарм / коралл чарм;
Duchesse de Nemours пион: дюшес де немур; Red Charm пион: ред шарм / ред чарм;
Strong Gold тюльпан: стронг голд; Dynasty тюльпан: династи; Columbus тюльпан: колумбус;
Clooney Hanoi ранункулюс: клуни ханой / клуни; Cinerea эвкалипт: цинерея; Populus эвкалипт: популус;
Baby Blue эвкалипт: бейби блю / беби блю; Charmelia альстромерия: чармелия;
Fullmoon хризантема: фуллмун / фулмун
"""
# People and streets are called so, too: these count right beside a product only.
AMBIGUOUS = frozenset({"Jana", "Nina", "Juliet", "Anastasia", "Gagarin", "Antonio", "Magnum"})
# Where roses come from; said instead of "роза".
_ORIGINS = "голландия кения эквадор колумбия эфиопия"


class Goods(NamedTuple):
    """What a name names: either may be empty."""

    product: str
    variety: str = ""


class _Found(NamedTuple):
    goods: Goods
    words: int


def squeezed(word: str) -> str:
    """Doubled letters as one: «маттиола» and «матиола», «баккарди» and «бакарди» are one word to compare."""
    return _DOUBLED.sub(r"\1", word)


def declined(name: str) -> set[str]:
    """A noun in the endings that people give it."""
    stem, last = name[:-1], name[-1]
    if last == "а":
        return {stem + ending for ending in ("", "а", "ы", "и", "е", "у", "ой", "ам", "ами", "ах")}
    if last == "я":
        return {stem + ending for ending in ("я", "и", "е", "ю", "ей", "й", "ям", "ями", "ях")}
    if last == "ь":
        return {stem + ending for ending in ("ь", "я", "ю", "ем", "е", "и", "ей", "ям", "ями", "ях", "ью")}
    if last in "оеиуэю":
        return {name}
    base = name[:-2] if name.endswith(("ек", "ок")) else name
    return {name} | {base + ending for ending in ("а", "у", "ом", "е", "ы", "и", "ов", "ам", "ами", "ах")}


@cache
def _products() -> Mapping[str, str]:
    forms: dict[str, str] = {}
    for lemma, others in re.findall(r"([а-я ]+?):([^:\n]*?)(?=\s+[а-я]+:|\s*\n|$)", _PRODUCTS):
        lemma = lemma.strip()
        listed = others.split()
        in_full = [] if " " in lemma or f"={lemma}" in listed else [lemma]
        for word in (*in_full, *listed):
            for form in [word[1:]] if word.startswith("=") else declined(word):
                if len(form) > 2 or word.startswith("="):
                    forms.setdefault(squeezed(form), lemma)
    return forms


@cache
def _names() -> Mapping[str, list[tuple[tuple[str, ...], Goods]]]:
    """By the first word, as `_word_of_a_name` gives it: the words of each name, longest first."""
    found: defaultdict[str, list[tuple[tuple[str, ...], Goods]]] = defaultdict(list)
    for spelling, goods in _spelt():
        found[spelling[0]].append((spelling, goods))
    return {first: sorted(names, key=lambda name: -len(name[0])) for first, names in found.items()}


def _spelt() -> Iterator[tuple[tuple[str, ...], Goods]]:
    for row in _VARIETIES.split(";"):
        head, _, spellings = row.strip().partition(":")
        latin, product = re.fullmatch(r"([A-Za-z ]+) ([а-я ]+)", head).groups()  # type: ignore[union-attr]
        goods = Goods(product, latin)
        for spelling in (*spellings.split("/"), latin.lower()):
            yield tuple(squeezed(word) for word in spelling.split()), goods
    for origin in _ORIGINS.split():
        yield (squeezed(origin),), Goods(ROSE)


@cache
def _words_of_names() -> Mapping[str, str]:
    """Each form of a word that stands in a name, and that word."""
    standing = {word for names in _names().values() for spelling, _goods in names for word in spelling}
    forms = {squeezed(form): word for word in sorted(standing) for form in declined(word) if len(form) > 2}
    return {**forms, **{word: word for word in standing}}


@cache
def _by_variant() -> Mapping[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for form in (*_products(), *_words_of_names()):
        if len(form) >= _SHORTEST_SLIP:
            for variant in without_one_letter(form):
                found[variant].add(form)
    return found


@lru_cache(maxsize=50_000)
def _known_form(word: str) -> str:
    """The word of the tables that this is, or that it misspells by one letter; else itself."""
    short = squeezed(word)
    if short in _products() or short in _words_of_names() or len(short) < _SHORTEST_SLIP:
        return short
    if is_known(word) and not is_rare_name(word):
        return short
    near = {form for variant in without_one_letter(short) for form in _by_variant().get(variant, ())}
    meant = sorted(form for form in near if is_one_slip(short, form))
    return meant[0] if meant else short


@lru_cache(maxsize=50_000)
def begins_a_name(word: str) -> bool:
    """Whether goods may be named from this word on."""
    if len(word) < 3:
        return False
    form = _known_form(word)
    return form in _products() or _words_of_names().get(form) in _names()


def find_goods(said: list[str], position: int) -> _Found | None:
    """The goods named from here on, and by how many words; `said` holds plain words ("" for no word)."""
    word = said[position]
    if not begins_a_name(word):
        return None
    form = _known_form(word)
    first = _words_of_names().get(form)
    for spelling, goods in _names().get(first, ()) if first else ():
        if _stand_here(spelling, said, position):
            return _Found(goods, len(spelling))
    product = _products().get(form)
    return _Found(Goods(product), 1) if product else None


def _stand_here(spelling: tuple[str, ...], said: list[str], position: int) -> bool:
    here = said[position : position + len(spelling)]
    return len(here) == len(spelling) and all(
        _words_of_names().get(_known_form(word)) == part for word, part in zip(here, spelling, strict=True)
    )


def find_unlisted_variety(said: list[str], position: int) -> _Found | None:
    """A name right after a product that no list has: Latin words, or Russian ones that spell Latin ones."""
    latin: list[str] = []
    for word in said[position : position + 3]:
        if len(word) > 2 and word.isascii() and word not in _NO_NAMES:
            latin.append(word)
        elif word in latin_spellings() and word not in _NO_NAMES and find_goods([word], 0) is None:
            latin.append(min(latin_spellings()[word]))
        else:
            break
    return _Found(Goods("", " ".join(latin).title()), len(latin)) if latin else None


# Words of an order that are no names, though some name has them.
_NO_NAMES = words("""
pack packs box boxes pcs piece pieces and the for cm stem stems bunch bunches mini spray mix new top
мини топ нью дабл спрей стар сан найт лайт тру фейс
""")
