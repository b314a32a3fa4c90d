"""Words that say what a number counts: units of goods, centimetres, roubles, and what is no goods at all."""

from functools import lru_cache

from intents.entities.schema import Unit
from intents.patterns.vocabulary import words

_UNITS = {
    Unit.PACK: (
        "пачка пачки пачку пачек пачкам пач пачк пачечка пачечки пачечку пачечек уп упак упаковка "
        "упаковки упаковку упаковок pack packs"
    ),
    Unit.BOX: (
        "коробка коробки коробку коробок кор короб коробов коробочка коробочку коробочек ящик ящика ящиков "
        "box boxes"
    ),
    Unit.PIECE: (
        "штука штуки штуку штук шт штучка штучку штучек ветка ветки ветку веток веточка веточки веточку "
        "веточек стебель стебля стеблей голов головок бутон бутонов pcs"
    ),
    Unit.BUCKET: "ведро ведра ведер бак баков бакет бакета бакетов",
    Unit.POT: "горшок горшка горшков",
    Unit.ROLL: "рулон рулона рулонов рулончик",
    Unit.METRE: "метр метра метров",
    Unit.KILOGRAM: "кг килограмм килограмма",
    Unit.BUNCH: "пучок пучка пучков связка связки связку связок",
}
UNITS = {word: unit for unit, words in _UNITS.items() for word in words.split()}
# "Пачку рускуса" is one.
ONE_OF = words("""
пачку пачечку коробку коробочку упаковку ветку веточку штучку ведро ящик рулон горшок связку пучок
""")
# After these a number follows its unit: "штук 15".
COUNTED = words("пачек штук коробок упаковок веток стеблей ведер ящиков рулонов метров")
# How much one of them holds, not how many are wanted: "пачка 25 шт".
HOLDS = words("пачка упаковка коробка ящик пачке упаковке коробке")
HALVES = {
    "полпачки": Unit.PACK,
    "полупаковки": Unit.PACK,
    "полкоробки": Unit.BOX,
    "полящика": Unit.BOX,
    "полведра": Unit.BUCKET,
}
SIZES = words("см cm сантиметр сантиметра сантиметров сантиметровые сантиметровая")
# "60ка", "70-ка", written together only.
SIZE_ENDINGS = words("ка ки ку кой ок")
MONEY = words("р руб рубль рубля рублей рублях")
THOUSANDS = words("тыс тысяч тысячи тысячу")
# Lengths that stems are sold by, in centimetres: "фридом 60".
LENGTHS = frozenset({30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 90, 100, 110})
OTHER_UNITS = words("""
раз раза человек чел дней дня день дн недель недели месяц месяца месяцев год года лет час часа часов
минут мин процент процента процентов этаж этаже магазина магазинов магазин заказ заказа заказов заказе
клиент клиента клиентов сорт сорта сортов вид вида видов цвет цвета цветов фото градус градуса градусов
гр грамм
""")
# What a number after these names is a document, a place or a person's, never goods.
NUMBERED = words("""
ул улица улице улицы дом доме адрес адресу квартира кв офис оф подъезд корпус корп строение стр проспект
пр переулок пер шоссе номер номера номером накладная накладной накладную платежка платежке платежку счет
счета счету чек чека чеку тел телефон заказ заказа заказу заказе инн договор договору склад павильон ряд
место рейс машина код вариант артикул этаж №
""")
# A sum, not a price: "перевела 15000 р".
_SUM_STEMS = tuple(
    words("""
перевел перевод оплат счет сумм долг итого всего доплат возврат верн баланс скинул отправил заплат чек
кредит депозит
""")
)
_COLOUR_STEMS = tuple(
    words("""
белы бела бело белу красн розов желт сини синю синя синей голуб персиков кремов пудров сиренев фиолетов
лилов бордо оранжев зелен черн малинов коралов кораллов пастельн лавандов разноцветн цветн крашен светл
темн ярк нежн люб кустов пионовидн махров атласн бежев серебрист золот
""")
)
_COLOURS = words("""
бел крас красн желт персик крем пудра сирень сирен фуксия айвори шампань микс mix ассорти лаванда мята
беж
""")


def is_colour(word: str) -> bool:
    """A colour or what else tells one bunch from another of the same goods: «микс», «атласная»."""
    return word in _COLOURS or (len(word) > 3 and word.startswith(_COLOUR_STEMS))


@lru_cache(maxsize=50_000)
def is_sum(word: str) -> bool:
    return word.startswith(_SUM_STEMS)
