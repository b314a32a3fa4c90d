import io
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from bots.models import TelegramBot
from intents.models import MessageAnalysis, ModelSettings
from messaging.history.progress import Progress
from messaging.models import Message
from tests.factories import ManagerFactory
from tests.messaging.exports import CLIENT, SUPERGROUP, chat, said, write

pytestmark = pytest.mark.django_db


def run(folder: Path, *options: str) -> str:
    out = io.StringIO()
    call_command("import_telegram_export", str(folder), *options, stdout=out)
    return out.getvalue()


def test_the_table_shows_what_came_where(tmp_path: Path) -> None:
    write(tmp_path, chat(said(1), said(2), {"id": "?"}))

    assert run(tmp_path).splitlines() == [
        f"Магазин (private_supergroup 1234567890) -> chat {SUPERGROUP}, new",
        "    messages 3: new 2, already there 0, left out 1; new people 1",
        "    left out 1: unreadable: no usable id",
        "    from 2023-11-15 01:13 to 2023-11-15 01:13",
        "Together: 3 messages, 2 new, 0 already there, 1 left out; 1 new people.",
        "New people are clients; give our own their role in the admin, under people.",
    ]


def test_a_dry_run_says_so_and_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path, chat(said(1)))

    lines = run(tmp_path, "--dry-run").splitlines()

    assert "    messages 1: new 1, already there 0, left out 0; new people 1" in lines
    assert lines[-1] == "Nothing was written: a dry run."
    assert not Message.objects.exists()


def test_the_report_for_programs(tmp_path: Path) -> None:
    write(tmp_path, chat(said(1)))

    report = json.loads(run(tmp_path, "--json"))

    assert report["totals"] == {"messages": 1, "added": 1, "present": 0, "skipped": 0, "people_added": 1}
    assert report["chats"][0]["chat_id"] == SUPERGROUP
    assert report["chats"][0]["first_at"] == "2023-11-14T22:13:21Z"


def test_a_private_talk_with_our_bot_asks_whose_it_is(tmp_path: Path) -> None:
    TelegramBot.objects.create(id=77)
    write(tmp_path, chat(said(1), said(2, user=77), kind="bot_chat", number=77, name="Бот"))

    with pytest.raises(CommandError, match=rf"^Not taken: Бот \(77\) is one of us.*--chat {CLIENT}\.$"):
        run(tmp_path)
    assert not Message.objects.exists()

    assert f"-> chat {CLIENT}, new" in run(tmp_path, "--chat", str(CLIENT))


def old() -> dict[str, Any]:
    message = said(1) | {"date": "2019-07-01T12:00:00", "from_id": CLIENT}
    del message["date_unixtime"]
    return message


@pytest.mark.parametrize(("zone", "hour"), [(None, 9), ("Asia/Vladivostok", 2)])
def test_dates_of_an_old_export_are_read_in_a_zone_that_the_report_names(
    tmp_path: Path, zone: str | None, hour: int
) -> None:
    write(tmp_path, chat(old()))

    out = run(tmp_path, *(["--time-zone", zone] if zone else []))

    assert f"read as those of {zone or 'Europe/Moscow'}." in out
    assert Message.objects.get().timestamp.hour == hour


def test_nothing_is_classified_unless_asked(tmp_path: Path) -> None:
    write(tmp_path, chat(said(1, "Здравствуйте, сколько стоит роза?")))

    run(tmp_path)

    assert not MessageAnalysis.objects.exists()


@pytest.mark.parametrize(("how", "is_due"), [("patterns", False), ("model", True)])
def test_the_classifier_reads_what_is_new_when_asked(
    tmp_path: Path, settings: Settings, how: str, is_due: bool
) -> None:
    settings.DEEPSEEK_API_KEY = "invented"
    ModelSettings.objects.create(pk=1, asks=ModelSettings.Asks.ALL)
    write(tmp_path, chat(said(1, "Здравствуйте, сколько стоит роза?")))

    run(tmp_path, "--classify", how)

    analysis = MessageAnalysis.objects.get()
    assert analysis.message == Message.objects.get()
    assert (analysis.model_due_at is not None) == is_due


def test_ctrl_c_ends_after_the_batch_with_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real signal, while the first batch is being reported."""
    write(tmp_path, chat(*(said(n) for n in range(1, 1500))))

    def press(self: Progress, position: int, messages: int) -> None:
        if messages == 1000:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Progress, "show", press)
    before = signal.getsignal(signal.SIGINT)

    with pytest.raises(CommandError, match="goes on where this ended") as stopped:
        run(tmp_path)

    assert stopped.value.returncode == 130
    assert Message.objects.count() == 1000
    assert signal.getsignal(signal.SIGINT) is before
    monkeypatch.undo()
    assert "new 499, already there 1,000" in run(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<html>", "not an export: HTML"),
        ('{"about": "x"}', "neither messages nor chats"),
        ('{"type": "private_supergroup", "id": 1, "messages": [', "cut off"),
    ],
)
def test_a_bad_file_gets_one_line(tmp_path: Path, content: str, words: str) -> None:
    write(tmp_path, content)

    with pytest.raises(CommandError, match=words) as error:
        run(tmp_path)
    assert "\n" not in str(error.value)


def test_a_file_that_breaks_off_says_what_was_taken(tmp_path: Path) -> None:
    text = write(tmp_path, chat(said(1))).read_text().rstrip(" ]}\n") + '}, {"id": 2'
    write(tmp_path, text)

    with pytest.raises(
        CommandError, match=r"cut off: it ends at byte \d+, after 1 messages\. What came before"
    ):
        run(tmp_path)
    assert Message.objects.count() == 1


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc"])
def test_a_zone_that_is_none(tmp_path: Path, zone: str) -> None:
    write(tmp_path, chat(said(1)))

    with pytest.raises(CommandError, match="no such time zone"):
        run(tmp_path, "--time-zone", zone)


class TestProgress:
    def test_a_line_at_every_tenth_where_nobody_watches(self) -> None:
        out = io.StringIO()

        with Progress(1000, out) as progress:
            for position in (50, 150, 180, 990, 1000):
                progress.show(position, position * 10)

        assert out.getvalue().splitlines() == [
            "15 % read, 1,500 messages",
            "99 % read, 9,900 messages",
            "100 % read, 10,000 messages",
        ]

    def test_a_bar_on_a_terminal(self) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        out = Terminal()

        with Progress(2_000_000, out) as progress:
            progress.show(2_000_000, 1234)

        assert "2.00M/2.00M" in out.getvalue()
        assert "1,234 messages" in out.getvalue()


def test_a_message_of_our_staff_stays_theirs(tmp_path: Path) -> None:
    manager = ManagerFactory(id=601)
    write(tmp_path, chat(said(1, user=601)))

    run(tmp_path)

    assert Message.objects.get().user == manager
