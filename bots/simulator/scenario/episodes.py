"""What is said in the demo's chats: short scenes of a flower wholesaler's day.

Places in braces are filled by `talk`: `{variety}` an invented variety, `{packs}` 5–20, `{stems}`, `{cm}`,
`{price}`, `{day}` a weekday in the accusative, `{hour}`.
"""

from dataclasses import dataclass
from typing import Literal

Who = Literal["owner", "colleague", "manager", "mailing"]
Kind = Literal["text", "photo", "voice", "sticker", "edit"]

VARIETIES = ("Рассвет", "Облако", "Метель", "Клюква", "Ваниль", "Вечерний звон", "Пломбир")
DAYS = ("среду", "четверг", "пятницу", "субботу")


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One thing somebody does. An edit changes that person's latest text; a reply answers the last turn."""

    who: Who
    text: str = ""
    kind: Kind = "text"
    reply: bool = False


@dataclass(frozen=True, kw_only=True)
class Episode:
    """A scene; `intent` is what its first turn means."""

    intent: str
    turns: tuple[Turn, ...]


def _client(*texts: str) -> tuple[Turn, ...]:
    return tuple(Turn(who="owner", text=text) for text in texts)


def _said(intent: str, *turns: Turn) -> Episode:
    return Episode(intent=intent, turns=turns)


def _answered(intent: str, question: str, answer: str, *after: Turn) -> Episode:
    manager = Turn(who="manager", text=answer, reply=True)
    return _said(intent, *_client(question), manager, *after)


def _colleague(text: str) -> Turn:
    return Turn(who="colleague", text=text)


ORDERS = (
    _said("order", *_client("Запишите нам розу «{variety}» {cm} см — {packs} пачек, на {day}")),
    _said(
        "order",
        *_client("Хочу заказать тюльпаны «{variety}», {packs} пачек"),
        Turn(who="owner", kind="edit", text="Хочу заказать тюльпаны «{variety}», {packs} пачек, к {hour}"),
    ),
    _said(
        "order",
        *_client(
            "Добрый день! Соберите, пожалуйста:\nхризантема «{variety}» — {packs} пачек\nэвкалипт — 5 пачек"
        ),
        _colleague("и гипсофилу добавьте одну, если осталась"),
    ),
    _said(
        "order", *_client("Нам на {day} повторите прошлую поставку, только розы {packs} пачек вместо пяти")
    ),
    _said("order", *_client("Добавьте в наш заказ ещё {packs} пачек диантуса, машина ведь не ушла?")),
    _said("order", *_client("Уберите из заказа альстромерию, остальное оставляем как есть")),
    _answered(
        "order",
        "Беру {stems} веток кустовой розы «{variety}», заберём сами в {day}",
        "Записали, соберём к открытию склада.",
        Turn(who="owner", kind="sticker", text="👌"),
    ),
    _said("order", Turn(who="owner", kind="photo", text="Вот такую зелень закажем, {packs} пачек на {day}")),
)

QUESTIONS = (
    _said("question", *_client("Подскажите, почём сегодня роза «{variety}» {cm} см?")),
    _said("question", *_client("А пионовидная «{variety}» приедет к {day} или уже на следующей неделе?")),
    _said("question", *_client("Сколько веток в пачке у вашей матиолы?")),
    _said("question", *_client("До которого часа можно прислать заявку на {day}?")),
    _said(
        "question",
        *_client("Машина на нас во сколько выезжает?"),
        _colleague("мы с {hour} на месте, раньше никого не будет"),
    ),
    _answered(
        "question",
        "Есть ли белая эустома, хотя бы {packs} пачек?",
        "Белая есть, отложить вам?",
        *_client("Да, отложите, спасибо"),
    ),
    _said("question", *_client("Можете прислать накладную за прошлую поставку? Бухгалтер спрашивает")),
    _said("question", Turn(who="owner", kind="photo", text="Как называется такая роза? Есть она у вас?")),
    _said("question", Turn(who="owner", kind="voice")),
    _said("question", Turn(who="owner", kind="voice"), _colleague("если коротко: что с доставкой на {day}?")),
)

COMPLAINTS = (
    _said(
        "complaint",
        *_client("Половина пачки «{variety}» пришла с мятыми бутонами, так продавать нельзя"),
        Turn(who="owner", kind="photo", text="вот, посмотрите сами"),
    ),
    _said("complaint", *_client("Ждём машину с самого утра, водитель не отвечает! Что происходит?")),
    _said(
        "complaint", *_client("В накладной {packs} пачек, а приехало на две меньше. Разберитесь, пожалуйста")
    ),
    _said(
        "complaint", *_client("Гортензия за ночь легла вся, хотя стояла в воде. Очень расстроены качеством")
    ),
    _answered(
        "complaint",
        "Опять вместо {cm} см привезли короткую розу",
        "Простите, проверяем на складе, сегодня же вернёмся с ответом.",
        *_client("Поняли, ждём от вас ответа"),
    ),
    _said("complaint", *_client("Счёт выставили дороже, чем договаривались: было {price} за ветку")),
)

INTEREST = (
    _said("interest", *_client("Интересуют новинки на весну, покажете, что будет?")),
    _said("interest", *_client("Думаем взять на пробу кустовую розу «{variety}», расскажите о ней")),
    _said("interest", *_client("А что у вас есть необычного к выпускным? Хотели бы посмотреть")),
    _said("interest", *_client("Присматриваемся к сухоцветам. Пришлите, что есть и в каких цветах")),
    _said(
        "interest", *_client("Увидели у соседей ваш сорт «{variety}», очень понравился, тоже думаем о нём")
    ),
)

CONFIRMATIONS = (
    _said(
        "confirmation",
        Turn(who="manager", text="Собрали: роза «{variety}» {packs} пачек, зелень 4. Всё верно?"),
        *_client("Да, всё верно, подтверждаем"),
    ),
    _said(
        "confirmation",
        Turn(who="manager", text="«{variety}» закончилась, можем дать похожую, на тон светлее. Подойдёт?"),
        *_client("Подойдёт, меняйте"),
    ),
    _said(
        "confirmation",
        Turn(who="manager", text="Доставим в {day} к {hour}, удобно?"),
        Turn(who="colleague", text="Ок, нам удобно", reply=True),
    ),
    _said("confirmation", *_client("Оплату отправили, чек ушёл на почту. Заявку подтверждаем")),
)

MAILINGS = (
    _said(
        "broadcast",
        Turn(
            who="mailing",
            text="🌷 Свежая поставка!\nРоза «{variety}» {cm} см — {price} ₽ за ветку\n"
            "Заявки на {day} принимаем до {hour}.",
        ),
    ),
    _said(
        "broadcast",
        Turn(
            who="mailing",
            text="Уважаемые клиенты! В {day} склад работает до {hour}. Планируйте, пожалуйста, заявки.",
        ),
        Turn(who="owner", kind="sticker", text="👍"),
    ),
    _said(
        "broadcast",
        Turn(
            who="mailing", text="Скидка недели: хризантема «{variety}» от {packs} пачек — {price} ₽ за ветку."
        ),
        *_client("О, а мелкая хризантема по этой же цене?"),
    ),
)

OTHER = (
    _said("other", *_client("Доброе утро всем!")),
    _said("other", *_client("Мы сегодня переезжаем в новый зал, пожелайте удачи 🙂")),
    _said("other", Turn(who="owner", kind="sticker", text="🌷")),
    _said("other", _colleague("Я теперь тоже в этом чате, буду на приёмке по утрам")),
    _said("other", *_client("Спасибо, букеты из вчерашней партии разобрали за день!")),
)

EPISODES = (
    *ORDERS,
    *QUESTIONS,
    *COMPLAINTS,
    *INTEREST,
    *CONFIRMATIONS,
    *MAILINGS,
    *OTHER,
)

THANKS = (
    "Спасибо большое!",
    "Понятно, спасибо!",
    "Отлично, спасибо за быстрый ответ 🌷",
    "Супер, благодарю",
    "Ясно, спасибо, так и сделаем",
)
