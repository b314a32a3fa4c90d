"""What the demo agent would say."""

from typing import Any

import pytest

from bots.demo.replies import reply_to
from tests.bots.hub_stub import row


@pytest.mark.parametrize(
    ("intent", "text", "words"),
    [
        ("complaint", "Половина бутонов мятая", "фото"),
        ("complaint", "Ждём машину уже час", ""),
        ("complaint", "В накладной десять, приехало меньше", "накладной"),
        ("question", "Сколько стоит тестовая роза?", ""),
        ("question", "Во сколько доставка?", ""),
        ("question", "Пришлите сертификат", "бухгалтерию"),
        ("question", "Есть белые?", ""),
        ("order", "Запишите 5 пачек", "аказ"),
        ("order", "Уберите из заказа зелень", "Изменения"),
        ("interest", "Интересны новинки", ""),
        ("confirmation", "Да, подтверждаем", "Спасибо"),
    ],
)
def test_each_kind_of_message_has_words(intent: str, text: str, words: str) -> None:
    reply = reply_to(row(1, text, intent=intent))
    assert reply is not None
    assert words in reply.text
    assert reply.context.endswith(".")
    assert len(reply.text) < 4096


def test_the_same_message_gets_the_same_reply() -> None:
    texts = {reply.text for _ in range(20) if (reply := reply_to(row(5, "Есть белые?")))}
    assert len(texts) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"role": "manager"},
        {"is_automatic": True},
        {"text": ""},
        {"text": None},
        {"intent": "other"},
        {"intent": "broadcast"},
        {"intent": None},
        {"intent": "something new"},
    ],
)
def test_nothing_is_proposed_where_nothing_is_asked(fields: dict[str, Any]) -> None:
    assert reply_to(row(1, "Почём роза?") | fields) is None
