"""Keys on the command line, besides `create_api_key`."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from cvgorod_hub.api.keys import create_key, rotate
from cvgorod_hub.api.models import ApiKey
from tests.keys import find_key

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(*arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_rotate_prints_the_new_key_and_keeps_the_old_one_for_a_day() -> None:
    key, old = create_key(name="my agent", scopes=["read"])

    out, err = run("rotate_api_key", "my agent")

    assert find_key(out.removesuffix("\n")) == find_key(old) == key
    key.refresh_from_db()
    assert key.previous_until is not None
    assert timedelta(hours=23, minutes=59) < key.previous_until - timezone.now() <= timedelta(days=1)
    until = key.previous_until.astimezone(UTC)
    assert err == (
        "Keep it safe: it is not stored and cannot be shown again.\n"
        f"The old secret works until {until:%Y-%m-%d %H:%M} UTC.\n"
    )


def test_rotate_without_an_overlap_stops_the_old_one() -> None:
    _key, old = create_key(name="agent", scopes=["read"])

    out, err = run("rotate_api_key", "agent", "--overlap", "0")

    assert find_key(old) is None
    assert find_key(out.removesuffix("\n")) is not None
    assert err.endswith("The old secret works no longer.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rotate_api_key", "nobody"], "There is no key named 'nobody'."),
        (["revoke_api_key", "nobody"], "There is no key named 'nobody'."),
        (["rotate_api_key", "agent", "--overlap", "-1"], "--overlap: 0 to 720 hours."),
        (["rotate_api_key", "agent", "--overlap", "nan"], "--overlap: 0 to 720 hours."),
        (["rotate_api_key", "gone"], "The key is revoked; make a new one."),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(arguments: list[str], message: str) -> None:
    _key, text = create_key(name="agent", scopes=["read"])
    create_key(name="gone", scopes=["read"])
    ApiKey.objects.filter(name="gone").update(revoked_at=timezone.now())

    with pytest.raises(CommandError) as error:
        run(*arguments)

    assert str(error.value) == message
    assert find_key(text) is not None


def test_revoke_stops_the_key() -> None:
    _key, text = create_key(name="agent", scopes=["read"])

    assert run("revoke_api_key", "agent") == ("'agent' is revoked.\n", "")
    assert find_key(text) is None
    assert run("revoke_api_key", "agent") == ("'agent' was revoked before.\n", "")


def test_list_shows_what_each_may() -> None:
    key, text = create_key(
        name="agent",
        scopes=["read", "propose"],
        chat_ids=[-1, -2],
        calls_per_minute=60,
        expires_at=datetime(2099, 1, 1, tzinfo=UTC),
    )
    create_key(name="over", scopes=["admin"])
    rotate(key.pk)
    ApiKey.objects.filter(name="agent").update(previous_used_at=datetime(2026, 11, 22, 9, 5, tzinfo=UTC))
    ApiKey.objects.filter(name="over").update(expires_at=timezone.now())
    old = ApiKey.objects.get(name="over")
    assert old.expires_at is not None

    lines = [line.split() for line in run("list_api_keys")[0].splitlines()]

    expired = f"{old.expires_at:%Y-%m-%d %H:%M}".split()
    assert lines == [
        ["NAME", "BEGINS", "STATE", "SCOPES", "CHATS", "PER", "MINUTE", "EXPIRES", "LAST", "USED"],
        [
            "agent",
            f"cvh_{key.lookup}",
            "usable",
            "propose,read",
            "2",
            "60",
            "2099-01-01",
            "00:00",
            "2026-11-22",
            "09:05",
        ],
        ["over", f"cvh_{old.lookup}", "expired", "admin", "all", "-", *expired, "-"],
    ]
    assert text not in str(lines)
