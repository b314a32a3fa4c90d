"""Downloading what a list is filtered to: what is in it, who may, and that it is written down."""

import csv
import io
from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection, connections
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cvgorod_hub.api.keys import create_key
from cvgorod_hub.common.database import DIRECT
from cvgorod_hub.common.lists import csv as csv_pieces
from messaging.models import Message
from tests.factories import NOW, AnalysisFactory, ChatFactory, MessageFactory, ResponseFactory, make
from tests.marks import committed

pytestmark = pytest.mark.django_db
MESSAGES = reverse("admin:messaging_message_export")


def download(client: Client, url: str, **filters: str) -> list[list[str]]:
    client.cookies.load({"django_language": "ru"})
    answer = client.get(url, filters)
    assert isinstance(answer, StreamingHttpResponse)
    text = b"".join(answer).decode("utf-8-sig")  # type: ignore[arg-type]  # no asynchronous pieces here
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))


def test_a_message_is_exported_with_all_that_the_list_says(admin_client: Client) -> None:
    analysis = AnalysisFactory(
        message__text="=розы?", message__chat__name="Салон", message__user__first_name="Анна", is_urgent=True
    )
    analysis.message.user.last_name = ""
    rows = download(admin_client, MESSAGES)

    assert rows[0] == [
        "Время", "Чат", "Автор", "Роль", "Вид", "Текст", "Расшифровка", "Намерение", "Настроение", "Срочно",
        "Источник", "Изменено", "Id чата", "Номер сообщения",
    ]  # fmt: skip
    assert rows[1][:6] == ["2026-11-22 12:00:00", "Салон", "Анна", "Клиент", "текст", "'=розы?"]
    assert rows[1][7:10] == ["Вопрос", "Нейтральное", "да"]
    assert rows[1][12] == str(analysis.message.chat_id)


def test_only_what_is_filtered_is_exported_in_the_lists_order(admin_client: Client) -> None:
    chat = ChatFactory()
    for days in (2, 0, 1):
        MessageFactory(chat=chat, text=f"{days}", timestamp=NOW - timedelta(days=days))
    MessageFactory(text="чужое")

    rows = download(admin_client, MESSAGES, chat__id__exact=str(chat.pk))
    assert [row[5] for row in rows[1:]] == ["0", "1", "2"]
    found = download(admin_client, MESSAGES, q="чужой")
    assert [row[5] for row in found[1:]] == ["чужое"]


def test_all_pages_are_exported(admin_client: Client) -> None:
    make(MessageFactory, 120)

    assert len(download(admin_client, MESSAGES)) == 121


def test_rows_come_by_a_cursor_of_the_server_and_in_few_queries(admin_client: Client) -> None:
    make(MessageFactory, 5)
    answer = admin_client.get(MESSAGES)
    assert isinstance(answer, StreamingHttpResponse)
    with CaptureQueriesContext(connection) as captured:
        pieces = list(answer)

    assert len(pieces) == 2
    named = [query["sql"] for query in captured if "DECLARE" in query["sql"] or '"messages"' in query["sql"]]
    assert len(named) <= 1


@committed
def test_behind_a_pooler_rows_still_come_by_a_cursor_of_the_server(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct = {**connection.settings_dict}
    monkeypatch.setitem(connections.settings, DIRECT, direct)
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    monkeypatch.setattr(csv_pieces, "ROWS_AT_ONCE", 1)
    make(MessageFactory, 2)
    connections[DIRECT].connect()  # by itself Django lets a test have no other database
    try:
        answer = admin_client.get(MESSAGES)
        assert isinstance(answer, StreamingHttpResponse)
        pieces = iter(answer)
        next(pieces)
        next(pieces)
        with connections[DIRECT].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_cursors WHERE name LIKE '\\_django\\_curs%%'")
            assert cursor.fetchone() == (1,)
        answer.close()
    finally:
        connections[DIRECT].close()
        del connections[DIRECT]


def test_a_filter_that_cannot_be_read_is_not_passed_over(admin_client: Client) -> None:
    assert admin_client.get(MESSAGES, {"timestamp_from": "вчера"}).status_code == 404
    assert admin_client.get(MESSAGES, {"user__password": "x"}).status_code == 404
    assert admin_client.get(MESSAGES, {"user__staff_account__password": "x"}).status_code == 400


def test_the_file_is_named_after_what_is_in_it(admin_client: Client) -> None:
    admin_client.cookies.load({"django_language": "ru"})
    answer = admin_client.get(MESSAGES, {"q": "роза/2", "message_type__exact": "voice"})

    disposition = unquote(answer["Content-Disposition"])
    assert disposition.startswith("attachment; filename*=utf-8''сообщения «роза 2»; вид голосовое")
    assert disposition.endswith(".csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"


def test_whoever_may_not_see_the_list_may_not_export_it(client: Client) -> None:
    person = User.objects.create_user("newcomer", is_staff=True)
    client.force_login(person)
    assert client.get(MESSAGES).status_code == 403

    person.user_permissions.add(Permission.objects.get(codename="view_message"))
    assert client.get(MESSAGES).status_code == 200
    client.logout()
    assert client.get(MESSAGES).status_code == 302
    assert client.post(MESSAGES).status_code in (302, 405)


def test_who_exported_what_is_written_down(admin_client: Client, admin_user: User) -> None:
    admin_client.get(MESSAGES, {"message_type__exact": "voice"})

    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_repr) == (admin_user, "messages")
    assert entry.change_message == "Downloaded as CSV: type: voice"
    assert entry.content_type.model_class() is Message


def test_replies_are_exported_by_their_state(admin_client: Client) -> None:
    ResponseFactory(status="sent", response_text="ушло")
    ResponseFactory(response_text="ждёт")
    url = reverse("admin:sandbox_pendingresponse_export")

    assert [row[3] for row in download(admin_client, url)[1:]] == ["ждёт"]
    assert [row[3] for row in download(admin_client, url, state="sent")[1:]] == ["ушло"]


def test_no_secret_of_a_key_is_exported(admin_client: Client) -> None:
    key = create_key(name="agent", scopes=["read"])
    rows = download(admin_client, reverse("admin:api_apikey_export"))

    assert rows[1][0] == "agent"
    assert str(key) not in str(rows)
