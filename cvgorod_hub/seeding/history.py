"""The scenes, one after the other, as rows: who says what in which chat, when, and who answers."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from cvgorod_hub.seeding.activity import ChatState
from cvgorod_hub.seeding.copying import NULL
from cvgorod_hub.seeding.hours import moment_of, passed_of, spread
from cvgorod_hub.seeding.identity import Cast, chat_id, person_id
from cvgorod_hub.seeding.scenes import Line, Meaning, Scene

_MEDIA = {"photo": '{"file_id": "seed"}', "voice": '{"duration": 7}', "sticker": '{"emoji": "🌷"}'}
# Seconds: between two lines of one person, until a manager answers (the middle of it, and how it spreads).
_NEXT_LINE, _ANSWER_MEDIAN, _ANSWER_SPREAD = (15, 90), 420, 0.9
# Shares of scenes that nobody answers within them, and of drafts among the answers.
_UNANSWERED, _BY_DRAFT = 0.06, 0.3
_THANKS = 0.25
_BY_MODEL, _WITHOUT_WORDS = 0.8, 0.04


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line at its place. `key` is the message's, 0 until it is known."""

    at: datetime
    chat: int
    person: int
    line: Line
    is_sent: bool = False
    proposal: "Proposal | None" = None


@dataclass(slots=True)
class Proposal:
    """A draft that was approved and became a message; `number` is that message's in its chat."""

    chat: int
    asked_at: datetime
    sent_at: datetime
    text: str
    original: str
    reason: str
    asked_number: int = 0
    number: int = 0


@dataclass(slots=True)
class Chunk:
    """Rows of some messages, as COPY takes them."""

    messages: list[tuple[object, ...]] = field(default_factory=list)
    analyses: list[tuple[object, ...]] = field(default_factory=list)
    versions: list[tuple[object, ...]] = field(default_factory=list)
    recordings: list[tuple[object, ...]] = field(default_factory=list)
    sent: list[Proposal] = field(default_factory=list)


class History:
    """Messages from the first day to `until`, and what chats and people are left with."""

    def __init__(
        self, *, cast: Cast, scenes: list[Scene], until: datetime, days: int, zone: ZoneInfo, seed: int
    ) -> None:
        self.cast = cast
        self.until = until
        self.states = [ChatState() for _ in range(cast.chats)]
        self.seen: dict[int, tuple[datetime, datetime]] = {}
        self._scenes = scenes
        self._days = days
        self._zone = zone
        self._dice = random.Random(seed)  # noqa: S311  (the same for the same seed)
        self._busy = list(accumulate(1 / (place + 20) ** 0.7 for place in range(cast.chats)))
        self._talkers = list(accumulate(1 / (place + 1) for place in range(16)))
        self._key = 0

    def chunks(self, messages: int, *, first_key: int) -> Iterator[Chunk]:
        """Exactly so many messages, a day at a time; their keys go on from the first."""
        self._key = first_key
        today = self.until.astimezone(self._zone)
        share = max(passed_of(today), 0.02)
        for day, count in spread(messages, last=today.date(), days=self._days, share_of_last=share):
            chunk = Chunk()
            for spoken in self._day(day, count):
                self._write(chunk, spoken)
            yield chunk

    # --- a day ------------------------------------------------------------------------------------
    def _day(self, day: date, count: int) -> list[Spoken]:
        midnight = datetime.combine(day, time.min, tzinfo=self._zone)
        end = min(midnight + timedelta(days=1), self.until)
        said: list[Spoken] = []
        while len(said) < count:
            begins = moment_of(midnight, end, self._dice)
            said += [
                spoken for spoken in self._play(self._dice.choice(self._scenes), begins) if spoken.at < end
            ]
        # A scene that is cut off loses its end, which is how unanswered words come about.
        return sorted(said[:count], key=_moment)

    def _play(self, scene: Scene, begins: datetime) -> Iterator[Spoken]:
        dice, cast = self._dice, self.cast
        [chat] = dice.choices(range(cast.chats), cum_weights=self._busy)
        [place] = dice.choices(range(16), cum_weights=self._talkers)
        people = {
            "owner": cast.client_of(chat, place),
            "colleague": cast.client_of(chat, (place + 1) % 16),
            "manager": cast.manager_of(chat, dice.choice((0, 0, 0, 1))),
            "mailing": cast.mailing_bot,
        }
        at = begins
        for line in scene.lines:
            yield Spoken(at, chat, people[line.who], line)
            at += self._answer_time() if line.who == "manager" else self._pause()
        if scene.is_answered or scene.lines[0].who == "mailing" or dice.random() < _UNANSWERED:
            return
        answered = at + self._answer_time()
        if scene.proposal and dice.random() < _BY_DRAFT:
            yield self._sent(scene, chat, begins, answered)
        else:
            line = Line("manager", "text", scene.answer, is_reply=True, meaning=scene.answer_meaning)
            yield Spoken(answered, chat, people["manager"], line)
        if dice.random() < _THANKS:
            yield Spoken(answered + self._pause(), chat, people["owner"], scene.thanks)

    def _sent(self, scene: Scene, chat: int, asked: datetime, at: datetime) -> Spoken:
        text = scene.proposal if self._dice.random() < 0.7 else f"{scene.proposal} {scene.answer}"
        line = Line("hub", "text", text, is_reply=True)
        proposal = Proposal(chat, asked, at, text, scene.proposal, scene.reason)
        return Spoken(at, chat, self.cast.own_bot, line, is_sent=True, proposal=proposal)

    def _pause(self) -> timedelta:
        return timedelta(seconds=self._dice.randint(*_NEXT_LINE))

    def _answer_time(self) -> timedelta:
        seconds = self._dice.lognormvariate(0, _ANSWER_SPREAD) * _ANSWER_MEDIAN
        return timedelta(seconds=min(max(int(seconds), 20), 6 * 3600))

    # --- rows -------------------------------------------------------------------------------------
    def _write(self, chunk: Chunk, spoken: Spoken) -> None:
        state, line, at, key = self.states[spoken.chat], spoken.line, spoken.at, self._key
        self._key += 1
        is_voice = line.kind == "voice"
        edited = at + timedelta(seconds=40) if line.before else NULL
        number = state.count + 1
        answers = line.who in ("manager", "hub")
        chunk.messages.append((
            key, chat_id(spoken.chat), number, person_id(spoken.person),
            "" if is_voice else line.text, line.kind,
            *(("done" if line.text else "empty", line.text) if is_voice else ("", "")),
            state.count if line.is_reply and state.count else NULL, _MEDIA.get(line.kind, "{}"),
            at, edited, at if edited is NULL else edited, "sent" if spoken.is_sent else "telegram", at,
        ))  # fmt: skip
        if line.before:
            chunk.versions.append((key, line.before, at))
        if is_voice:
            chunk.recordings.append(self._recording(key, at, said=bool(line.text)))
        if line.meaning is not None:
            chunk.analyses.append(self._analysis(key, line.meaning, at))
        if spoken.proposal is not None:
            spoken.proposal.number, spoken.proposal.asked_number = number, max(number - 1, 1)
            chunk.sent.append(spoken.proposal)
        state.note(at, number, answers=answers, asks=line.who in ("owner", "colleague"))
        self.seen[spoken.person] = (self.seen.get(spoken.person, (at, at))[0], at)

    def _analysis(self, key: int, meaning: Meaning, at: datetime) -> tuple[object, ...]:
        by_model = not meaning.is_sure and self._dice.random() < _BY_MODEL
        source = (
            ("model", NULL, "deepseek-flash", 310)
            if by_model
            else ("pattern", _or_null(meaning.pattern_id), "", 0)
        )
        confidence = 0.9 if by_model else meaning.confidence
        return (
            key, meaning.intent, meaning.sentiment, meaning.is_urgent,
            meaning.entities_on(at.astimezone(self._zone).date()), confidence, *source, at, at,
        )  # fmt: skip

    def _recording(self, key: int, at: datetime, *, said: bool) -> tuple[object, ...]:
        """As it is once its file was deleted: nobody keeps sound that was never spoken."""
        seconds = self._dice.choice((2, 4, 7, 9, 14, 38))
        return (
            key, "done" if said else "empty", f"seed-{key}", "ogg_opus", seconds * 4_000, seconds,
            "short" if seconds < 30 else "long", seconds, "speech" if said else "", at, at, at, at, at,
        )  # fmt: skip


def _moment(spoken: Spoken) -> datetime:
    return spoken.at


def _or_null(value: object) -> object:
    return NULL if value is None else value
