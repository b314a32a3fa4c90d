"""The demo's chats go on: one turn of one chat at a time, the same for the same seed."""

import random
from collections import deque
from dataclasses import dataclass, field, replace

from bots.simulator.people_acting import ActingPeople
from bots.simulator.scenario.cast import GROUPS, MAILING_BOT, REVIEW_CHAT_ID, REVIEW_CHAT_TITLE, Group
from bots.simulator.scenario.episodes import DAYS, EPISODES, THANKS, VARIETIES, Episode, Turn
from bots.simulator.state import SentMessage
from bots.simulator.wire import JSON, Person

BACKLOG_SECONDS = 4 * 3600
BACKLOG_EPISODES_PER_GROUP = 2
PAUSE_SECONDS = (8.0, 15.0)
# How often the next turn goes on with a scene that has begun, rather than begin another elsewhere.
STAYS_WITH_A_SCENE = 0.6


@dataclass(kw_only=True)
class _Scene:
    """What a group is about to say, and what its next edit or reply refers to."""

    group: Group
    turns: deque[Turn] = field(default_factory=deque)
    latest_text: dict[int, int] = field(default_factory=dict)  # person → message id
    last_message: int | None = None


class Talk:
    """Plays people in `telegram`. `step()` lets one of them do one thing."""

    def __init__(self, telegram: ActingPeople, *, seed: int | None = None) -> None:
        self._telegram = telegram
        self._random = random.Random(seed)  # nosec B311 (a scenario)
        self._scenes = [_Scene(group=group) for group in GROUPS]
        self._untold: list[Episode] = []
        self._heard = len(telegram.state.sent)
        telegram.add_chat(REVIEW_CHAT_ID, REVIEW_CHAT_TITLE)
        for group in GROUPS:
            telegram.add_chat(group.chat_id, group.title)

    def backlog(self) -> None:
        """What was said in the last hours, oldest first, before anybody looked."""
        told = [
            (scene, turn)
            for _ in range(BACKLOG_EPISODES_PER_GROUP)
            for scene in self._random.sample(self._scenes, len(self._scenes))
            for turn in self._new_episode().turns
        ]
        now = int(self._telegram.state.clock())
        moments = sorted(self._random.randrange(60, BACKLOG_SECONDS) for _ in told)
        for (scene, turn), ago in zip(told, reversed(moments), strict=True):
            self._act(scene, turn, date=now - ago)

    def step(self) -> None:
        """One turn: a thank-you for the bot's latest reply, the next of a scene, or a new scene."""
        if thanks := self._thanks():
            self._act(*thanks)
            return
        going_on = [scene for scene in self._scenes if scene.turns]
        if going_on and self._random.random() < STAYS_WITH_A_SCENE:
            scene = self._random.choice(going_on)
        else:
            scene = self._random.choice(self._scenes)
        if not scene.turns:
            scene.turns.extend(self._new_episode().turns)
        self._act(scene, scene.turns.popleft())

    def pause(self, seconds: float | None = None) -> float:
        """Seconds until the next turn: around `seconds`, or 8 to 15."""
        low, high = PAUSE_SECONDS if seconds is None else (seconds * 0.7, seconds * 1.3)
        return self._random.uniform(low, high)

    # --- what is said ---------------------------------------------------------------------------
    def _new_episode(self) -> Episode:
        """Each episode once, in random order, with other flowers and figures every time."""
        if not self._untold:
            self._untold = self._random.sample(EPISODES, len(EPISODES))
        episode = self._untold.pop()
        words = {
            "variety": self._random.choice(VARIETIES),
            "day": self._random.choice(DAYS),
            "packs": self._random.randint(5, 20),
            "stems": self._random.choice((25, 50, 100)),
            "cm": self._random.choice((40, 50, 60, 70)),
            "price": self._random.choice((65, 78, 90, 115, 130)),
            "hour": f"{self._random.randint(8, 17)}:00",
        }
        turns = tuple(replace(turn, text=turn.text.format(**words)) for turn in episode.turns)
        return replace(episode, turns=turns)

    def _thanks(self) -> tuple[_Scene, Turn] | None:
        """The next reply of the bot, in a group of ours, that nobody has thanked for yet."""
        while reply := self._next_reply():
            for scene in self._scenes:
                if scene.group.chat_id == reply.chat_id:
                    scene.last_message = reply.message_id
                    text = self._random.choice(THANKS)
                    return scene, Turn(who="owner", text=text, reply=True)
        return None

    def _next_reply(self) -> SentMessage | None:
        with self._telegram.state.lock:
            sent = self._telegram.state.sent
            if self._heard >= len(sent):
                return None
            self._heard += 1
            return sent[self._heard - 1]

    # --- acting ---------------------------------------------------------------------------------
    def _act(self, scene: _Scene, turn: Turn, date: int | None = None) -> None:
        person = self._person(scene.group, turn)
        if turn.kind == "edit":
            self._edit(scene, person, turn, date)
            return
        extra = {} if date is None else {"date": date}
        message = self._write(scene, person, turn, extra)["message"]
        scene.last_message = message["message_id"]
        if turn.kind == "text":
            scene.latest_text[person.id] = message["message_id"]

    def _person(self, group: Group, turn: Turn) -> Person:
        return {
            "owner": group.owner,
            "colleague": group.colleague,
            "manager": group.manager,
            "mailing": MAILING_BOT,
        }[turn.who]

    def _write(self, scene: _Scene, person: Person, turn: Turn, extra: JSON) -> JSON:
        chat_id, telegram = scene.group.chat_id, self._telegram
        who: JSON = {"user": person, "reply_to": scene.last_message if turn.reply else None}
        match turn.kind:
            case "photo":
                return telegram.sends_photo(chat_id, turn.text, **who, **extra)
            case "voice":
                # Now and then one that is too long for recognition at once.
                seconds = self._random.choice((2, 4, 7, 9, 38))
                return telegram.sends_voice(chat_id, seconds=seconds, **who, **extra)
            case "sticker":
                return telegram.sends_sticker(chat_id, turn.text, **who, **extra)
            case _:
                return telegram.client_writes(chat_id, turn.text, **who, **extra)

    def _edit(self, scene: _Scene, person: Person, turn: Turn, date: int | None) -> None:
        edited = {} if date is None else {"edit_date": date}
        message_id = scene.latest_text[person.id]
        self._telegram.edits(scene.group.chat_id, message_id, turn.text, **edited)
