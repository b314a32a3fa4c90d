"""A person's page: what there is, the download, and erasing that nobody does by a slip."""

import zipfile
from io import BytesIO

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from clients.models import TelegramUser
from cvgorod_hub.privacy.models import Erasure
from cvgorod_hub.privacy.tasks import go_on_erasing
from messaging.models import Message
from tests.factories import ManagerFactory, MessageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def message() -> Message:
    return MessageFactory(text="Роза Эксплорер")


@pytest.fixture
def browser() -> Client:
    """Of somebody in the group of administrators."""
    account = User.objects.create_user("anna", first_name="Анна", is_staff=True)
    account.groups.add(Group.objects.get(name="Администраторы"))
    client = Client()
    client.force_login(account)
    return client


def url(what: str, person_id: int) -> str:
    return reverse(f"admin:hub_erasure_{what}", args=[person_id])


def test_the_card_of_a_person_leads_to_their_data(browser: Client, message: Message) -> None:
    page = browser.get(reverse("admin:clients_telegramuser_change", args=[message.user.pk]))

    assert url("person", message.user.pk) in page.content.decode()


def test_the_page_says_what_there_is_and_what_goes(browser: Client, message: Message) -> None:
    page = browser.get(url("person", message.user.pk)).content.decode()

    assert "<dd>1</dd>" in page
    assert url("download", message.user.pk) in page
    assert url("erase", message.user.pk) in page


def test_a_download_is_a_zip_that_stands_in_the_log(browser: Client, message: Message) -> None:
    answer = browser.post(url("download", message.user.pk))

    with zipfile.ZipFile(BytesIO(b"".join(answer))) as archive:  # type: ignore[call-overload]  # streamed
        assert "Роза Эксплорер" in archive.read("messages.jsonl").decode()
    assert f"person {message.user.pk} " in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    entry = LogEntry.objects.get()
    assert (entry.user.username, entry.object_id) == ("anna", str(message.user.pk))


def test_erasing_begins_at_once_and_a_worker_ends_it(browser: Client, message: Message) -> None:
    posted = {"request": "письмо от 12 мая", "confirmation": f" {message.user.pk} "}

    answer = browser.post(url("erase", message.user.pk), posted)

    erasure = Erasure.objects.get()
    assert answer["Location"] == reverse("admin:hub_erasure_change", args=[erasure.pk])
    assert (erasure.request, erasure.actor_name, erasure.state) == ("письмо от 12 мая", "Анна", "running")
    assert TelegramUser.objects.get(pk=message.user.pk).first_name == ""
    assert message.user.first_name not in LogEntry.objects.get().object_repr
    running = browser.get(url("person", message.user.pk)).content.decode()
    assert url("erase", message.user.pk) not in running

    assert go_on_erasing() == 1

    message.refresh_from_db()
    assert message.text == ""
    assert "Erased" not in browser.get(answer["Location"]).content.decode()
    browser.get(url("person", message.user.pk))


@pytest.mark.parametrize(
    "posted",
    [
        {"request": "письмо", "confirmation": ""},
        {"request": "письмо", "confirmation": "1"},
        {"request": " ", "confirmation": "right"},
        {"confirmation": "right"},
    ],
)
def test_nothing_is_erased_by_a_slip(browser: Client, message: Message, posted: dict[str, str]) -> None:
    said = {name: str(message.user.pk) if value == "right" else value for name, value in posted.items()}

    answer = browser.post(url("erase", message.user.pk), said)

    assert answer.status_code == 409
    assert not Erasure.objects.exists()
    assert TelegramUser.objects.get(pk=message.user.pk).first_name == message.user.first_name


def test_our_team_is_not_erased(browser: Client) -> None:
    manager = ManagerFactory()
    posted = {"request": "письмо", "confirmation": str(manager.pk)}

    answer = browser.post(url("erase", manager.pk), posted)

    assert answer.status_code == 409
    assert not Erasure.objects.exists()
    assert url("erase", manager.pk) not in browser.get(url("person", manager.pk)).content.decode()


def test_a_stranger_is_not_found(browser: Client) -> None:
    assert browser.get(url("person", 10**18)).status_code == 404
    assert browser.get(f"/admin/hub/erasure/person/{10**30}/").status_code == 404


def test_a_conversation_says_that_words_were_erased(browser: Client, message: Message) -> None:
    browser.post(url("erase", message.user.pk), {"request": "письмо", "confirmation": str(message.user.pk)})
    go_on_erasing()

    page = browser.get(reverse("admin:desk_conversation", args=[message.chat.pk])).content.decode()
    listed = browser.get(reverse("admin:messaging_message_changelist")).content.decode()

    for shown in (page, listed):
        assert "Сообщение удалено по просьбе автора" in shown
        assert "Эксплорер" not in shown
