"""Correcting and classifying anew in the admin: who may, what a click does, with and without scripts."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from intents.models import AnalysisCorrection, Intent, MessageAnalysis, Reclassification
from messaging.models import Message
from tests.factories import NOW, AnalysisFactory, ChatFactory, MessageFactory, ResponseFactory, make

pytestmark = pytest.mark.django_db
Source, Kind = MessageAnalysis.Source, AnalysisCorrection.Kind
ANALYSES, MESSAGES = "/admin/intents/messageanalysis/", "/admin/messaging/message/"
RUNS = "/admin/intents/reclassification/"
SCRIPT = {"X-Requested-With": "fetch"}


def of_group(client: Client, name: str) -> Client:
    user = User.objects.create_user("somebody", is_staff=True)
    user.groups.add(Group.objects.get(name=name))
    client.force_login(user)
    client.cookies.load({"django_language": "en"})
    return client


@pytest.fixture
def manager(client: Client) -> Client:
    return of_group(client, "Менеджеры")


@pytest.fixture
def analysis() -> MessageAnalysis:
    entities = [
        {"kind": "item", "text": "рускус", "product": "рускус", "quantity": 5},
        {"kind": "date", "time": "10:00"},
    ]
    analysis: MessageAnalysis = AnalysisFactory.create(
        message__text="беру 5 пачек рускуса к десяти", intent=Intent.ORDER, entities=entities
    )
    return analysis


def address(analysis: MessageAnalysis) -> str:
    return f"{ANALYSES}{analysis.message_id}/correct/"


def post(client: Client, analysis: MessageAnalysis, **data: Any) -> Any:  # noqa: ANN401
    return client.post(address(analysis), data, headers=SCRIPT)


@pytest.mark.parametrize("name", ["Менеджеры", "Директора", "Администраторы"])
def test_those_who_decide_on_replies_may_correct(
    name: str, client: Client, analysis: MessageAnalysis
) -> None:
    answer = post(of_group(client, name), analysis, intent="question")

    assert (answer.status_code, MessageAnalysis.objects.get().source) == (200, Source.PERSON)


def test_viewers_see_labels_and_nothing_to_press(client: Client, analysis: MessageAnalysis) -> None:
    viewer = of_group(client, "Наблюдатели")

    for page in (ANALYSES, f"{MESSAGES}{analysis.message_id}/change/"):
        shown = viewer.get(page).content.decode()
        assert "label-order" in shown
        assert "data-correct" not in shown
        assert "correction-form" not in shown
    assert viewer.get(address(analysis)).status_code == 403
    assert post(viewer, analysis, intent="question").status_code == 403
    assert viewer.post(f"{RUNS}start/analyses/", {"by": "patterns"}).status_code == 403
    assert MessageAnalysis.objects.get().source == Source.PATTERN


def test_labels_open_the_choice_wherever_a_conversation_is_shown(
    manager: Client, analysis: MessageAnalysis
) -> None:
    draft = ResponseFactory.create(chat=analysis.message.chat)
    pages = [
        f"/admin/sandbox/pendingresponse/{draft.pk}/change/",
        f"{MESSAGES}{analysis.message_id}/change/",
        ANALYSES,
    ]

    for page in pages:
        shown = manager.get(page).content.decode()
        assert f'href="{address(analysis)}" data-correct' in shown
        assert shown.count('id="correction-form"') == 1
        assert f'name="right" value="{analysis.fingerprint}"' in shown


def test_one_click_corrects_and_the_new_labels_come_back(manager: Client, analysis: MessageAnalysis) -> None:
    answer = post(manager, analysis, intent="complaint", seen="long gone")

    shown = answer.content.decode()
    assert f'data-labels="{analysis.message_id}"' in shown
    assert "label-complaint" in shown
    assert "checked" in shown
    row = AnalysisCorrection.objects.get()
    assert (row.kind, row.actor_name, row.intent) == (Kind.CORRECTED, "somebody", Intent.COMPLAINT)


def test_right_as_it_is_takes_one_click(manager: Client, analysis: MessageAnalysis) -> None:
    assert post(manager, analysis, right=analysis.fingerprint).status_code == 200

    assert AnalysisCorrection.objects.get().kind == Kind.CONFIRMED


def test_what_changed_meanwhile_is_shown_instead_of_saved(manager: Client, analysis: MessageAnalysis) -> None:
    answer = post(manager, analysis, right="0" * 16)

    assert answer.status_code == 409
    assert "classified anew meanwhile" in answer.content.decode()
    assert not AnalysisCorrection.objects.exists()


def test_an_entity_is_taken_out_by_one_click(manager: Client, analysis: MessageAnalysis) -> None:
    post(manager, analysis, without="0", seen=analysis.fingerprint)

    assert MessageAnalysis.objects.get().entities == [{"kind": "date", "time": "10:00"}]


def rows(**fields: str) -> dict[str, str]:
    return {
        "entities": "1",
        "item-TOTAL_FORMS": "2",
        "item-INITIAL_FORMS": "1",
        "date-TOTAL_FORMS": "2",
        "date-INITIAL_FORMS": "1",
        "item-0-text": "рускус",
        "item-0-product": "рускус",
        "item-0-quantity": "6",
        "item-0-unit": "pack",
        "date-1-date": "2026-12-01",
        **fields,
    }


def test_entities_are_changed_added_and_emptied(manager: Client, analysis: MessageAnalysis) -> None:
    more = {"item-1-product": "роза", "item-1-length_cm": "60", "seen": analysis.fingerprint}

    assert post(manager, analysis, **rows(**more)).status_code == 200

    assert MessageAnalysis.objects.get().entities == [
        {"kind": "item", "text": "рускус", "product": "рускус", "quantity": 6, "unit": "pack"},
        {"kind": "item", "product": "роза", "length_cm": 60},
        {"kind": "date", "date": "2026-12-01"},
    ]


def test_rows_that_are_saved_as_they_were_are_right_as_they_are(
    manager: Client, analysis: MessageAnalysis
) -> None:
    day = {"kind": "date", "text": "завтра", "date": "2026-11-24"}
    item = {"kind": "item", "text": "рускус", "product": "рускус", "quantity": 5}
    MessageAnalysis.objects.update(entities=[day, item])
    items = {"item-TOTAL_FORMS": 1, "item-INITIAL_FORMS": 1, "item-0-product": "рускус", "item-0-quantity": 5}
    dates = {"date-TOTAL_FORMS": 1, "date-INITIAL_FORMS": 1, "date-0-date": "2026-11-24"}
    words = {"item-0-text": "рускус", "date-0-text": "завтра"}

    post(manager, analysis, entities="1", **items, **dates, **words)

    assert MessageAnalysis.objects.get().entities == [day, item]
    assert AnalysisCorrection.objects.get().kind == Kind.CONFIRMED


def test_what_cannot_be_read_stays_in_the_rows(manager: Client, analysis: MessageAnalysis) -> None:
    answer = post(manager, analysis, **rows(**{"item-0-length_cm": "9000"}))

    assert answer.status_code == 422
    assert 'value="9000"' in answer.content.decode()
    assert not AnalysisCorrection.objects.exists()


def test_without_scripts_there_is_a_page_and_a_way_back(manager: Client, analysis: MessageAnalysis) -> None:
    page = manager.get(address(analysis), {"next": ANALYSES})
    answer = manager.post(address(analysis), {"sentiment": "negative", "next": ANALYSES})
    elsewhere = manager.post(address(analysis), {"is_urgent": "1", "next": "https://example.com/"})

    assert "All is right as it is" in page.content.decode()
    assert (answer.status_code, answer["Location"]) == (302, ANALYSES)
    assert elsewhere["Location"] == f"{MESSAGES}{analysis.message_id}/change/"


def test_a_word_is_taken_back_and_the_log_tells_it(manager: Client, analysis: MessageAnalysis) -> None:
    post(manager, analysis, intent="complaint")

    post(manager, analysis, take_back="1")

    assert MessageAnalysis.objects.get().source == Source.PATTERN
    page = manager.get(f"{MESSAGES}{analysis.message_id}/change/").content.decode()
    assert "Order → Complaint" in page
    assert "taken back" in page


def test_what_people_wrote_is_never_markup(manager: Client) -> None:
    item = {"kind": "item", "product": "<script>1</script>"}
    analysis = AnalysisFactory.create(message__text="<b>2</b>", entities=[item])

    for shown in (manager.get(address(analysis)), manager.get(ANALYSES)):
        assert "<script>1" not in shown.content.decode()
        assert "<b>2" not in shown.content.decode()


@pytest.mark.parametrize("path", ["999999999/correct/", "1/nonsense/"])
def test_what_is_not_there_is_not_found(path: str, manager: Client) -> None:
    assert manager.get(ANALYSES + path, headers=SCRIPT).status_code in (302, 404)


# --- Classifying anew ---


def test_all_that_the_list_is_filtered_to_is_classified_not_the_page(manager: Client) -> None:
    make(AnalysisFactory, 60, message__text="беру 5 пачек", intent=Intent.OTHER)
    AnalysisFactory.create(message__text="беру 5 пачек", intent=Intent.COMPLAINT)
    start = f"{RUNS}start/analyses/?intent__exact=other&p=2"

    page = manager.get(start).content.decode()
    answer = manager.post(start, {"by": "patterns"})

    assert "60 messages" in page
    run = Reclassification.objects.get()
    assert (run.total, run.actor_name, run.chosen) == (
        60,
        "somebody",
        "intent: Other",
    )
    assert answer["Location"] == f"{RUNS}{run.pk}/change/"
    shown = manager.get(answer["Location"]).content.decode()
    assert "0 of 60" in shown
    assert "somebody" in manager.get(ANALYSES).content.decode()


def test_the_list_of_messages_chooses_by_its_search_and_period(manager: Client) -> None:
    chat = ChatFactory.create()
    for text in ("беру розы", "беру пионы"):
        MessageFactory.create(chat=chat, text=text, timestamp=NOW)
    for day in (20, 24):
        MessageFactory.create(chat=chat, text="беру розы", timestamp=NOW.replace(day=day))

    days = "timestamp_from=2026-11-22&timestamp_to=2026-11-22"  # both included
    manager.post(f"{RUNS}start/messages/?q=роза&{days}", {"by": "patterns"})

    run = Reclassification.objects.get()
    [key] = run.items.values_list("message_id", flat=True)
    assert Message.objects.get(pk=key).text == "беру розы"
    assert run.chosen == "«роза»; time: from 2026-11-22 to 2026-11-22"


def test_pressed_twice_it_is_started_once(manager: Client, analysis: MessageAnalysis) -> None:
    answers = [manager.post(f"{RUNS}start/analyses/", {"by": "patterns"}) for _ in range(2)]

    assert answers[0]["Location"] == answers[1]["Location"]
    assert Reclassification.objects.count() == 1


def test_a_run_is_cancelled_from_its_page(manager: Client, analysis: MessageAnalysis) -> None:
    manager.post(f"{RUNS}start/analyses/", {"by": "patterns"})
    run = Reclassification.objects.get()

    manager.post(f"{RUNS}{run.pk}/cancel/")

    run.refresh_from_db()
    assert (run.state, run.cancelled_by, run.items.count()) == ("cancelled", "somebody", 0)
    assert manager.get(f"{RUNS}{run.pk}/cancel/").status_code == 405


def test_without_a_key_only_the_patterns_are_offered(manager: Client, analysis: MessageAnalysis) -> None:
    page = manager.get(f"{RUNS}start/analyses/").content.decode()
    manager.post(f"{RUNS}start/analyses/", {"by": "model"})

    assert 'value="patterns"' in page
    assert 'value="model"' not in page
    assert not Reclassification.objects.exists()


@pytest.mark.parametrize(
    "query", ["nonsense/", "analyses/?intent__exact=other&evil__in=1", "messages/?timestamp_from=soon"]
)
def test_a_list_or_filter_that_does_not_exist_is_not_found(query: str, manager: Client) -> None:
    assert manager.get(f"{RUNS}start/{query}").status_code == 404


def test_a_list_of_nothing_starts_nothing(manager: Client) -> None:
    page = manager.post(f"{RUNS}start/analyses/", {"by": "patterns"})

    assert "No message with words" in page.content.decode()
    assert not Reclassification.objects.exists()
