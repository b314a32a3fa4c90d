"""What the demo agent proposes: canned words, chosen by the hub's intent and the message's own."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A text for the client, and for the manager why it is proposed."""

    text: str
    context: str


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """Applies when a text of one of the `intents` has one of the words; no words: always."""

    intents: tuple[str, ...]
    words: tuple[str, ...] = ()
    why: str
    texts: tuple[str, ...]

    def applies(self, intent: str, text: str) -> bool:
        return intent in self.intents and (not self.words or any(word in text for word in self.words))


# The first that applies wins: particular words stand before an intent's general answer.
_RULES = (
    _Rule(
        intents=("complaint",),
        words=("водител", "машин", "не приех", "опозд", "ждём", "ждем"),
        why="Жалоба на доставку: извиняемся и обещаем связаться с водителем.",
        texts=(
            "Приносим извинения за ожидание! Связываемся с водителем и сразу напишем, когда он будет у вас.",
            "Простите за задержку. Уже выясняем, где машина, и сообщим точное время.",
        ),
    ),
    _Rule(
        intents=("complaint",),
        words=("накладн", "недовез", "меньше", "счёт", "счет", "дороже"),
        why="Жалоба на количество или счёт: просим накладную, сверим.",
        texts=(
            (
                "Простите за расхождение! Пришлите, пожалуйста, фото накладной — сверим со складом "
                "и сегодня же ответим."
            ),
        ),
    ),
    _Rule(
        intents=("complaint",),
        why="Жалоба на качество: извиняемся и просим фото.",
        texts=(
            (
                "Очень жаль, что так вышло, приносим извинения! Пришлите, пожалуйста, фото цветов "
                "и упаковки — разберёмся сегодня же."
            ),
            (
                "Простите за это. Сфотографируйте, пожалуйста, цветы и этикетку пачки: передадим "
                "на склад и предложим замену или возврат."
            ),
        ),
    ),
    _Rule(
        intents=("question", "interest"),
        words=("почём", "почем", "цен", "сколько сто", "стоит", "прайс"),
        why="Спрашивают о цене: обещаем прислать актуальный прайс.",
        texts=(
            "Здравствуйте! Цена зависит от объёма, сейчас пришлём актуальный прайс. Сколько пачек вам нужно?",
            "Добрый день! Уточняем цену на сегодня и пришлём её вам. На какой день планируете заказ?",
        ),
    ),
    _Rule(
        intents=("question",),
        words=("доставк", "машин", "приедет", "во сколько", "которого часа", "когда"),
        why="Спрашивают о сроках: уточним у логиста.",
        texts=(
            "Здравствуйте! Уточняем у логиста и напишем вам время в течение получаса.",
            "Добрый день! Сверимся с расписанием машин и сразу сообщим.",
        ),
    ),
    _Rule(
        intents=("question",),
        words=("накладн", "счёт", "счет", "документ", "сертификат", "акт "),
        why="Просят документ: передаём в бухгалтерию.",
        texts=("Здравствуйте! Передали в бухгалтерию, пришлём документ сюда же сегодня.",),
    ),
    _Rule(
        intents=("question",),
        why="Вопрос о товаре: проверим наличие.",
        texts=(
            "Здравствуйте! Проверяем наличие на складе и скоро ответим. Сколько вам нужно и на какой день?",
            "Добрый день! Уточняем у склада, вернёмся с ответом через несколько минут.",
        ),
    ),
    _Rule(
        intents=("order",),
        words=("убер", "отмен", "без ", "вместо"),
        why="Изменение заказа: подтверждаем, что учли.",
        texts=("Изменения приняли, обновим заказ и пришлём итоговый список для сверки.",),
    ),
    _Rule(
        intents=("order",),
        why="Заказ: подтверждаем получение, наличие проверит склад.",
        texts=(
            "Спасибо за заказ! Проверяем наличие и пришлём подтверждение с итоговой суммой.",
            "Заказ приняли, спасибо! Сверим остатки и подтвердим сборку.",
        ),
    ),
    _Rule(
        intents=("interest",),
        why="Интерес к ассортименту: предлагаем подборку с фото.",
        texts=(
            "Спасибо за интерес! Подготовим подборку с фото и ценами. Какие цвета и объёмы вам ближе?",
            "С удовольствием покажем! Сегодня пришлём фото и условия. К какому числу планируете?",
        ),
    ),
    _Rule(
        intents=("confirmation",),
        why="Клиент подтвердил: закрываем вопрос.",
        texts=("Спасибо, приняли! Если что-то изменится — напишите.",),
    ),
)


def reply_to(message: Mapping[str, Any]) -> Reply | None:
    """A reply worth proposing to this row of the API; the same row always gets the same one.

    None where nothing is to be said: no words to answer, an automatic message, chatter, or a message the
    hub has not understood yet (it comes again in the feed once it has).
    """
    text = str(message.get("text") or "").lower()
    if message.get("role") != "client" or message.get("is_automatic") or not text:
        return None
    intent = str(message.get("intent") or "")
    for rule in _RULES:
        if rule.applies(intent, text):
            choice = random.Random(int(message["id"]))  # noqa: S311  (variety, not secrecy)
            return Reply(text=choice.choice(rule.texts), context=rule.why)
    return None
