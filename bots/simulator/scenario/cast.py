"""The people of the demo. All of them, and their shops, are plainly invented."""

from dataclasses import dataclass

from bots.simulator.wire import Person

MANAGER = Person(id=700_000_001, first_name="Менеджер", last_name="Примерова", username="demo_manager")
SECOND_MANAGER = Person(
    id=700_000_002, first_name="Менеджер", last_name="Образцов", username="demo_manager_2"
)
MAILING_BOT = Person(id=700_000_003, first_name="Рассылка (демо)", username="demo_mailing_bot", is_bot=True)


@dataclass(frozen=True, kw_only=True)
class Group:
    """One client's group: its people write, `manager` answers now and then."""

    chat_id: int
    title: str
    owner: Person
    colleague: Person
    manager: Person = MANAGER


def _person(number: int, first_name: str, last_name: str, username: str = "") -> Person:
    return Person(id=600_000_000 + number, first_name=first_name, last_name=last_name, username=username)


GROUPS = (
    Group(
        chat_id=-1_009_900_000_001,
        title="Магазин «Пример-Ромашка»",
        owner=_person(1, "Тест", "Ромашкина", "test_romashkina"),
        colleague=_person(2, "Проба", "Лепесткова"),
    ),
    Group(
        chat_id=-1_009_900_000_002,
        title="Салон «Тестовый букет»",
        owner=_person(3, "Тест", "Букетов", "test_buketov"),
        colleague=_person(4, "Проба", "Лентина", "proba_lentina"),
    ),
    Group(
        chat_id=-1_009_900_000_003,
        title="«Учебная орхидея», три точки",
        owner=_person(5, "Тест", "Орхидеева", "test_orhideeva"),
        colleague=_person(6, "Образец", "Стебельков"),
        manager=SECOND_MANAGER,
    ),
    Group(
        chat_id=-1_009_900_000_004,
        title="Цветы «Проверка» — у вокзала",
        owner=_person(7, "Проба", "Тюльпанова", "proba_tulpanova"),
        colleague=_person(8, "Тест", "Корзинкин"),
    ),
    Group(
        chat_id=-1_009_900_000_005,
        title="Студия «Мимоза-Пример»",
        owner=_person(9, "Образец", "Мимозов"),
        colleague=_person(10, "Тест", "Веточкина", "test_vetochkina"),
        manager=SECOND_MANAGER,
    ),
    Group(
        chat_id=-990_000_006,
        title="Ларёк «Демо-Пион»",
        owner=_person(11, "Проба", "Пионова", "proba_pionova"),
        colleague=_person(12, "Образец", "Ларёчкин"),
    ),
)

# Where the hub shows drafts on cards; MANAGER presses their buttons.
REVIEW_CHAT_ID, REVIEW_CHAT_TITLE = -1_009_900_000_100, "Проверка ответов (сотрудники)"

# What the demo's hub must be told, because Telegram does not say it: who of these is ours.
ROLES = {
    MANAGER: "manager",
    SECOND_MANAGER: "manager",
    MAILING_BOT: "broadcast_bot",
}
