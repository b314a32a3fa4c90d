"""What is said: the demo's scenes in thousands of variants.

Each text is read by the hub's own patterns and rules once; its rows then say of it what the hub would say.
Days that a text names are kept as so many days from when it is said, for each day of the week.
"""

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from bots.demo.replies import reply_to
from bots.simulator.scenario.episodes import DAYS, EPISODES, THANKS, Episode, Turn
from clients.models import RoleName
from cvgorod_hub.seeding.copying import escaped
from intents.entities.extraction import extract
from intents.patterns.rulebook import load_classifier

# fmt: off
VARIETIES = (
    "Рассвет", "Облако", "Метель", "Клюква", "Ваниль", "Вечерний звон", "Пломбир", "Малиновка",
    "Первая встреча",
    "Снежная королева", "Карамель", "Бархат", "Утренняя роса", "Зефир", "Сирена", "Коралл",
    "Пастила", "Аврора",
)
FLOWERS = (
    "розу", "кустовую розу", "пионовидную розу", "хризантему", "тюльпаны", "эустому", "альстромерию",
    "гвоздику", "гортензию", "гипсофилу", "эвкалипт", "лилию", "ирисы", "ранункулюсы", "матиолу",
    "антирринум",
    "диантус", "писташ", "рускус", "статицу", "лаванду", "протею", "скабиозу", "нигеллу",
)
_GREETINGS = ("", "", "", "Здравствуйте! ", "Добрый день! ", "Доброе утро! ", "Коллеги, ", "Привет! ")
_ORDERS = (
    "{greeting}Нам на {day} {flower} «{variety}» {cm} см — {packs} пачек",
    "{greeting}Поставьте в заказ {flower} {packs} пачек и ещё {second} пять",
    "{greeting}Заказ на {day}:\n{flower} — {packs}\n{second} — {few}\nкоробки те же",
    "{greeting}Добавьте {flower} «{variety}» {few} пачки к завтрашней машине",
    "{greeting}Отложите {flower} {stems} штук до {hour}, заберём сами",
)
_QUESTIONS = (
    "{greeting}Есть ли {flower} «{variety}» {cm} см?",
    "{greeting}Почём {flower} сегодня? Возьмём {packs} пачек",
    "{greeting}Когда ждать {flower}? Клиент спрашивает на {day}",
    "{greeting}А {flower} какого роста приедет, {cm} или выше?",
)
_ANSWERS = (
    "Есть, отложить вам?", "Да, всё в наличии, записала на {day}.", "Сейчас уточню на складе и напишу.",
    "Приняли, соберём к {hour}.", "На {day} осталось {packs} пачек, цена {price} ₽.",
    "Готово, добавили в заказ.",
    "Машина выехала, будет у вас к {hour}.", "К сожалению, закончилась. Могу предложить похожую, {price} ₽.",
    "Накладную отправила на почту.", "Разобрались: привезём замену в {day} за наш счёт.",
)
# fmt: on
# How many variants of scenes there are; more would not look more varied.
VARIANTS = 3_000
# Below this the model would be asked, and its word then stands.
_UNSURE = 0.6
_DAY_MARK = re.compile(r"@day([+-]\d+)@")


@dataclass(frozen=True, slots=True)
class Meaning:
    """Columns of message_analysis; `entities` is JSON for each day of the week, days marked as @day+3@."""

    intent: str
    sentiment: str
    is_urgent: bool
    confidence: float
    pattern_id: int | None
    entities: tuple[str, ...]

    @property
    def is_sure(self) -> bool:
        return self.confidence >= _UNSURE

    def entities_on(self, day: date) -> str:
        text = self.entities[day.weekday() if len(self.entities) > 1 else 0]
        if "@day" not in text:
            return text
        return _DAY_MARK.sub(lambda mark: (day + timedelta(days=int(mark[1]))).isoformat(), text)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said; texts are as COPY reads them. `before` is what stood there before an edit."""

    who: str
    kind: str
    text: str = ""
    before: str = ""
    is_reply: bool = False
    meaning: Meaning | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """Lines, and what an agent would propose to answer the first of them ("" where nothing)."""

    lines: tuple[Line, ...]
    answer: str
    answer_meaning: Meaning
    thanks: Line
    proposal: str = ""
    reason: str = ""
    is_answered: bool = False


@dataclass
class Script:
    """Everything that may be said, by the same seed the same."""

    seed: int
    variants: int = VARIANTS
    progress: Callable[[int], object] = field(default=lambda _count: None)

    def scenes(self) -> list[Scene]:
        """Calls `progress` with 1 for each scene made."""
        dice = random.Random(self.seed)  # noqa: S311  (variety, not secrecy)
        made = []
        for episode in self._episodes(dice):
            made.append(_scene(episode, dice))
            self.progress(1)
        return made

    def _episodes(self, dice: random.Random) -> Iterator[Episode]:
        own = [
            Episode(intent=intent, turns=(Turn(who="owner", text=text),))
            for intent, texts in (("order", _ORDERS), ("question", _QUESTIONS))
            for text in texts
        ]
        # What is composed of parts varies most, so it comes as often as all the rest.
        for place in range(self.variants):
            yield dice.choice(own) if place % 2 else EPISODES[place // 2 % len(EPISODES)]


def _scene(episode: Episode, dice: random.Random) -> Scene:
    words = _words(dice)
    lines: list[Line] = []
    for turn in episode.turns:
        # What is spoken is what somebody else would have typed.
        spoken = dice.choice(_QUESTIONS) if turn.kind == "voice" else ""
        text = (turn.text or spoken).format(**words)
        if turn.kind == "edit":
            lines[-1] = _line(turn, text, before=lines[-1].text)
        else:
            lines.append(_line(turn, text))
    first = lines[0]
    proposal = _proposal(first, dice)
    answer = dice.choice(_ANSWERS).format(**words)
    return Scene(
        lines=tuple(lines),
        answer=escaped(answer),
        answer_meaning=_meaning(answer, RoleName.MANAGER),
        thanks=_line(Turn(who="owner"), dice.choice(THANKS)),
        proposal=proposal[0],
        reason=proposal[1],
        is_answered=any(line.who == "manager" for line in lines[1:]),
    )


def _words(dice: random.Random) -> dict[str, object]:
    return {
        "greeting": dice.choice(_GREETINGS),
        "flower": dice.choice(FLOWERS),
        "second": dice.choice(FLOWERS),
        "variety": dice.choice(VARIETIES),
        "day": dice.choice((*DAYS, "понедельник", "вторник")),
        "packs": dice.randint(5, 40),
        "few": dice.randint(2, 4),
        "stems": dice.choice((25, 50, 100, 200)),
        "cm": dice.choice((40, 50, 60, 70, 80)),
        "price": dice.choice((65, 78, 90, 95, 110, 115, 130, 145)),
        "hour": f"{dice.randint(8, 17)}:00",
    }


def _line(turn: Turn, text: str, before: str = "") -> Line:
    roles = {"manager": RoleName.MANAGER, "mailing": RoleName.BROADCAST_BOT}
    kind = "text" if turn.kind == "edit" else turn.kind
    says = kind != "sticker" and bool(text)
    meaning = _meaning(text, roles.get(turn.who, RoleName.CLIENT)) if says else None
    return Line(turn.who, kind, escaped("" if kind == "sticker" else text), before, turn.reply, meaning)


def _meaning(text: str, role: RoleName) -> Meaning:
    verdict = load_classifier().classify(text, role)
    return Meaning(
        intent=str(verdict.intent),
        sentiment=str(verdict.sentiment),
        is_urgent=verdict.is_urgent,
        confidence=round(verdict.confidence, 4),
        pattern_id=verdict.pattern_id,
        entities=_entities(text),
    )


def _entities(text: str) -> tuple[str, ...]:
    """Once where no day is named, else for each day of the week."""
    monday = datetime(2026, 6, 1, 9, tzinfo=UTC)
    if not any(entity["kind"] == "date" for entity in extract(text, monday)):
        return (_marked(text, monday),)
    return tuple(_marked(text, monday + timedelta(days=day)) for day in range(7))


def _marked(text: str, said_at: datetime) -> str:
    entities = [dict(entity) for entity in extract(text, said_at)]
    for entity in entities:
        if isinstance(entity.get("date"), str):
            ahead = (date.fromisoformat(str(entity["date"])) - said_at.date()).days
            entity["date"] = f"@day{ahead:+d}@"
    return escaped(json.dumps(entities, ensure_ascii=False))


def _proposal(line: Line, dice: random.Random) -> tuple[str, str]:
    """What the demo's agent would propose, and why."""
    if line.who not in ("owner", "colleague") or line.meaning is None:
        return "", ""
    row = {
        "id": dice.randrange(1 << 30),
        "text": line.text,
        "role": RoleName.CLIENT,
        "intent": line.meaning.intent,
    }
    reply = reply_to(row)
    return (escaped(reply.text), escaped(reply.context)) if reply else ("", "")
