import json

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from bots import updates as updates_module
from bots.failures import set_aside
from bots.models import RawUpdate, TelegramBot
from bots.raw_updates import store_updates
from bots.updates import parse_waiting_updates, replay_updates
from messaging.models import Message
from sandbox.actors import HUB
from tests.bots.test_updates import numbered

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def updates() -> None:
    TelegramBot.objects.create(id=77)
    store_updates(bot_id=77, raw=[numbered(10), {"update_id": 11, "message": {"message_id": "?"}}])
    parse_waiting_updates()


def test_what_was_mended_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    RawUpdate.objects.filter(update_id=11).update(payload=json.dumps(numbered(11)))

    call_command("replay_updates", "--failed")

    assert capsys.readouterr().out == "Read again: 1 of 1.\n"
    assert Message.objects.count() == 2


def test_everything_since_a_day_is_read_without_doubling_it() -> None:
    with pytest.raises(CommandError, match="1 still cannot be read"):
        call_command("replay_updates", "--since", "2026-01-01")

    assert Message.objects.count() == 1


def test_what_a_person_set_aside_stays_so() -> None:
    set_aside(ids=[RawUpdate.objects.get(update_id=11).pk], actor=HUB, reason="проверка")

    call_command("replay_updates", "--since", "2026-01-01")

    assert RawUpdate.objects.get(update_id=11).parse_state == "dismissed"


def test_many_are_read_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    store_updates(bot_id=77, raw=[numbered(update_id) for update_id in range(20, 25)])
    parse_waiting_updates()
    monkeypatch.setattr(updates_module, "PARSE_BATCH", 3)
    steps: list[int] = []

    assert replay_updates(RawUpdate.objects.all(), progress=steps.append) == 1

    assert steps == [3, 3, 1]
    assert Message.objects.count() == 6


def test_a_database_that_goes_away_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_options: object) -> int:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(updates_module, "parse_waiting_updates", away)

    with pytest.raises(CommandError, match="The database failed after 0 updates"):
        call_command("replay_updates")


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", ""])
def test_a_day_that_is_none_is_refused(day: str) -> None:
    with pytest.raises(CommandError, match="not a date"):
        call_command("replay_updates", "--since", day)
