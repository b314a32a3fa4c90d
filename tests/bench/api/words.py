"""What people of the trade write to each other, as far as a database can tell."""

import random
from itertools import accumulate

# Searched for: (word, forms that share its stem, in how many of a million messages), the most frequent first.
MIX = (
    ("роза", ("роза", "розы", "роз", "розу", "Роза"), 78_000),
    ("тюльпан", ("тюльпан", "тюльпаны"), 30_000),
    ("гортензия", ("гортензия", "гортензии", "гортензию"), 12_000),
    ("эустома", ("эустома", "эустомы"), 5_000),
    ("ранункулюс", ("ранункулюс", "ранункулюсы", "ранункулюсов"), 2_000),
    ("лаванда", ("лаванда", "лаванды", "лаванду"), 800),
    ("матиола", ("матиола", "матиолы", "матиолу"), 250),
    ("скабиоза", ("скабиоза", "скабиозы"), 80),
    ("нигелла", ("нигелла", "нигеллы"), 20),
    ("протея", ("протея",), 3),
)
RARE = ("эремурус", ("эремурус", "эремурусы", "эремурусов"), 40)
# fmt: off
_FREQUENT = """
    добрый день нужно завтра утром сколько стоит есть ли в наличии отгрузка счёт оплатили привезите
    пожалуйста спасибо хорошо штук коробка срезка белая розовая красная кремовая на по за и а мы вам нам
    можно до обеда после склад машина водитель заказ накладная цена рублей упаковку пачка ветка кустовая
    хризантема гвоздика альстромерия лилия гипсофила эвкалипт зелень упаковка лента плёнка крафт губка
    поставка Эквадор Голландия Кения плантация сорт рост 40 50 60 70 см свежие стоят неделю возврат брак
    фото пришлите отправили получили подтверждаю отмена перенесите понедельник вторник среда четверг
    пятница суббота праздник букет свадьба салон магазин адрес телефон менеджер скидка прайс остаток
""".split()  # noqa: SIM905  (a list of words reads better without quotes)
_NAMES = 8_000
_SYLLABLES = """
    ка ли то ран ве до ми са ну рет бо фи гра лен ста ро эс та нор ви кла мел дра пен ло сай му рин
""".split()  # noqa: SIM905
# fmt: on


def _make_names() -> list[str]:
    """Names of varieties, farms and streets: a long tail, each now and then."""
    dice = random.Random(7)  # noqa: S311  (the same for everybody)
    return ["".join(dice.choices(_SYLLABLES, k=dice.randint(3, 5))).capitalize() for _ in range(_NAMES)]


_WORDS = [*_FREQUENT, *_make_names()]
# Zipf's law: the n-th word comes 1/n as often as the first; the head is flattened as in short messages.
_WEIGHTS = list(accumulate(1 / (place + 12) for place in range(len(_WORDS))))
_FORMS = [(count, forms) for _word, forms, count in (*MIX, RARE)]


def make_text(number: int, dice: random.Random) -> str:
    """The words of message `number`; those that are searched for come evenly through history."""
    words = dice.choices(_WORDS, cum_weights=_WEIGHTS, k=dice.randint(1, 14))
    for place, (count, forms) in enumerate(_FORMS):
        turn, phase = divmod((number + place * 37) * count, 1_000_000)
        if phase < count:
            words.append(forms[turn % len(forms)])
    return " ".join(words)
