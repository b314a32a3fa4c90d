"""A key with a new secret is the same key; the old secret works as long as somebody chose."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from cvgorod_hub.api.keys import RotationRefusedError, create_key, revoke, rotate
from cvgorod_hub.api.models import ApiKey
from sandbox.models import PendingResponse
from tests.api.conftest import Caller
from tests.factories import ChatFactory
from tests.keys import find_key
from tests.marks import committed


def make() -> tuple[ApiKey, str]:
    return create_key(name="agent", scopes=["read", "propose"], calls_per_minute=100)


def end_overlap() -> None:
    ApiKey.objects.update(previous_until=timezone.now())


def test_both_secrets_work_until_the_overlap_ends(db: None) -> None:
    key, old = make()

    _key, new = rotate(key.pk)

    assert [Caller(text).get("chats").status_code for text in (old, new)] == [200, 200]
    end_overlap()
    answer = Caller(old).get("chats")
    assert answer.status_code == 401
    assert answer.json() == {"detail": "The API key has a new secret; this one works no longer."}
    assert Caller(new).get("chats").status_code == 200


def test_without_an_overlap_the_old_secret_stops_at_once(db: None) -> None:
    key, old = make()

    _key, new = rotate(key.pk, overlap=timedelta(0))

    assert Caller(old).get("chats").status_code == 401
    assert Caller(new).get("chats").status_code == 200


def test_a_second_rotation_ends_the_first_ones_overlap(db: None) -> None:
    key, first = make()
    _key, second = rotate(key.pk)

    _key, third = rotate(key.pk)

    assert find_key(first) is None
    assert find_key(second) == find_key(third) == key


def test_everything_but_the_secret_stays(db: None) -> None:
    key, _old = make()
    before = {name: getattr(key, name) for name in ("name", "lookup", "scopes", "calls_per_minute", "pk")}

    key, new = rotate(key.pk)

    key.refresh_from_db()
    assert {name: getattr(key, name) for name in before} == before
    assert new.startswith(f"cvh_{key.lookup}_")
    assert new.split("_", 2)[2] not in str(vars(key))


def test_an_idempotency_key_is_known_to_both_secrets(db: None) -> None:
    key, old = make()
    body = {"chat_id": ChatFactory().pk, "text": "Да"}
    _key, new = rotate(key.pk)

    first = Caller(old).post("send", body, **{"Idempotency-Key": "1"})
    again = Caller(new).post("send", body, **{"Idempotency-Key": "1"})

    assert [first.status_code, again.status_code] == [201, 200]
    assert first.json()["id"] == again.json()["id"]
    assert PendingResponse.objects.count() == 1


def test_both_secrets_take_from_one_limit(db: None) -> None:
    key, old = make()
    ApiKey.objects.update(calls_per_minute=3)
    _key, new = rotate(key.pk)

    statuses = [Caller(text).get("chats").status_code for text in (old, new, old, new, old)]

    assert statuses == [200, 200, 200, 429, 429]


def test_revoking_stops_both(db: None) -> None:
    key, old = make()
    _key, new = rotate(key.pk)

    assert revoke(ApiKey.objects.all()) == 1

    for text in (old, new):
        answer = Caller(text).get("chats")
        assert (answer.status_code, answer.json()["detail"]) == (401, "The API key has been revoked.")


def test_each_secret_notes_its_own_use(db: None) -> None:
    key, old = make()
    _key, new = rotate(key.pk)

    Caller(old).get("chats")
    key.refresh_from_db()
    assert key.previous_used_at is not None
    assert key.last_used_at is None
    assert key.last_use == key.previous_used_at

    Caller(new).get("chats")
    key.refresh_from_db()
    assert key.last_use == key.last_used_at


@pytest.mark.parametrize("column", ["revoked_at", "expires_at"])
def test_a_key_that_does_not_work_gets_no_new_secret(db: None, column: str) -> None:
    key, _old = make()
    ApiKey.objects.update(**{column: timezone.now()})

    with pytest.raises(RotationRefusedError, match=r"The key is (revoked|expired); make a new one"):
        rotate(key.pk)

    assert ApiKey.objects.get().digest == key.digest


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=30, seconds=1)])
def test_an_overlap_has_its_bounds(db: None, overlap: timedelta) -> None:
    key, _old = make()

    with pytest.raises(RotationRefusedError, match="An overlap is between nothing and 30 days"):
        rotate(key.pk, overlap=overlap)


@committed
def test_a_rotation_is_not_felt_by_programs_that_call_meanwhile() -> None:
    key, old = create_key(name="agent", scopes=["read"])
    texts, is_over = [old], threading.Event()
    heard: list[list[int]] = [[], [], [], []]

    def call(statuses: list[int]) -> None:
        try:
            while not is_over.is_set():
                statuses.append(Caller(texts[-1]).get("chats").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(heard)) as pool:
        calls = [pool.submit(call, statuses) for statuses in heard]
        for _ in range(10):
            texts.append(rotate(key.pk, overlap=timedelta(hours=1))[1])
            # Two answers later each of them has read the newer text.
            before = [len(statuses) for statuses in heard]
            while any(len(now) < then + 2 for now, then in zip(heard, before, strict=True)):
                assert not any(each.done() for each in calls)
                is_over.wait(0.001)
        is_over.set()
        for each in calls:
            each.result()

    assert {status for statuses in heard for status in statuses} == {200}


@committed
def test_of_two_rotations_from_one_page_one_is_done() -> None:
    key, _old = make()
    together = threading.Barrier(2)

    def press() -> str:
        together.wait()
        try:
            return rotate(key.pk, seen=None, check_seen=True)[1]
        except RotationRefusedError:
            return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        texts = [each.result() for each in [pool.submit(press) for _ in range(2)]]

    (made,) = filter(None, texts)
    assert find_key(made) == key


@committed
def test_last_use_is_written_once_by_many_at_once() -> None:
    _key, text = make()
    together, written = threading.Barrier(8), []

    def call() -> None:
        try:
            together.wait()
            assert Caller(text).get("chats").status_code == 200
            written.append(ApiKey.objects.values_list("last_used_at", flat=True).get())
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(call) for _ in range(8)]:
            each.result()

    assert len(set(written)) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text::bigint FROM api_keys")
        before = cursor.fetchone()
        Caller(text).get("chats")
        cursor.execute("SELECT xmin::text::bigint FROM api_keys")
        assert cursor.fetchone() == before
