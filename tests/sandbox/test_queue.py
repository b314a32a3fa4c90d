"""The queue in the admin: what its cards, filters, numbers and badge say, and to whom."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from sandbox.models import PendingResponse, SandboxSettings, SendingState
from tests.factories import AnalysisFactory, ChatFactory, ManagerFactory, MessageFactory, ResponseFactory
from tests.sandbox.staff import QUEUE, member

pytestmark = pytest.mark.django_db

NUMBERS = "admin:sandbox_pendingresponse_numbers"


@pytest.fixture
def manager_client() -> Client:
    return member("Менеджеры")


def listed(client: Client, **query: object) -> list[int]:
    """The replies on the page, in their order."""
    answer = client.get(reverse(QUEUE), query)
    assert answer.status_code == 200
    return [card.response.pk for card in answer.context["cl"].cards]


def page(client: Client, **query: object) -> str:
    return client.get(reverse(QUEUE), query).content.decode()


def waiting_draft(*, minutes: int = 0, urgent: bool = False, **fields: Any) -> PendingResponse:
    """A draft whose client asked so many minutes ago."""
    asked = timezone.now() - timedelta(minutes=minutes)
    chat = ChatFactory(waiting_since=asked)
    message = MessageFactory(chat=chat, timestamp=asked, text="Роза есть?")
    AnalysisFactory(message=message, is_urgent=urgent)
    return ResponseFactory(chat=chat, client_name=chat.name, **fields)


class TestCards:
    @pytest.mark.parametrize(("state", "count"), [("approved", 1), ("sent", 0)])
    def test_an_approved_reply_says_that_the_conversation_went_on_while_it_can_be_cancelled(
        self, manager_client: Client, state: str, count: int
    ) -> None:
        draft = ResponseFactory(status=state, scheduled_at=timezone.now() + timedelta(hours=9))
        MessageFactory(chat=draft.chat, text="Отмена!")

        assert page(manager_client, state=state).count("card-label is-warning") == count

    def test_a_card_shows_who_asked_what_and_the_whole_draft(self, manager_client: Client) -> None:
        draft = waiting_draft(minutes=25, response_text="Да, есть.\n\n" + "Хорошая. " * 100)
        author = MessageFactory._meta.model.objects.get(chat=draft.chat).user

        shown = page(manager_client)

        for words in (draft.client_name, author.display_name, "Роза есть?", draft.response_text, "agent"):
            assert words in shown
        assert "25\xa0минут" in shown
        assert reverse("admin:sandbox_pendingresponse_change", args=[draft.pk]) in shown

    def test_the_most_urgent_comes_first_then_the_oldest(self, manager_client: Client) -> None:
        first, urgent, last = waiting_draft(), waiting_draft(urgent=True), waiting_draft()

        assert listed(manager_client) == [urgent.pk, first.pk, last.pk]

    def test_what_is_over_comes_the_latest_first(self, manager_client: Client) -> None:
        first, second = ResponseFactory(status="sent"), ResponseFactory(status="sent")

        assert listed(manager_client, state="sent") == [second.pk, first.pk]

    def test_a_failed_reply_shows_why_and_who_approved_it(self, manager_client: Client) -> None:
        ResponseFactory(
            status="failed", last_error="bot was kicked", approved_by="Анна", approved_at=timezone.now()
        )

        shown = page(manager_client, state="failed")

        assert "bot was kicked" in shown
        assert "Анна" in shown

    def test_the_client_has_the_last_word_not_our_manager(self, manager_client: Client) -> None:
        draft = waiting_draft(minutes=5)
        MessageFactory(
            chat=draft.chat, user=ManagerFactory(), timestamp=timezone.now(), text="Сейчас посмотрю"
        )

        assert "Сейчас посмотрю" not in page(manager_client)

    def test_words_without_text_show_their_kind_or_their_transcript(self, manager_client: Client) -> None:
        voice, photo = ResponseFactory(), ResponseFactory()
        MessageFactory(chat=voice.chat, message_type="voice", text="", transcript="Привезите розу")
        MessageFactory(chat=photo.chat, message_type="photo", text="")

        shown = page(manager_client)

        assert "Привезите розу" in shown
        assert "фото" in shown

    def test_an_empty_queue_says_what_comes_next(self, manager_client: Client) -> None:
        assert 'class="queue-empty"' in page(manager_client)

    def test_nothing_said_becomes_markup(self, manager_client: Client) -> None:
        draft = ResponseFactory(response_text="<script>1</script>", client_name="<i>2</i>")
        MessageFactory(chat=draft.chat, text="<b>3</b>")

        shown = page(manager_client)

        for markup in ("<script>1</script>", "<i>2</i>", "<b>3</b>"):
            assert markup not in shown

    def test_the_number_of_queries_does_not_grow_with_rows(self, manager_client: Client) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                page(manager_client)
            return len(captured)

        SandboxSettings.get_solo()  # its first reading makes the row
        waiting_draft()
        one = queries()
        for _ in range(20):
            waiting_draft(urgent=True, batch_id=uuid.uuid4(), send_order=0)

        # Two of them look for the hub's problems, as on every page.
        assert (one, queries()) == (10, 10)


class TestFilters:
    def test_by_chat(self, manager_client: Client) -> None:
        wanted, _other = waiting_draft(), waiting_draft()

        assert listed(manager_client, chat=wanted.chat_id) == [wanted.pk]

    def test_by_agent(self, manager_client: Client) -> None:
        wanted, _other = waiting_draft(requested_by="второй"), waiting_draft()

        assert listed(manager_client, agent="второй") == [wanted.pk]

    def test_by_intent(self, manager_client: Client) -> None:
        wanted = waiting_draft()
        AnalysisFactory(message__chat=ResponseFactory().chat, intent="complaint")

        assert listed(manager_client, intent="question") == [wanted.pk]

    @pytest.mark.parametrize(("age", "found"), [("15m", 4), ("1h", 3), ("4h", 2), ("1d", 1)])
    def test_by_how_long_the_client_waits(self, manager_client: Client, age: str, found: int) -> None:
        for minutes in (10, 20, 70, 250, 1500):
            waiting_draft(minutes=minutes)

        assert len(listed(manager_client, age=age)) == found

    def test_by_batch_in_every_state(self, manager_client: Client) -> None:
        batch = uuid.uuid4()
        sent = ResponseFactory(batch_id=batch, send_order=0, status="sent")
        draft = ResponseFactory(batch_id=batch, send_order=1)
        ResponseFactory()

        assert listed(manager_client, batch_id=batch) == [draft.pk]
        assert listed(manager_client, batch_id=batch, state="all") == [draft.pk, sent.pk]

    @pytest.mark.parametrize(
        ("name", "value"),
        [("chat", "9" * 30), ("chat", "x"), ("batch_id", "x"), ("chat", "7"), ("agent", "никто")],
    )
    def test_what_names_nothing_finds_nothing(self, manager_client: Client, name: str, value: str) -> None:
        waiting_draft()

        assert listed(manager_client, **{name: value}) == []

    @pytest.mark.parametrize(
        "words", ["розы", "РОЗУ красную", "черные", "чёрные", "ромашка", "роза ромашка", "красн"]
    )
    def test_search_finds_russian_words_in_any_form(self, manager_client: Client, words: str) -> None:
        wanted = waiting_draft(response_text="Красные розы и чёрная лента")
        PendingResponse.objects.filter(pk=wanted.pk).update(client_name="ООО «Ромашка»")
        waiting_draft(response_text="На улице мороз")

        assert listed(manager_client, q=words) == [wanted.pk]

    @pytest.mark.parametrize("words", ["(", "\\", "и", "%", "тюльпаны"])
    def test_search_for_what_is_not_there_finds_nothing(self, manager_client: Client, words: str) -> None:
        waiting_draft(response_text="Да")

        assert listed(manager_client, q=words) == []

    def test_what_a_search_finds_among_all_is_counted_whole_and_shown_by_pages(
        self, manager_client: Client
    ) -> None:
        chat = ChatFactory()
        found = [ResponseFactory(chat=chat, status="sent", response_text="Розы есть").pk for _ in range(53)]
        ResponseFactory(chat=chat, status="sent", response_text="Тюльпанов нет")

        assert listed(manager_client, state="sent", q="роза", p=1) == found[:2:-1]
        assert listed(manager_client, state="sent", q="роза", p=2) == found[2::-1]
        answer = manager_client.get(reverse(QUEUE), {"state": "sent", "q": "роза"})
        assert answer.context["cl"].result_count == 53


class TestNumbers:
    def test_they_count_what_waits_and_what_went_wrong(self, manager_client: Client) -> None:
        # In a test's one transaction every message comes after the drafts' snapshots.
        first = waiting_draft(minutes=40)
        waiting_draft(urgent=True)
        ResponseFactory()
        ResponseFactory(status="failed")
        ResponseFactory(status="unknown")
        ResponseFactory(status="sent")

        told = manager_client.get(reverse(NUMBERS), {"after": first.pk}).json()

        assert told["numbers"] == {
            "waiting": 3,
            "urgent": 1,
            "stale": 2,
            "oldest": "40\xa0минут",
            "failed": 1,
            "unknown": 1,
        }
        assert (told["fresh"], told["trouble"], told["banners"].strip()) == (2, "", "")

    @pytest.mark.parametrize("after", ["", "x", "-1", "9" * 40])
    def test_without_a_place_to_begin_nothing_is_new(self, manager_client: Client, after: str) -> None:
        waiting_draft()

        assert manager_client.get(reverse(NUMBERS), {"after": after}).json()["fresh"] == 0

    def test_an_empty_queue_has_numbers_too(self, manager_client: Client) -> None:
        told = manager_client.get(reverse(NUMBERS)).json()

        assert (told["numbers"]["waiting"], told["numbers"]["oldest"]) == (0, "—")

    def test_nobody_without_the_permission_reads_them(self) -> None:
        client = Client()
        assert client.get(reverse(NUMBERS)).status_code == 302
        client.force_login(User.objects.create_user("new", is_staff=True))
        assert client.get(reverse(NUMBERS)).status_code == 403

    def test_a_pause_that_telegram_asks_for_is_said_with_its_end(self, manager_client: Client) -> None:
        until = timezone.localtime() + timedelta(minutes=1)
        SendingState.objects.update(trouble="rate_limited", paused_until=until)

        told = manager_client.get(reverse(NUMBERS)).json()

        assert told["trouble"] == "rate_limited"
        assert f"{until:%H:%M}" in told["banners"]
        assert f"{until:%H:%M}" in page(manager_client)

    def test_a_refused_token_is_said_with_what_to_do(self, manager_client: Client) -> None:
        SendingState.objects.update(trouble="token_refused")

        assert "TELEGRAM_BOT_TOKEN" in page(manager_client)
        assert manager_client.get(reverse(NUMBERS)).json()["trouble"] == "token_refused"

    def test_a_pause_of_proposals_is_said_with_its_note(self, manager_client: Client) -> None:
        SandboxSettings.objects.update_or_create(
            pk=1, defaults={"is_paused": True, "pause_note": "До <18:00>"}
        )

        assert "До &lt;18:00&gt;" in page(manager_client)
        assert "До &lt;18:00&gt;" in manager_client.get(reverse(NUMBERS)).json()["banners"]

    def test_the_sidebar_carries_the_number_waiting_up_to_a_limit(self, manager_client: Client) -> None:
        def badge() -> str:
            [item] = [
                item
                for group in manager_client.get(reverse(QUEUE)).context["sidebar_navigation"]
                for item in group["items"]
                if str(item["link"]) == reverse(QUEUE)
            ]
            return str(item["badge"])

        chat = ChatFactory()
        ResponseFactory.create_batch(99, chat=chat)
        assert badge() == "99"
        ResponseFactory(chat=chat)
        assert badge() == "99+"


class TestPermissions:
    def test_a_viewer_sees_the_queue_and_cannot_decide(self) -> None:
        draft, client = waiting_draft(), member("Наблюдатели")

        assert "Роза есть?" in page(client)
        assert 'type="checkbox"' not in page(client)
        action = {"action": "approve_selected", "index": "0", "_selected_action": draft.pk}
        assert client.post(reverse(QUEUE), action).status_code == 403

    @pytest.mark.parametrize(
        ("group", "status"),
        [("Наблюдатели", 403), ("Менеджеры", 403), ("Директора", 200), ("Администраторы", 200)],
    )
    @pytest.mark.parametrize("place", ["sandboxsettings", "responseevent", "rejectionreason"])
    def test_settings_and_the_log_are_for_directors(self, group: str, status: int, place: str) -> None:
        url = reverse(f"admin:sandbox_{place}_changelist")
        client = member(group)

        assert client.get(url).status_code == status
        assert (url in page(client)) is (status == 200)

    def test_whoever_has_no_permission_sees_no_queue(self) -> None:
        client = Client()
        client.force_login(User.objects.create_user("new", is_staff=True))

        assert client.get(reverse(QUEUE)).status_code == 403
