"""A new role is given while messages of that person come in: neither waits for the other for good."""

import threading
import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client

from clients.models import RoleName
from messaging.locks import lock_chats
from messaging.models import Chat
from messaging.statistics import count_by_role
from tests.factories import NOW, ChatFactory, MessageFactory, PersonFactory, role
from tests.marks import committed

pytestmark = committed


def wait_until_somebody_waits(*, for_lock: str) -> None:
    """Until a session of this database waits for a lock of this kind."""
    deadline = time.monotonic() + 30
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
                " WHERE NOT granted AND locktype = %s AND datname = current_database()",
                [for_lock],
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits")


def in_thread(work: Callable[[], object], errors: list[BaseException]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    return client


def test_messages_and_a_new_role_do_not_block_each_other_for_good(admin: Client) -> None:
    chat, person = ChatFactory(), PersonFactory()
    MessageFactory(chat=chat, user=person)
    Chat.objects.update(waiting_since=NOW)
    holds_chat, errors = threading.Event(), []
    answers = []

    def store() -> None:
        with transaction.atomic():
            lock_chats([chat.pk])
            holds_chat.set()
            wait_until_somebody_waits(for_lock="advisory")
            MessageFactory(chat=chat, user=person)

    def promote() -> None:
        assert holds_chat.wait(30)
        new = {"role": role(RoleName.MANAGER).pk, "staff_account": ""}
        answers.append(admin.post(f"/admin/clients/telegramuser/{person.pk}/change/", new).status_code)

    threads = [in_thread(store, errors), in_thread(promote, errors)]
    for thread in threads:
        thread.join()

    assert (errors, answers) == ([], [302])
    assert [(row["role"], row["message_count"]) for row in count_by_role(None)] == [("manager", 2)]
    assert Chat.objects.get().waiting_since is None
