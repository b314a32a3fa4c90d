"""Compiled statements over a real connection: values, JSON, plans, and a connection that died."""

import json

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import OuterRef, TextField
from django.test.utils import CaptureQueriesContext

from cvgorod_hub.common.statements import (
    IsOneOf,
    JsonRow,
    JsonRows,
    Param,
    Statement,
    compile_documents,
    compile_values,
    moment,
    number,
    numbers,
)
from messaging.models import Chat, Message
from tests.factories import ChatFactory, MessageFactory
from tests.marks import committed

AWKWARD = '100% «O\'Hara» %s \\ "белая" {} :x $1'

# A text is prepared when it comes once more than `prepare_threshold`.
PREPARED_AFTER = 6


def by_number() -> Statement:
    return compile_values(Chat.objects.filter(pk=number("chat")).values_list("name"))


def prepared_texts() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [text for (text,) in cursor.fetchall()]


@pytest.mark.django_db
class TestValues:
    def test_stand_where_the_params_are(self) -> None:
        statement = compile_values(
            Message.objects.filter(chat=number("chat"), timestamp__gte=moment("since")).values_list("pk")
        )
        old, new = MessageFactory.create(), MessageFactory.create()

        found = statement.rows({"since": new.timestamp, "chat": new.chat_id, "of no use": 1})

        assert statement.names == ("chat", "since")
        assert found == [(new.pk,)]
        assert old.chat_id != new.chat_id

    def test_each_must_be_given(self) -> None:
        with pytest.raises(KeyError, match="chat"):
            by_number().rows({})

    def test_are_never_sql(self) -> None:
        ChatFactory.create()
        named = compile_values(Chat.objects.filter(name=Param("name", TextField())).values_list("pk"))

        assert named.rows({"name": "' OR true --"}) == []

    def test_of_any_size_share_one_plan(self) -> None:
        statement = by_number()
        chats = [ChatFactory.create(pk=pk) for pk in (1, 70_000, -(2**62))]

        for _ in range(PREPARED_AFTER):
            assert [statement.rows({"chat": chat.pk}) for chat in chats] == [[(chat.name,)] for chat in chats]
        assert len([text for text in prepared_texts() if text == statement.sql.replace("%s", "$1")]) == 1

    def test_of_the_query_itself_become_literals(self) -> None:
        chat = ChatFactory.create(name=AWKWARD)
        ChatFactory.create(name=AWKWARD.replace("%", "%%"))

        statement = compile_values(Chat.objects.filter(name=AWKWARD, pk=number("chat")).values_list("name"))

        assert statement.names == ("chat",)
        assert statement.rows({"chat": chat.pk}) == [(AWKWARD,)]

    def test_lists_may_be_empty(self) -> None:
        one, other, _third = ChatFactory.create_batch(3)
        listed = compile_values(Chat.objects.filter(IsOneOf("pk", numbers("ids"))).values_list("pk"))

        assert set(listed.rows({"ids": [one.pk, other.pk]})) == {(one.pk,), (other.pk,)}
        assert listed.rows({"ids": []}) == []


@pytest.mark.django_db
class TestDocuments:
    def test_are_json_in_the_order_of_the_columns(self) -> None:
        message = MessageFactory.create(text=AWKWARD, edited_at=None)
        columns = {"words": "text", "chat": "chat__name", "edited_at": "edited_at"}

        [[document]] = compile_documents(Message.objects.all(), columns=columns).rows({})

        assert list(json.loads(document).items()) == [
            ("words", AWKWARD),
            ("chat", message.chat.name),
            ("edited_at", None),
        ]

    def test_hide_what_is_only_wanted_beside_them(self) -> None:
        message = MessageFactory.create(text="Есть роза?")

        statement = compile_documents(
            Message.objects.all(), columns={"id": "id", "text": "text"}, also=("timestamp", "id")
        )

        assert statement.rows({}) == [
            (f'{{"id":{message.pk},"text":"Есть роза?"}}', message.timestamp, message.pk)
        ]

    def test_keep_the_order_and_the_limit_of_the_queryset(self) -> None:
        chats = ChatFactory.create_batch(4)
        newest = Chat.objects.order_by("-created_at", "-pk")[:3]

        rows = compile_documents(newest, columns={"id": "id"}).rows({})

        assert [json.loads(document)["id"] for (document,) in rows] == [
            chat.pk for chat in Chat.objects.order_by("-created_at", "-pk")
        ][:3]
        assert len(chats) == 4

    def test_hold_rows_of_other_tables(self) -> None:
        quiet, talking = ChatFactory.create(name="а"), ChatFactory.create(name="б")
        said = [MessageFactory.create(chat=talking, text=text) for text in ("раз", "два")]
        messages = Message.objects.filter(chat=OuterRef("pk")).order_by("pk").values_list("pk", "text")
        chats = Chat.objects.order_by("name").annotate(
            all_of=JsonRows(messages, ["id", "text"]), first=JsonRow(messages[:1], ["id", "text"])
        )

        rows = compile_documents(chats, columns={"id": "id", "said": "all_of", "first": "first"}).rows({})

        texts = [{"id": message.pk, "text": message.text} for message in said]
        assert [json.loads(document) for (document,) in rows] == [
            {"id": quiet.pk, "said": [], "first": None},
            {"id": talking.pk, "said": texts, "first": texts[0]},
        ]


@pytest.mark.django_db
class TestPlans:
    def test_are_kept_unless_they_hang_on_the_values(self) -> None:
        kept = compile_values(Chat.objects.filter(pk=number("kept")).values_list("folder"))
        anew = compile_values(Chat.objects.filter(pk=number("anew")).values_list("name", "folder"))
        before = len(prepared_texts())

        for _ in range(PREPARED_AFTER):
            kept.rows({"kept": 1})
            anew.rows({"anew": 1}, plan_anew=True)

        texts = prepared_texts()
        assert len(texts) == before + 1
        assert kept.sql.replace("%s", "$1") in texts

    @pytest.mark.parametrize("plan_anew", [False, True])
    def test_the_log_of_queries_has_the_values(self, *, plan_anew: bool) -> None:
        statement = by_number()

        with CaptureQueriesContext(connection) as log:
            statement.rows({"chat": 1009}, plan_anew=plan_anew)

        [query] = log.captured_queries
        assert query["sql"] == statement.sql % "1009"


@committed
class TestADeadConnection:
    def test_is_replaced_by_the_first_statement_of_a_request(self) -> None:
        chat = ChatFactory.create()
        statement = by_number()
        killed = kill_connection(is_first=True)

        assert statement.rows({"chat": chat.pk}) == [(chat.name,)]

        assert connection.connection.info.backend_pid != killed

    def test_is_replaced_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        statement = by_number()
        kill_connection(is_first=True)
        tries = []

        def refuse() -> None:
            tries.append(1)
            raise OperationalError("the database is away")

        monkeypatch.setattr(connection, "connect", refuse)
        with pytest.raises(OperationalError, match="the database is away"):
            statement.rows({"chat": 1})
        assert len(tries) == 1

    def test_is_an_error_later(self) -> None:
        """Whoever has asked something before may rely on what only that connection had."""
        statement = by_number()
        kill_connection(is_first=False)

        with pytest.raises(OperationalError):
            statement.rows({"chat": 1})
        connection.close()

    def test_is_an_error_in_a_transaction(self) -> None:
        statement = by_number()

        def ask_within_a_transaction() -> None:
            with transaction.atomic():
                kill_connection(is_first=True)
                statement.rows({"chat": 1})

        with pytest.raises(OperationalError):
            ask_within_a_transaction()
        connection.close()


def kill_connection(*, is_first: bool) -> int:
    """End this thread's session in the server; its number. `is_first`: as if a request began here."""
    connection.ensure_connection()
    pid: int = connection.connection.info.backend_pid
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])  # waits until it has ended
            assert cursor.fetchone() == (True,)
    finally:
        other.close()
    connection.health_check_done = not is_first
    return pid
