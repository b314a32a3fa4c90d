import json

import pytest
from django.core.management import CommandError, call_command

from bots.models import RawUpdate, TelegramBot
from bots.updates import parse_waiting_updates, store_updates
from messaging.models import Message
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


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", ""])
def test_a_day_that_is_none_is_refused(day: str) -> None:
    with pytest.raises(CommandError, match="not a date"):
        call_command("replay_updates", "--since", day)
