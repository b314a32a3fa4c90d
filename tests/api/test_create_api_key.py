from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.models import ApiKey
from tests.factories import ChatFactory
from tests.keys import find_key

pytestmark = pytest.mark.django_db


def create(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("create_api_key", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_prints_the_key_and_nothing_else_on_standard_output() -> None:
    out, err = create("agent", "--scopes", "read, propose")

    key = ApiKey.objects.get()
    assert find_key(out.removesuffix("\n")) == key
    assert (key.name, key.scopes, key.expires_at) == ("agent", ["propose", "read"], None)
    assert err == "Keep it safe: it is not stored and cannot be shown again.\n"


def test_expires() -> None:
    create("agent", "--scopes", "read", "--expires", "2099-01-01")

    assert ApiKey.objects.get().expires_at.isoformat() == "2098-12-31T21:00:00+00:00"


def test_chats_and_calls() -> None:
    chat = ChatFactory()

    _out, err = create("agent", "--scopes", "read", "--chats", f"{chat.pk},-1002", "--per-minute", "60")

    key = ApiKey.objects.get()
    assert (set(key.chat_ids), key.calls_per_minute) == ({chat.pk, -1002}, 60)
    assert err.endswith("Not seen here yet: -1002.\n")


def test_without_options_it_is_limited_in_nothing() -> None:
    create("agent", "--scopes", "read")

    key = ApiKey.objects.get()
    assert (key.chat_ids, key.calls_per_minute, key.expires_at) == ([], None, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["agent", "--scopes", "write"], "Scopes are one or more of: read, propose, review, admin."),
        (["agent", "--scopes", " , "], "Scopes are one or more of: read, propose, review, admin."),
        (["agent", "--scopes", "read", "--expires", "soon"], "--expires: Not a time."),
        (["agent", "--scopes", "read", "--expires", "2020-01-01"], "--expires: that time has passed."),
        ([" ", "--scopes", "read"], "A name has 1 to 100 characters."),
        (["x" * 101, "--scopes", "read"], "A name has 1 to 100 characters."),
        (["HUB_API_KEY", "--scopes", "read"], "name: This name is the hub's own; choose another."),
        (["Hub", "--scopes", "read"], "name: This name is the hub's own; choose another."),
        (["a\nb", "--scopes", "read"], "name: A name has no line breaks or control characters."),
        (["agent", "--scopes", "read", "--chats", ","], "--chats: ids of chats, separated by commas"),
        (["agent", "--scopes", "read", "--chats", "роза"], "--chats: ids of chats, separated by commas"),
        (["agent", "--scopes", "read", "--chats", "9" * 19], "--chats: ids of chats, separated by commas"),
        (
            ["agent", "--scopes", "read", "--per-minute", "0"],
            "calls_per_minute: Ensure this value is greater",
        ),
        (["taken", "--scopes", "read"], "There is a key named 'taken' already."),
        (["agent"], "the following arguments are required: --scopes"),
    ],
)
def test_what_cannot_be_made_is_one_clear_line(arguments: list[str], message: str) -> None:
    create_key(name="taken", scopes=["read"])

    with pytest.raises(CommandError) as error:
        create(*arguments)

    assert message in str(error.value)
    assert ApiKey.objects.count() == 1
