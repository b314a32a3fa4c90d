"""Who asks for it is erased: no table and no file holds a word of theirs, and nothing brings one back."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from bots.models import RawUpdate
from bots.raw_updates import store_updates
from bots.updates import parse_all_waiting_updates, replay_updates
from clients.erasing import NotErasableError
from clients.models import RoleName, TelegramUser
from cvgorod_hub.privacy import steps
from cvgorod_hub.privacy.erasing import begin, run, run_all
from cvgorod_hub.privacy.models import Erasure
from intents.models import AnalysisCorrection, MessageAnalysis
from messaging.models import AuthorActivity, Chat, Message, MessageWord
from messaging.search.forgetting import unused_words
from messaging.statistics import count_by_role, count_messages
from sandbox.actors import Actor
from sandbox.models import PendingResponse, ResponseEvent
from tests.factories import ChatFactory, ManagerFactory, MessageFactory, PersonFactory, role
from tests.marks import committed
from tests.messaging.exports import bring
from tests.messaging.test_statistics import check_that_counts_need_no_rebuilding
from tests.privacy.life import (
    BOT,
    GROUP,
    HIDDEN,
    NEIGHBOUR,
    NEIGHBOURS_WORDS,
    OUR_ANSWER,
    PERSON,
    THEM,
    export,
    live,
    payloads,
)
from tests.privacy.marks import marked_files, marked_tables, words

ACTOR = Actor(name="Анна")


def totals() -> tuple[object, ...]:
    """What statistics say, and how many rows there are."""
    return count_messages(None), count_by_role(None), Message.objects.count(), MessageAnalysis.objects.count()


def erase(person_id: int = PERSON) -> Erasure:
    erasure = begin(person_id=person_id, request="письмо от 12 мая", actor=ACTOR)
    assert run(erasure)
    return erasure


@committed
def test_no_table_and_no_file_holds_a_word_of_whoever_was_erased(tmp_path: Path) -> None:
    live(tmp_path)
    # Everything that has a place for words has some: a table that is new here is a table to think of.
    assert set(marked_tables()) == {
        "analysis_corrections",
        "button_presses",
        "chats",
        "django_admin_log",
        "history_imports",
        "message_analysis",
        "message_versions",
        "message_word_variants",
        "message_words",
        "messages",
        "pending_response_events",
        "pending_responses",
        "raw_updates",
        "reclassifications",
        "transcript_versions",
        "users",
        "webhook_attempts",
        "webhook_deliveries",
    }
    assert len(marked_files()) == 2

    erase()

    assert marked_tables() == {}
    assert marked_files() == []


@committed
def test_what_must_stay_stays(tmp_path: Path) -> None:
    live(tmp_path)
    before = totals()
    decided = list(ResponseEvent.objects.order_by("pk").values_list("kind", "actor_name", "created_at"))

    erasure = erase()

    assert totals() == before
    check_that_counts_need_no_rebuilding()
    theirs = Message.objects.filter(user=PERSON)
    assert theirs.filter(erased_for="request").count() == theirs.count() == erasure.counts["messages"]
    assert AuthorActivity.objects.get(pk=PERSON).messages == theirs.count()
    # What others said, what we sent, and who decided what.
    assert Message.objects.filter(text=NEIGHBOURS_WORDS).count() == 5
    assert PendingResponse.objects.get(status="sent").response_text == OUR_ANSWER
    kinds = list(ResponseEvent.objects.order_by("pk").values_list("kind", "actor_name", "created_at"))
    assert kinds[: len(decided)] == decided
    assert [kind for kind, *_rest in kinds[len(decided) :]] == ["rejected", "cancelled"]
    assert MessageAnalysis.objects.get(source="person").intent == "complaint"
    assert AnalysisCorrection.objects.get().intent == "complaint"
    assert not Chat.objects.filter(waiting_since__isnull=False, pk=PERSON).exists()
    assert (erasure.state, erasure.names, erasure.person_id) == ("finished", [], PERSON)


@committed
def test_neither_a_replay_nor_an_import_brings_words_back(tmp_path: Path) -> None:
    live(tmp_path)
    as_received = payloads()
    erase()
    rows = Message.objects.count()

    replay_updates(RawUpdate.objects.all())
    again = bring(tmp_path, export())
    # Telegram hands everything over once more, also by another bot, whose numbers are others.
    store_updates(bot_id=BOT, raw=as_received)
    # What has no time of its own would be somebody's who acts now.
    dated = [update for update in as_received if '"date": 1' in json.dumps(update)]
    # And what quotes a hidden account names nobody.
    dated = [update for update in dated if _origin_of_quote(update) != HIDDEN]
    for number, update in enumerate(dated, start=50_000):
        store_updates(bot_id=BOT, raw=[update | {"update_id": number}])
    parse_all_waiting_updates()

    assert marked_tables() == {}
    assert Message.objects.count() == rows
    assert again.chats[0].skipped_for == {"erased at the person's request": 5}
    check_that_counts_need_no_rebuilding()


@committed
def test_an_answer_that_quotes_them_afterwards_keeps_its_own_words_only(tmp_path: Path) -> None:
    life = live(tmp_path)
    asked = Message.objects.filter(user=PERSON, chat=GROUP["id"]).earliest("pk").telegram_message_id or 0
    said = life.envelope(asked) | {"text": words("стало")}
    erase()

    life.message(by=NEIGHBOUR, text="А что было?", reply_to_message=said, quote={"text": words()})
    life.message(by=NEIGHBOUR, text=words("стало"), forward_origin={
        "type": "user", "sender_user": THEM, "date": life.began + asked,
    })  # fmt: skip
    life.read()

    assert marked_tables() == {}
    answer = Message.objects.get(text="А что было?")
    assert (answer.reply_to_message_id, answer.media) == (asked, {})


@committed
def test_who_writes_again_is_taken_in_as_somebody_new(tmp_path: Path) -> None:
    life = live(tmp_path)
    erasure = erase()
    person = TelegramUser.objects.get(pk=PERSON)
    assert (person.first_name, person.last_name, person.username) == ("", "", "")
    later = int(erasure.until.timestamp()) + 5

    newcomer = THEM | {"first_name": "Новое", "last_name": "Имя", "username": "novoe"}
    for number, name in enumerate(("text", "edited"), start=70_000):
        old = life.envelope(3) | {"from": newcomer, "text": words("правка старого"), "edit_date": later}
        new = life.envelope(number) | {"from": newcomer, "text": f"Здравствуйте, {name}", "date": later + 1}
        life.receive("edited_message", old)
        life.receive("message", new)
    life.read()

    person.refresh_from_db()
    assert (person.display_name, person.username) == ("Новое Имя", "novoe")
    fresh = Message.objects.filter(user=PERSON, erased_at=None).order_by("pk")
    assert [message.text for message in fresh] == ["Здравствуйте, text", "Здравствуйте, edited"]
    assert marked_tables() == {}
    # And may ask once more.
    assert erase().counts["messages"] == 2
    assert not Message.objects.filter(user=PERSON, erased_at=None).exists()


def _origin_of_quote(update: dict[str, Any]) -> object:
    message = update.get("message", {})
    return message.get("external_reply", {}).get("origin")


class Died(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


@committed
def test_what_dies_in_each_step_goes_on_where_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(tmp_path)
    monkeypatch.setattr(steps, "BATCH", 3)
    monkeypatch.setattr(steps, "MESSAGES_AT_ONCE", 3)
    erasure = begin(person_id=PERSON, request="письмо", actor=ACTOR)
    died_in = []

    for dying in steps.STEPS:

        def die(job: steps.Job, chunk: Sequence[object], step: steps.Step = dying) -> Counter[str]:
            step.do(job, chunk)
            died_in.append(step.name)
            raise Died

        deadly = [steps.Step(each.name, each.find, die) if each is dying else each for each in steps.STEPS]
        with monkeypatch.context() as patch:
            patch.setattr("cvgorod_hub.privacy.erasing.STEPS", deadly)
            with pytest.raises(Died):
                run(erasure)

    assert died_in == [step.name for step in steps.STEPS]
    assert run_all(may_go_on=lambda: True) == 1
    assert marked_tables() == {}
    assert marked_files() == []
    erasure.refresh_from_db()
    assert erasure.counts["messages"] == Message.objects.filter(user=PERSON).count()


@committed
def test_a_message_that_is_being_stored_meanwhile_is_erased_or_never_kept(tmp_path: Path) -> None:
    life = live(tmp_path)
    ready, go_on = threading.Event(), threading.Event()

    def store() -> None:
        """Stored and read in one long transaction, as a slow machine would."""
        try:
            with transaction.atomic():
                life.message(text=words("в этот самый миг"))
                life.read()
                ready.set()
                go_on.wait(10)
        finally:
            connection.close()

    storing = threading.Thread(target=store)
    storing.start()
    assert ready.wait(10)
    beginning = threading.Thread(target=_erase_elsewhere)
    beginning.start()
    beginning.join(0.3)
    waits = beginning.is_alive()
    go_on.set()
    storing.join()
    beginning.join()

    assert waits
    assert marked_tables() == {}


def _erase_elsewhere() -> None:
    try:
        erase()
    finally:
        connection.close()


@committed
def test_erasing_twice_changes_nothing_more(tmp_path: Path) -> None:
    live(tmp_path)
    erase()
    rows = list(Message.objects.order_by("pk").values_list("pk", "erased_at", "changed_xid"))

    second = erase()

    assert list(Message.objects.order_by("pk").values_list("pk", "erased_at", "changed_xid")) == rows
    assert second.counts.keys() == {"replies", "events"}


@pytest.mark.django_db
def test_another_person_of_the_same_chat_keeps_everything(tmp_path: Path) -> None:
    chat = ChatFactory()
    asks, stays = PersonFactory(), PersonFactory()
    MessageFactory(chat=chat, user=asks, text="Роза Эксплорер")
    kept = MessageFactory(chat=chat, user=stays, text="Роза Мондиаль")
    kept.refresh_from_db()

    erase(asks.pk)

    after = Message.objects.get(pk=kept.pk)
    assert (after.text, after.changed_xid, after.erased_at) == ("Роза Мондиаль", kept.changed_xid, None)
    assert set(MessageWord.objects.values_list("word", flat=True)) == {"роза", "мондиаль"}
    assert unused_words() == []


@pytest.mark.django_db
def test_our_team_and_programs_are_not_erased() -> None:
    manager, robot = ManagerFactory(), PersonFactory(role=role(RoleName.BROADCAST_BOT))

    for person in (manager, robot):
        with pytest.raises(NotErasableError):
            begin(person_id=person.pk, request="письмо", actor=ACTOR)

    assert not Erasure.objects.exists()
    assert TelegramUser.objects.get(pk=manager.pk).first_name == manager.first_name


def is_refused(change: Callable[[], object], *, erasing: bool = False) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('hub.erasing', %s, true)", ["on" if erasing else ""])
            change()
    except IntegrityError:
        return True
    return False


def delete_events(pk: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pending_response_events WHERE id = %s", [pk])


@pytest.mark.django_db
def test_the_logs_let_nothing_but_words_go_and_only_where_it_is_said_for() -> None:
    response = PendingResponse.objects.create(
        chat=ChatFactory(), response_text="Да.", original_text="Да.", requested_by="agent"
    )
    event = ResponseEvent.objects.create(
        response=response, kind="proposed", actor_name="agent", text_after="Да."
    )
    rows = ResponseEvent.objects.filter(pk=event.pk)

    assert is_refused(lambda: rows.update(text_after=""))
    for changes in ({"text_after": "Нет."}, {"actor_name": ""}, {"kind": "sent"}):
        assert is_refused(partial(rows.update, **changes), erasing=True)
    assert is_refused(lambda: delete_events(event.pk), erasing=True)

    event.refresh_from_db()
    assert (event.kind, event.actor_name, event.text_after) == ("proposed", "agent", "Да.")


@pytest.mark.django_db
def test_a_row_that_comes_by_any_other_way_is_blank() -> None:
    person = PersonFactory(erased_at=timezone.now())
    message = MessageFactory(
        user=person, text="из другой базы", transcript="и сказанное", media={"file_name": "a"}
    )
    Message.objects.filter(pk=message.pk).update(text="ещё раз")

    message.refresh_from_db()
    assert (message.text, message.transcript, message.media, message.erased_for) == ("", "", {}, "request")
