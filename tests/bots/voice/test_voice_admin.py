"""What people see of recordings, and what they decide."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, User
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from pytest_django import DjangoAssertNumQueries, Settings

from bots.models import VoiceGate
from bots.problems import find_problems
from bots.simulator import SimulatedTelegram
from bots.voice import gates
from bots.voice.decisions import ChangedError, retry, write_transcript
from bots.voice.queue import fetch_one, poll_one, recognise_short_one, submit_one
from messaging.conversation import read_conversation
from messaging.models import Message, Recording
from messaging.recordings import OFFICIAL_API
from tests.bots.voice.conftest import CHAT, fresh, make_due, voice
from tests.bots.voice.speechkit_stub import LONG, SHORT, Answer, SpeechKitStub

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client: Client) -> Iterator[Client]:
    member = User.objects.create_user("anna", first_name="Анна", is_staff=True)
    member.groups.add(Group.objects.get(name="Менеджеры"))
    client.force_login(member)
    return client


@pytest.fixture
def heard(telegram: SimulatedTelegram, speechkit: SpeechKitStub) -> Recording:
    recording = voice(telegram)
    fetch_one()
    recognise_short_one()
    return fresh(recording)


def page(client: Client, recording: Recording) -> str:
    return client.get(reverse("admin:messaging_message_change", args=[recording.message_id])).content.decode()


def post(client: Client, recording: Recording, way: str, **fields: str | int) -> str:
    answer = client.post(
        reverse(f"admin:messaging_recording_{way}", args=[recording.pk]), fields, follow=True
    )
    assert answer.redirect_chain == [
        (reverse("admin:messaging_message_change", args=[recording.message_id]), 302)
    ]
    return answer.content.decode()


def test_the_messages_page_plays_and_says_the_words(manager: Client, heard: Recording) -> None:
    shown = page(manager, heard)

    sound = reverse("admin:messaging_message_sound", args=[heard.message_id])
    assert f'<audio class="sound" controls preload="none" src="{sound}"' in shown
    assert heard.message.transcript in shown
    assert reverse("admin:messaging_recording_write", args=[heard.pk]) in shown
    assert reverse("admin:messaging_recording_retry", args=[heard.pk]) not in shown


@pytest.mark.parametrize("state", Recording.State.values)
def test_every_state_has_its_page_and_its_row(manager: Client, heard: Recording, state: str) -> None:
    Recording.objects.update(state=state, problem="refused", error="<b>SpeechKit</b>")
    Message.objects.update(transcript_state=state, transcript="")

    shown = page(manager, heard)
    listed = manager.get(reverse("admin:messaging_recording_changelist")).content.decode()
    own = manager.get(reverse("admin:messaging_recording_change", args=[heard.pk]))

    assert "<b>SpeechKit" not in shown + listed
    assert own.status_code == 200
    assert f"spoken-{state}" in shown
    assert str(Recording.State(state).label) in listed


def test_a_recordings_own_page_plays_and_corrects_as_well(manager: Client, heard: Recording) -> None:
    own = manager.get(reverse("admin:messaging_recording_change", args=[heard.pk])).content.decode()

    assert f'src="{reverse("admin:messaging_message_sound", args=[heard.message_id])}"' in own
    assert reverse("admin:messaging_recording_write", args=[heard.pk]) in own
    assert heard.message.transcript in own
    # The stored file has no address of its own.
    assert str(heard.file.name) not in own
    assert heard.file_id not in own


def test_a_conversation_plays_voices_at_no_query_more(
    heard: Recording, admin_user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        conversation = read_conversation(chat_id=CHAT)
        sound = reverse("admin:messaging_message_sound", args=[heard.message_id])
        shown = render_to_string("messaging/conversation.html", {"conversation": conversation})

    assert f'src="{sound}"' in shown
    assert heard.message.transcript in shown


@pytest.mark.parametrize(
    ("state", "words", "url", "link"),
    [("done", "Добрый день", "", "Correct"), ("failed", "", "", "Write it or try again"),
     ("too_big", "", OFFICIAL_API, "Write it yourself"), ("recognising", "", "", "")],
)  # fmt: skip
def test_a_conversation_leads_to_what_can_be_done(
    heard: Recording, settings: Settings, state: str, words: str, url: str, link: str
) -> None:
    settings.TELEGRAM_API_URL = url
    Recording.objects.update(state=state)
    Message.objects.update(transcript=words, transcript_state=state)
    may = {"perms": {"messaging": {"change_recording": True}}}

    with override("en"):
        shown = render_to_string(
            "messaging/conversation.html", {"conversation": read_conversation(chat_id=CHAT), **may}
        )

    assert re.findall(r'class="sound-more"[^>]*>([^<]+)<', shown) == ([link] if link else [])


def test_a_person_corrects_the_words(manager: Client, heard: Recording) -> None:
    words = "Пришла гнилая роза, верните деньги <script>"

    shown = post(manager, heard, "write", words=words, version=heard.version)

    corrected = fresh(heard)
    assert (corrected.message.transcript, corrected.written_by) == (words, "person")
    assert corrected.writer is not None
    assert corrected.writer.username == "anna"
    assert corrected.message.analysis.intent == "complaint"
    assert [version.text for version in corrected.versions.all()] == [heard.message.transcript]
    assert Message.objects.search("гнилые розы").get().pk == heard.message_id
    assert "<script>" not in shown.partition("spoken-title")[2].partition("</section>")[0]
    assert heard.message.transcript in shown


def test_two_people_do_not_overwrite_each_other(manager: Client, heard: Recording) -> None:
    post(manager, heard, "write", words="Первые слова", version=heard.version)

    shown = post(manager, heard, "write", words="Вторые слова", version=heard.version)

    assert fresh(heard).message.transcript == "Первые слова"
    assert "Вторые слова" in shown


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30])
def test_a_version_that_is_none_saves_nothing(manager: Client, heard: Recording, version: str) -> None:
    post(manager, heard, "write", words="Слова", version=version)

    assert fresh(heard).message.transcript == heard.message.transcript


def test_a_person_writes_what_speechkit_could_not(
    manager: Client, telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = voice(telegram)
    fetch_one()
    speechkit.scripts[SHORT] = [Answer(status=400)]
    recognise_short_one()

    post(manager, recording, "write", words="  Нужны розы\r\nи пионы \x00 ", version=0)

    recording = fresh(recording)
    assert (recording.state, recording.problem) == ("done", "")
    assert recording.message.transcript == "Нужны розы\nи пионы \ufffd"
    assert recording.message.transcript_state == "done"
    make_due()
    assert not recognise_short_one()


def test_a_person_may_say_that_there_are_no_words(manager: Client, heard: Recording) -> None:
    post(manager, heard, "write", words=" ", version=heard.version)

    assert (fresh(heard).state, fresh(heard).message.transcript) == ("empty", "")


def test_trying_again_from_failed(
    manager: Client, telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = voice(telegram, seconds=40)
    fetch_one()
    speechkit.scripts[LONG] = [Answer(status=400)]
    submit_one()
    assert reverse("admin:messaging_recording_retry", args=[recording.pk]) in page(manager, recording)

    post(manager, recording, "retry")

    recording = fresh(recording)
    assert (recording.state, recording.message.transcript_state) == ("recognising", "recognising")
    assert (recording.problem, recording.error) == ("", "")
    assert submit_one()
    make_due()
    assert poll_one()
    assert fresh(recording).state == "done"


def test_trying_again_fetches_a_file_that_was_never_there(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    recording = voice(telegram)
    Recording.objects.update(state="failed", due_at=None, problem="not_there", attempts=9, faults=5)

    assert retry(recording.pk)
    assert not retry(recording.pk)

    assert fresh(recording).state == "waiting"
    assert fetch_one()
    assert recognise_short_one()


@pytest.mark.parametrize(
    ("state", "url", "can"),
    [("done", "", False), ("waiting", "", False), ("recognising", "", False), ("empty", "", True),
     ("failed", "", True), ("too_big", OFFICIAL_API, False), ("too_big", "http://127.0.0.1:8081", True),
     ("off", "", True)],
)  # fmt: skip
def test_trying_again_is_offered_where_it_can_help(
    heard: Recording, settings: Settings, state: str, url: str, can: bool
) -> None:
    settings.TELEGRAM_API_URL = url
    Recording.objects.update(state=state)

    assert retry(heard.pk) is can


def test_several_are_tried_again_from_the_list(manager: Client, heard: Recording, telegram: object) -> None:
    assert isinstance(telegram, SimulatedTelegram)
    other = voice(telegram)
    Recording.objects.filter(pk=other.pk).update(state="failed", due_at=None)
    rows = {"action": "try_again", "_selected_action": [heard.pk, other.pk]}

    answer = manager.post(reverse("admin:messaging_recording_changelist"), rows, follow=True)

    assert [fresh(each).state for each in (heard, other)] == ["done", "waiting"]
    assert [str(message.level_tag) for message in answer.context["messages"]] == ["success", "warning"]


@pytest.mark.parametrize(
    ("group", "listed", "settled"), [("Наблюдатели", 200, 403), ("Менеджеры", 200, 302), ("", 403, 403)]
)
def test_who_may_what(client: Client, heard: Recording, group: str, listed: int, settled: int) -> None:
    member = User.objects.create_user("boris", is_staff=True)
    if group:
        member.groups.add(Group.objects.get(name=group))
    client.force_login(member)
    changelist = reverse("admin:messaging_recording_changelist")
    write = reverse("admin:messaging_recording_write", args=[heard.pk])
    again = reverse("admin:messaging_recording_retry", args=[heard.pk])

    assert client.get(changelist).status_code == listed
    assert client.post(write, {"words": "слова", "version": heard.version}).status_code == settled
    assert client.post(again).status_code == settled
    assert client.get(write).status_code == 405
    assert fresh(heard).written_by == ("person" if settled == 302 else "speech")


def test_a_write_on_what_changed_is_refused(heard: Recording, admin_user: User) -> None:
    with pytest.raises(ChangedError):
        write_transcript(recording_id=heard.pk, words="слова", writer=admin_user, version=heard.version + 1)


def test_a_refused_key_is_a_problem_that_says_what_to_do(
    telegram: SimulatedTelegram, speechkit: SpeechKitStub
) -> None:
    voice(telegram)
    fetch_one()
    speechkit.scripts[SHORT] = [Answer(status=403, body=b'{"error_message": "Permission denied"}')]
    recognise_short_one()

    [problem] = [each for each in find_problems() if each.code == "speech_refused"]
    assert "SpeechKit answers 403: Permission denied" in problem.advice
    make_due()
    recognise_short_one()
    assert "speech_refused" not in [each.code for each in find_problems()]


def test_an_outage_is_a_problem_after_a_quarter_of_an_hour() -> None:
    gates.note_failure(gates.Name.SHORT, "SpeechKit answers 503")
    assert "voices_wait" not in [each.code for each in find_problems()]
    VoiceGate.objects.update(failing_since="2026-01-01T00:00:00Z")

    assert [each.code for each in find_problems()].count("voices_wait") == 1


def test_the_list_says_what_was_used_and_whether_recognition_is_on(
    manager: Client, heard: Recording, settings: Settings
) -> None:
    changelist = reverse("admin:messaging_recording_changelist")
    assert "0:15" in manager.get(changelist).content.decode()
    settings.YANDEX_STT_ENABLED = False
    assert "YANDEX_CLOUD_API_KEY" in manager.get(changelist).content.decode()
