"""Who takes part. Ids lie beyond the 52 bits that Telegram's have, so no real row is ever among them.

Whatever is sent to such a chat reaches nobody; by these ids all of it is found and taken away again.
"""

from dataclasses import dataclass
from itertools import product
from typing import Final

from clients.models import RoleName

# Bot API: "at most 52 significant bits". Room for a billion above it, and still exact in JavaScript.
FIRST_ID: Final = 1 << 52
LAST_ID: Final = FIRST_ID + 1_000_000_000
BOT_ID: Final = FIRST_ID + 999_999_999
AGENT: Final = "seed-agent"
_FIRST_NAMES = ("Проба", "Тест", "Образец", "Пример", "Демо", "Макет")
# fmt: off
_LAST_NAMES = (
    "Ромашкина", "Лепестков", "Букетова", "Стебельков", "Орхидеева", "Тюльпанова", "Корзинкин", "Мимозова",
    "Веточкин", "Пионова", "Ларёчкин", "Гортензиева", "Розанов", "Фиалкина", "Подсолнухов", "Лавандова",
    "Георгинов", "Васильков", "Астрова", "Незабудкин", "Ландышева", "Хризантемова", "Гвоздиков", "Ирисова",
    "Нарциссов", "Маргаритова", "Клеверов", "Лилиева", "Жасминова", "Эвкалиптов",
)
_KINDS = ("Салон", "Магазин", "Студия", "Цветы", "Ларёк", "Мастерская", "База", "Букетная")
_SHOPS = (
    "Пример-Ромашка", "Тестовый букет", "Учебная орхидея", "Проверка", "Мимоза-Пример", "Демо-Пион",
    "Образцовая роза", "Проба пера", "Макет весны", "Пример-Лаванда", "Тестовый сад", "Учебный стебель",
)
FOLDERS = ("Центр", "Север", "Юг", "Область", "Доставка")
# fmt: on


def chat_id(place: int) -> int:
    return -FIRST_ID - place


def person_id(place: int) -> int:
    return FIRST_ID + place


def chat_name(place: int) -> str:
    names = list(product(_SHOPS, _KINDS))
    shop, kind = names[place % len(names)]
    round_ = place // len(names)
    return f"{kind} «{shop}»" + (f" № {round_ + 1}" if round_ else "")


def person_names(place: int) -> tuple[str, str]:
    """(first name, last name): whoever shares them with others is told by a number."""
    names = list(product(_LAST_NAMES, _FIRST_NAMES))
    last, first = names[place % len(names)]
    round_ = place // len(names)
    return first, f"{last}-{round_ + 1}" if round_ else last


@dataclass(frozen=True)
class Cast:
    """How many of whom. People are numbered: clients first, then managers, the mailing bot, ours."""

    chats: int
    clients: int
    managers: int

    @classmethod
    def for_messages(cls, messages: int) -> "Cast":
        """A small hub has few chats, one of a million messages three hundred of them."""
        chats = min(max(messages // 3_000, 6), 300)
        return cls(chats=chats, clients=chats * 16, managers=min(max(chats // 8, 3), 36))

    @property
    def mailing_bot(self) -> int:
        return self.clients + self.managers

    @property
    def own_bot(self) -> int:
        """By which the hub sends."""
        return self.mailing_bot + 1

    @property
    def people(self) -> int:
        return self.own_bot + 1

    def client_of(self, chat: int, place: int) -> int:
        """The number of a client of this chat, of sixteen."""
        return chat + place * self.chats

    def manager_of(self, chat: int, place: int = 0) -> int:
        """The number of a manager; the first is the one who mostly answers there."""
        return self.clients + (chat + place) % self.managers

    def role_of(self, number: int) -> RoleName:
        if number < self.clients:
            return RoleName.CLIENT
        if number < self.mailing_bot:
            return RoleName.DIRECTOR if number == self.clients + 1 else RoleName.MANAGER
        return RoleName.ASSISTANT_BOT if number == self.own_bot else RoleName.BROADCAST_BOT
