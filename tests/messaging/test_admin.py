from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from clients.models import RoleName, TelegramUser
from clients.people import IncomingPerson
from messaging.ingest import store_messages
from messaging.models import Chat, HistoryImport, Message
from tests.factories import ChatFactory, MessageFactory, role
from tests.messaging.test_ingest import GROUP, SENT_AT, incoming

pytestmark = pytest.mark.django_db


def give_role(client: Client, user_id: int, name: str) -> None:
    page = reverse("admin:clients_telegramuser_change", args=[user_id])
    assert client.post(page, {"role": role(name).pk, "staff_account": ""}).status_code == 302


def test_a_role_given_later_counts_for_what_was_said_before(admin_client: Client) -> None:
    colleague = IncomingPerson(id=42, first_name="Проба")
    later = SENT_AT + timedelta(minutes=1)
    store_messages([incoming(1), incoming(2, "Есть.", sender=colleague, timestamp=later)])
    assert Chat.objects.get(pk=GROUP.id).waiting_since == SENT_AT

    give_role(admin_client, 42, RoleName.MANAGER)
    assert Chat.objects.get(pk=GROUP.id).waiting_since is None

    give_role(admin_client, 42, RoleName.CLIENT)
    assert Chat.objects.get(pk=GROUP.id).waiting_since == SENT_AT
    assert TelegramUser.objects.get(pk=42).role.role_name == RoleName.CLIENT


def test_the_admins_search_finds_word_forms(admin_client: Client) -> None:
    MessageFactory(text="Нужны зелёные хризантемы")
    MessageFactory(text="Спасибо")

    shown = admin_client.get(reverse("admin:messaging_message_changelist"), {"q": "зеленая хризантема"})

    assert [message.text for message in shown.context["cl"].queryset] == ["Нужны зелёные хризантемы"]


@pytest.mark.parametrize(
    "name", ["messaging_chat", "messaging_message", "clients_telegramuser", "clients_userrole"]
)
def test_each_list_and_page_opens(admin_client: Client, name: str) -> None:
    message = MessageFactory(text="<script>alert(1)</script>")
    rows = {"messaging_chat": message.chat_id, "messaging_message": message.pk,
            "clients_telegramuser": message.user_id, "clients_userrole": 1}  # fmt: skip

    listed = admin_client.get(reverse(f"admin:{name}_changelist"))
    opened = admin_client.get(reverse(f"admin:{name}_change", args=[rows[name]]))

    assert (listed.status_code, opened.status_code) == (200, 200)
    assert b"<script>alert(1)" not in listed.content + opened.content
    assert Message.objects.count() == 1


def test_imports_of_history_are_shown_and_not_changed(admin_client: Client) -> None:
    brought = HistoryImport.objects.create(
        file_name="ChatExport/result.json",
        export_chat_id=1,
        export_type="private_supergroup",
        export_name="Магазин «Пример»",
        chat=ChatFactory(name="Магазин «Пример»"),
        state=HistoryImport.State.FAILED,
        note="the file is cut off",
    )

    listed = admin_client.get(reverse("admin:messaging_historyimport_changelist"))
    page = reverse("admin:messaging_historyimport_change", args=[brought.pk])

    assert "Магазин «Пример»" in listed.content.decode()
    assert "the file is cut off" in admin_client.get(page).content.decode()
    assert admin_client.post(page, {"note": ""}).status_code == 403


@pytest.mark.parametrize(
    ("group", "status"),
    [("Наблюдатели", 403), ("Менеджеры", 403), ("Директора", 200), ("Администраторы", 200)],
)
def test_imports_are_shown_to_those_who_see_the_gaps(client: Client, group: str, status: int) -> None:
    member = User.objects.create_user("anna", is_staff=True)
    member.groups.add(Group.objects.get(name=group))
    client.force_login(member)

    assert client.get(reverse("admin:messaging_historyimport_changelist")).status_code == status
    assert client.get(reverse("admin:bots_collectiongap_changelist")).status_code == status
