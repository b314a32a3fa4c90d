from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from cvgorod_hub.api.keys import create_key, find_key
from cvgorod_hub.api.models import ApiKey

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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["agent", "--scopes", "write"], "Scopes are one or more of: read, propose, review, admin."),
        (["agent", "--scopes", " , "], "Scopes are one or more of: read, propose, review, admin."),
        (["agent", "--scopes", "read", "--expires", "soon"], "--expires: Not a time."),
        (["agent", "--scopes", "read", "--expires", "2020-01-01"], "--expires: that time has passed."),
        ([" ", "--scopes", "read"], "A name has 1 to 100 characters."),
        (["x" * 101, "--scopes", "read"], "A name has 1 to 100 characters."),
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
