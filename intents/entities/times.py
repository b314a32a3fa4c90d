"""Dates and times of day that a message names, as they were meant when it was written.

Of dates without a year the nearest counts, up to two months ago: "20.11" in a complaint is past, "8 марта"
is to come. A day of the week is the next one, "14-го" this month's or the next one's. An hour from one to six
without a word for the part of the day is of the afternoon: nobody delivers at night.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from intents.entities.numerals import CARDINALS, ORDINALS, TENS
from intents.entities.reading import Token
from intents.patterns.vocabulary import words

_LONGEST_AGO = timedelta(days=60)
_DAYS = {"позавчера": -2, "вчера": -1, "сегодня": 0, "завтра": 1, "завт": 1, "послезавтра": 2}
_MONTH_STEMS = "январ феврал март апрел ма июн июл август сентябр октябр ноябр декабр"
_MONTHS = {
    stem + ending: number
    for number, stem in enumerate(_MONTH_STEMS.split(), start=1)
    for ending in (("я", "ю", "е", "й") if stem == "ма" else ("", "а", "е", "я", "ь", "ю"))
} | {"янв": 1, "фев": 2, "апр": 4, "авг": 8, "сен": 9, "сент": 9, "окт": 10, "ноя": 11, "нояб": 11, "дек": 12}
_WEEKDAY_FORMS = (
    "понедельник понедельника понедельнику",
    "вторник вторника вторнику",
    "среда среду среде среды",
    "четверг четверга четвергу",
    "пятница пятницу пятнице пятницы",
    "суббота субботу субботе субботы",
    "воскресенье воскресенья воскресенью",
)
_WEEKDAYS = {word: day for day, words in enumerate(_WEEKDAY_FORMS) for word in words.split()}
_SHORT_WEEKDAYS = {word: day for day, word in enumerate(["пн", "вт", "ср", "чт", "пт", "сб", "вс"])}
_BEFORE_A_DAY = words("в во на к ко до с со от за")
_BEFORE_AN_HOUR = words("в к ко до после около с")
_AFTER_A_BARE_HOUR = words("""
и или буду жду заеду приеду подъеду самовывоз сможете можно нормально доставка успеете привезите уже
потом а но
""")
_NO_HOURS = words("""
этаж этаже раз раза дн дней дня недели недель месяца месяцев лет год года человек магазинов
""")
_HOURS = words("час часа часов часам ч")
_MINUTES = words("минут минуты минуту мин")
_PARTS_OF_DAY = words("утра вечера дня ночи")
# Words that a moment may begin with; where none of them and no number is said, there is none.
_BEGINNINGS = frozenset(
    {
        *_DAYS,
        *_WEEKDAYS,
        *_SHORT_WEEKDAYS,
        *ORDINALS,
        *TENS,
        *CARDINALS,
        "через",
        "полдень",
        "полудню",
        "полудня",
    }
)
# Words between a day and its hour: "завтра, к десяти".
_BETWEEN = words("в к ко до после около с на утром днем вечером утра")
_LONGEST_GAP = 3


@dataclass(slots=True)
class Moment:
    """A date, a time or both, and where they stand among the tokens."""

    first: int
    last: int
    day: date | None = None
    hour: time | None = None


def find_moments(
    tokens: list[Token], said_at: Callable[[], datetime], *, is_counted: Callable[[int], bool]
) -> list[Moment]:
    """The moments of a message; their tokens are marked as taken. `said_at` gives the local time of writing.

    `is_counted` says of a token's place whether it is a unit of goods or their name: "до 5 пачек" is no hour.
    """
    places = [at for at, token in enumerate(tokens) if token.number or token.word in _BEGINNINGS]
    if not places:
        return []
    return _joined(list(_Reader(tokens, said_at(), is_counted).moments(places)), tokens)


class _Reader:
    def __init__(self, tokens: list[Token], said_at: datetime, is_counted: Callable[[int], bool]) -> None:
        self._tokens = tokens
        self._said_at = said_at
        self._today = said_at.date()
        self._is_counted = is_counted

    def moments(self, places: list[int]) -> Iterator[Moment]:
        """Those that begin at these places."""
        end = -1
        for at in places:
            moment = self._moment(at) if at > end else None
            if moment is None:
                continue
            end = moment.last
            for token in self._tokens[moment.first : end + 1]:
                token.is_taken = True
            yield moment

    def _moment(self, at: int) -> Moment | None:
        token = self._tokens[at]
        if token.word:
            return self._from_word(at, token.word)
        return self._from_number(at, token)

    def _word(self, at: int) -> str:
        return self._tokens[at].word if 0 <= at < len(self._tokens) else ""

    def _from_word(self, at: int, word: str) -> Moment | None:
        if word in _DAYS:
            return Moment(at, at, self._today + timedelta(days=_DAYS[word]))
        if word in _WEEKDAYS or (word in _SHORT_WEEKDAYS and self._word(at - 1) in _BEFORE_A_DAY):
            return Moment(at, at, self._weekday(at, _WEEKDAYS.get(word, _SHORT_WEEKDAYS.get(word, 0))))
        if word == "через":
            return self._later(at)
        if word in ("полдень", "полудню", "полудня"):
            return Moment(at, at, hour=time(12))
        if word in ORDINALS or word in TENS:
            return self._ordinal(at, word)
        if word in CARDINALS and self._word(at - 1) in _BEFORE_AN_HOUR:
            return self._hour(at, CARDINALS[word])
        return None

    def _weekday(self, at: int, day: int) -> date:
        ahead = (day - self._today.weekday() - 1) % 7 + 1
        if self._word(at - 1)[:5] in ("прошл", "минув"):
            return self._today + timedelta(days=ahead - 7 if ahead < 7 else -7)
        if self._word(at - 1)[:6] == "следую":
            return self._today + timedelta(days=day - self._today.weekday() + 7)
        return self._today + timedelta(days=ahead)

    def _later(self, at: int) -> Moment | None:
        following = self._tokens[at + 1] if at + 1 < len(self._tokens) else None
        if following is None:
            return None
        amount = following.value if following.number else CARDINALS.get(following.word)
        unit = at + 1 if amount is None else at + 2
        word, amount = self._word(unit), 1 if amount is None else amount
        if word == "полчаса":
            return self._from_now(at, unit, timedelta(minutes=30))
        if word in _HOURS:
            return self._from_now(at, unit, timedelta(hours=amount))
        if word in _MINUTES:
            return self._from_now(at, unit, timedelta(minutes=amount))
        days = 7 if word.startswith("недел") else 1 if word in ("день", "дня", "дней") else 0
        return (
            Moment(at, unit, self._today + timedelta(days=days * amount)) if days and amount < 100 else None
        )

    def _from_now(self, first: int, last: int, span: timedelta) -> Moment | None:
        if span > timedelta(days=2):
            return None
        moment = self._said_at + span
        return Moment(first, last, moment.date(), moment.time().replace(second=0, microsecond=0))

    def _ordinal(self, at: int, word: str) -> Moment | None:
        number, last = ORDINALS.get(word, 0), at
        if not number:
            number, last = TENS[word] + ORDINALS.get(self._word(at + 1), 100), at + 1
        month = _MONTHS.get(self._word(last + 1))
        if month is not None:
            return self._day(at, last + 1, number, month)
        return (
            self._day_of_month(at, last + 1, number) if self._word(last + 1) in ("числа", "число") else None
        )

    def _from_number(self, at: int, token: Token) -> Moment | None:
        parts = token.number.replace(",", ".").split(".")
        if ":" in token.number:
            return self._clock(at, token.number.split(":"))
        if len(parts) in (2, 3) and not self._is_counted(at + 1):
            return self._dotted(at, parts)
        if len(parts) > 1 or not token.number.isdigit():
            return None
        return self._whole(at, int(token.number)) if len(token.number) < 3 else None

    def _whole(self, at: int, number: int) -> Moment | None:
        following = self._word(at + 1)
        if self._sign(at + 1) in ("-", "–") and self._word(at + 3) in _MONTHS and self._tokens[at + 2].number:
            return self._day(at, at + 3, number, _MONTHS[self._word(at + 3)])  # "2-8 мая" begins on the 2nd
        if following in _MONTHS:
            return self._day(at, at + 1, number, _MONTHS[following])
        if following in ("числа", "число"):
            return self._day_of_month(at, at + 1, number)
        ending = at + 2 if self._sign(at + 1) == "-" else at + 1
        if self._word(ending) in ("го", "е", "ого", "му") and self._tokens[ending - 1].touches(
            self._tokens[ending]
        ):
            month = _MONTHS.get(self._word(ending + 1))
            return (
                self._day(at, ending + 1, number, month) if month else self._day_of_month(at, ending, number)
            )
        return self._hour(at, number)

    def _sign(self, at: int) -> str:
        return self._tokens[at].sign if 0 <= at < len(self._tokens) else ""

    def _hour(self, at: int, number: float) -> Moment | None:
        before, following = self._word(at - 1), self._word(at + 1)
        last, has_unit = at, following in _HOURS
        if has_unit:
            last, following = at + 1, self._word(at + 2)
        part = following if following in _PARTS_OF_DAY else ""
        if following in ("х", "x") and self._is_counted(at + 2):
            return None  # "до 2х пачек"
        if number > 24 or number != int(number) or (not has_unit and self._is_counted(at + 1)):
            return None
        if not part and (
            before not in _BEFORE_AN_HOUR or not self._is_bare_hour(at, before, has_unit=has_unit)
        ):
            return None
        last += bool(part)
        last = self._end_of_span(last) if before == "с" else last
        return Moment(at, last, hour=_hour_of(int(number), part))

    def _is_bare_hour(self, at: int, before: str, *, has_unit: bool) -> bool:
        following = self._tokens[at + 1] if at + 1 < len(self._tokens) else None
        if has_unit:
            return before not in ("около", "после") or self._word(at) != "часу"
        if following is None or following.ends_a_sentence or following.sign in (",", ")"):
            return True
        if following.word in _NO_HOURS or following.number or following.sign:
            return False
        if before == "с":
            return following.word in ("до", "по")
        return before != "в" or following.word in _AFTER_A_BARE_HOUR

    def _end_of_span(self, last: int) -> int:
        """ "С 9 до 18": the whole is one moment, its beginning."""
        is_span = self._word(last + 1) in ("до", "по") and last + 2 < len(self._tokens)
        return (
            last + 2 if is_span and self._tokens[last + 2].number and not self._is_counted(last + 3) else last
        )

    def _clock(self, at: int, parts: list[str]) -> Moment | None:
        hour, minute = int(parts[0]), int(parts[1])
        return (
            Moment(at, at, hour=time(hour, minute))
            if hour < 24 and minute < 60 and len(parts[1]) == 2
            else None
        )

    def _dotted(self, at: int, parts: list[str]) -> Moment | None:
        if len(parts[1]) != 2 or len(parts[0]) > 2:
            return None
        day, month = int(parts[0]), int(parts[1])
        if len(parts) == 3:
            year = int(parts[2]) + (2000 if len(parts[2]) == 2 else 0)
            return self._dated(at, at, year, month, day) if len(parts[2]) in (2, 4) else None
        if 1 <= month <= 12:
            return self._day(at, at, day, month)
        is_clock = self._word(at - 1) in _BEFORE_AN_HOUR and day < 24 and month < 60
        return Moment(at, at, hour=time(day, month)) if is_clock else None

    def _dated(self, first: int, last: int, year: int, month: int, day: int) -> Moment | None:
        try:
            return Moment(first, last, date(year, month, day))
        except ValueError:
            return None

    def _day(self, first: int, last: int, day: int, month: int) -> Moment | None:
        this = self._today.year
        found = [self._dated(first, last, year, month, day) for year in (this - 1, this, this + 1)]
        moments = [moment for moment in found if moment is not None and moment.day is not None]
        if self._word(first - 1) == "от":  # "заказ от 12 мая" was made before
            return next((each for each in reversed(moments) if each.day and each.day <= self._today), None)
        return next((each for each in moments if each.day and each.day >= self._today - _LONGEST_AGO), None)

    def _day_of_month(self, first: int, last: int, day: int) -> Moment | None:
        year, month = self._today.year, self._today.month
        this = self._dated(first, last, year, month, day)
        if this is not None and this.day is not None and this.day >= self._today:
            return this
        return self._dated(first, last, year + month // 12, month % 12 + 1, day)


def _hour_of(number: int, part: str) -> time:
    if part == "ночи" and number == 12:
        number = 0
    elif (part in ("дня", "вечера") and number < 12) or (not part and 1 <= number <= 6):
        number += 12
    return time(number % 24)


def _joined(moments: list[Moment], tokens: list[Token]) -> list[Moment]:
    """A day and an hour that stand together are one moment: "завтра к десяти", "к 15:00 завтра"."""
    joined: list[Moment] = []
    for moment in moments:
        before = joined[-1] if joined else None
        if before is not None and _belong_together(before, moment, tokens):
            joined[-1] = Moment(
                before.first, moment.last, before.day or moment.day, before.hour or moment.hour
            )
        else:
            joined.append(moment)
    return joined


def _belong_together(before: Moment, moment: Moment, tokens: list[Token]) -> bool:
    between = tokens[before.last + 1 : moment.first]
    fills = (before.day is None) != (moment.day is None) and (before.hour is None) != (moment.hour is None)
    may_be_any = before.day is not None  # "завтра отгрузим к 10:00"
    return (
        fills
        and len(between) <= _LONGEST_GAP
        and all(
            token.sign in (",", "-", "—")
            if token.sign
            else bool(token.word) and (may_be_any or token.word in _BETWEEN)
            for token in between
        )
    )
