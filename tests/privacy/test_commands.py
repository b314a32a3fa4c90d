"""`manage.py erase_person`: counts first, erases when told to, and again after a restore."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from clients.models import TelegramUser
from cvgorod_hub.privacy.models import Erasure
from cvgorod_hub.privacy.records import Record, read_all, write_down
from messaging.models import Message
from tests.factories import ManagerFactory, MessageFactory, PersonFactory, ResponseFactory

pytestmark = pytest.mark.django_db


def texts() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("text", flat=True))


def test_without_yes_it_only_counts(capsys: pytest.CaptureFixture[str]) -> None:
    message = MessageFactory(text="Роза")
    ResponseFactory(chat=message.chat, reply_to_message_id=message.telegram_message_id)

    call_command("erase_person", str(message.user.pk))

    assert capsys.readouterr().out.splitlines() == [
        "messages: 1",
        "replies to the person: 1",
        "of these never sent: 1",
        f"Nothing was erased. To erase {message.user.pk}: the same with --yes.",
    ]
    assert texts() == ["Роза"]
    assert not Erasure.objects.exists()


def test_with_yes_it_erases_and_says_how_much(capsys: pytest.CaptureFixture[str]) -> None:
    message = MessageFactory(text="Роза")

    call_command("erase_person", str(message.user.pk), yes=True, request="письмо")

    assert capsys.readouterr().out == f"Erased {message.user.pk}: messages: 1, words of the search: 1.\n"
    assert texts() == [""]
    erasure = Erasure.objects.get()
    assert (erasure.actor_name, erasure.request, erasure.state) == ("erase_person", "письмо", "finished")


def test_what_cannot_be_erased_is_said_in_one_line() -> None:
    manager = ManagerFactory()

    with pytest.raises(CommandError, match="Nobody with the number 5 has written"):
        call_command("erase_person", "5", yes=True)
    for yes in (False, True):
        with pytest.raises(CommandError, match="one of our team"):
            call_command("erase_person", str(manager.pk), yes=yes)


def test_after_a_restore_the_same_people_are_erased_again(capsys: pytest.CaptureFixture[str]) -> None:
    message = MessageFactory(text="Роза")
    call_command("erase_person", str(message.user.pk), yes=True)
    until = TelegramUser.objects.get(pk=message.user.pk).erased_at
    _restore(message, "Роза")
    later = MessageFactory(user=message.user, text="после", timestamp=timezone.now() + timedelta(minutes=1))
    capsys.readouterr()

    call_command("erase_person", again=_default())
    said = capsys.readouterr().out
    assert texts() == ["Роза", "после"]
    call_command("erase_person", again=_default(), yes=True)

    assert said.startswith(f"{message.user.pk}: erased until ")
    assert texts() == ["", "после"]
    assert TelegramUser.objects.get(pk=later.user.pk).erased_at == until
    capsys.readouterr()
    call_command("erase_person", again=_default(), yes=True)
    assert capsys.readouterr().out == "Nobody who was erased is back.\n"


def _restore(message: Message, text: str) -> None:
    """As a backup from before the erasure would."""
    Erasure.objects.all().delete()
    TelegramUser.objects.filter(pk=message.user.pk).update(erased_at=None, first_name="Человек")
    Message.objects.filter(pk=message.pk).update(text=text, erased_at=None, erased_for="")


def _default() -> Path:
    from django.conf import settings

    return Path(settings.ERASURES_FILE)


def test_the_list_of_erasures_survives_a_crash_while_it_is_written(settings: Settings) -> None:
    first = Record(1, datetime.fromisoformat("2026-05-12T09:00:00+00:00"))
    write_down(first)
    with Path(settings.ERASURES_FILE).open("a") as file:
        file.write('{"person_id": 2, "unt')

    assert list(read_all()) == [first]
    write_down(first)
    second = Record(2, first.until)
    write_down(second)
    assert list(read_all()) == [first, second]


def test_a_list_that_is_not_one_is_said(settings: Settings) -> None:
    with pytest.raises(CommandError, match="nobody was erased, or it is kept elsewhere"):
        call_command("erase_person", again=_default())
    Path(settings.ERASURES_FILE).write_text("что-то\n")

    with pytest.raises(CommandError, match="line 1: not an erasure") as refused:
        call_command("erase_person", again=_default())

    assert refused.value.returncode == 78


def test_somebody_who_has_never_written_needs_no_repeating(capsys: pytest.CaptureFixture[str]) -> None:
    write_down(Record(PersonFactory().pk + 1, timezone.now()))

    call_command("erase_person", again=_default(), yes=True)

    assert capsys.readouterr().out == "Nobody who was erased is back.\n"
