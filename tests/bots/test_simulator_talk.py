"""The demo's chats: every intent, every kind of message, the same for the same seed."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiogram.types import Update
from django.contrib.auth.models import User

from bots.card_queue import due_drafts
from bots.demo.people import forget_cards, introduce_people
from bots.models import ApprovalCard
from bots.simulator import SimulatedTelegram
from bots.simulator.people_acting import ActingPeople
from bots.simulator.scenario.cast import GROUPS, MAILING_BOT, MANAGER
from bots.simulator.scenario.episodes import EPISODES, THANKS
from bots.simulator.scenario.talk import BACKLOG_SECONDS, Talk
from bots.simulator.state import TelegramState
from bots.simulator.wire import Person
from clients.models import RoleName, TelegramUser
from intents.models import Intent
from tests.bots.simulator_client import call
from tests.factories import PersonFactory, ResponseFactory

NOON = 1_795_000_000


@pytest.fixture
def people() -> ActingPeople:
    return quiet_people()


@pytest.fixture
def telegram() -> Iterator[SimulatedTelegram]:
    with SimulatedTelegram() as simulated:
        yield simulated


def quiet_people() -> ActingPeople:
    bot = Person(id=99, first_name="Помощник", is_bot=True)
    return ActingPeople(
        TelegramState(
            token="99:test",
            bot=bot,
            first_update_id=100,
            first_message_id=1,
            clock=lambda: NOON,
        )
    )


def updates(people: ActingPeople) -> list[dict[str, Any]]:
    queue = people.state.updates
    return [update for update in queue.page(len(queue)) if isinstance(update, dict)]


def content(update: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = update.get("message") or update["edited_message"]
    return found


def talked(people: ActingPeople, *, seed: int, steps: int) -> list[dict[str, Any]]:
    talk = Talk(people, seed=seed)
    talk.backlog()
    for _ in range(steps):
        talk.step()
    return updates(people)


def test_episodes_have_all_seven_intents() -> None:
    assert {episode.intent for episode in EPISODES} == set(Intent.values)


def test_a_seed_says_the_same_again(people: ActingPeople) -> None:
    first = talked(people, seed=7, steps=50)
    assert talked(quiet_people(), seed=7, steps=50) == first
    assert talked(quiet_people(), seed=8, steps=50) != first


def test_the_backlog_lies_in_the_last_hours_in_order(people: ActingPeople) -> None:
    Talk(people, seed=1).backlog()
    moments = [message.get("edit_date", message["date"]) for message in map(content, updates(people))]
    assert moments == sorted(moments)
    assert moments[0] >= NOON - BACKLOG_SECONDS
    assert moments[-1] < NOON
    assert {content(update)["chat"]["id"] for update in updates(people)} == {
        group.chat_id for group in GROUPS
    }


def test_every_kind_of_message_is_written_and_read_by_aiogram(people: ActingPeople) -> None:
    kinds: set[tuple[str, str]] = set()
    for update in talked(people, seed=3, steps=200):
        parsed = Update.model_validate(update)
        message = parsed.message or parsed.edited_message
        assert message is not None
        kinds.add((parsed.event_type, message.content_type))
    assert kinds == {
        ("message", "text"),
        ("message", "photo"),
        ("message", "voice"),
        ("message", "sticker"),
        ("edited_message", "text"),
    }


def test_no_place_in_a_text_stays_unfilled(people: ActingPeople) -> None:
    said = [content(update) for update in talked(people, seed=4, steps=300)]
    texts = [message.get("text") or message.get("caption") or "" for message in said]
    assert not [text for text in texts if "{" in text or "}" in text]


def test_managers_and_the_mailing_bot_write_too(people: ActingPeople) -> None:
    authors = {content(update)["from"]["id"] for update in talked(people, seed=5, steps=200)}
    assert {MANAGER.id, MAILING_BOT.id} <= authors
    assert {group.owner.id for group in GROUPS} <= authors


def test_a_client_thanks_for_each_reply_once(telegram: SimulatedTelegram) -> None:
    talk = Talk(telegram, seed=6)
    group = GROUPS[0]
    call(telegram, "sendMessage", chat_id=group.chat_id, text="Да, роза есть.")
    talk.step()
    thanks = content(updates(telegram)[-1])
    assert thanks["text"] in THANKS
    assert thanks["from"]["id"] == group.owner.id
    assert thanks["reply_to_message"]["text"] == "Да, роза есть."
    for _ in range(20):
        talk.step()
    said = [content(update).get("text") for update in updates(telegram)]
    assert sum(text in THANKS for text in said) == 1


def test_nobody_thanks_in_a_chat_that_is_not_of_the_scenario(telegram: SimulatedTelegram) -> None:
    talk = Talk(telegram, seed=6)
    telegram.add_chat(-5, "Чужая группа")
    call(telegram, "sendMessage", chat_id=-5, text="Да")
    talk.step()
    assert content(updates(telegram)[-1])["chat"]["id"] != -5


@pytest.mark.parametrize(("interval", "low", "high"), [(None, 8, 15), (1.0, 0.7, 1.3)])
def test_pauses_are_around_the_interval(
    people: ActingPeople, interval: float | None, low: float, high: float
) -> None:
    talk = Talk(people, seed=1)
    pauses = [talk.pause(interval) for _ in range(100)]
    assert low <= min(pauses) < max(pauses) <= high


@pytest.mark.django_db
def test_a_demo_that_begins_anew_shows_its_cards_anew() -> None:
    ApprovalCard.objects.create(response=ResponseFactory(), chat_id=-1, message_id=5, status="pending")
    forget_cards()
    assert due_drafts().count() == 1


@pytest.mark.django_db
def test_a_link_that_somebody_made_stays() -> None:
    own = User.objects.create_user("own")
    PersonFactory(id=MANAGER.id, staff_account=own)
    User.objects.create_user("admin")
    introduce_people(reviewer="admin")
    assert TelegramUser.objects.get(id=MANAGER.id).staff_account == own


@pytest.mark.django_db
def test_our_people_are_introduced_with_their_roles() -> None:
    PersonFactory(id=MANAGER.id, first_name="Уже писала")
    account = User.objects.create_user("admin")
    introduce_people(reviewer="admin")
    introduce_people(reviewer="admin")
    manager = TelegramUser.objects.get(id=MANAGER.id)
    assert manager.staff_account == account
    assert (manager.role.role_name, manager.first_name) == (RoleName.MANAGER, "Уже писала")
    bot = TelegramUser.objects.get(id=MAILING_BOT.id)
    assert (bot.role.role_name, bot.username) == (RoleName.BROADCAST_BOT, MAILING_BOT.username)
