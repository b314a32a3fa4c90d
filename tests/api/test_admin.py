"""API keys in the admin: shown once, revoked at once, never readable again."""

import re
from datetime import timedelta

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from cvgorod_hub.api.keys import create_key, find_key
from cvgorod_hub.api.models import ApiKey

LIST = "/admin/api/apikey/"
KEY = re.compile(r"cvh_[0-9a-f]{12}_[A-Za-z0-9_-]{43}")


def add(admin_client: Client, **fields: object) -> str:
    """The page after adding a key."""
    form = {"name": "agent", "scopes": ["read", "propose"], "expires_at_0": "", "expires_at_1": "", **fields}
    answer = admin_client.post(f"{LIST}add/", form, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_new_key_is_shown_once(admin_client: Client, admin_user: User) -> None:
    page = add(admin_client)

    (text,) = set(KEY.findall(page))
    key = ApiKey.objects.get()
    assert find_key(text) == key
    assert (key.name, key.scopes, key.created_by) == ("agent", ["read", "propose"], admin_user)
    again = (
        admin_client.get(LIST).content.decode() + admin_client.get(f"{LIST}{key.pk}/change/").content.decode()
    )
    assert not KEY.search(again)
    assert f"cvh_{key.lookup}" in again
    assert not KEY.search(str(list(LogEntry.objects.values())))


def test_the_digest_is_never_shown(admin_client: Client) -> None:
    key, _text = create_key(name="agent", scopes=["read"])

    for path in (LIST, f"{LIST}{key.pk}/change/"):
        assert key.digest not in admin_client.get(path).content.decode()


def test_a_key_without_scopes_is_refused(admin_client: Client) -> None:
    page = add(admin_client, scopes=[])

    assert not KEY.search(page)
    assert not ApiKey.objects.exists()


def test_a_change_keeps_the_key(admin_client: Client) -> None:
    key, text = create_key(name="agent", scopes=["read"])

    form = {"name": "agent 2", "scopes": ["review"], "expires_at_0": "", "expires_at_1": ""}
    page = admin_client.post(f"{LIST}{key.pk}/change/", form, follow=True).content.decode()

    assert not KEY.search(page)
    found = find_key(text)
    assert found is not None
    assert (found.name, found.scopes) == ("agent 2", ["review"])


def test_revoking(admin_client: Client) -> None:
    key, text = create_key(name="agent", scopes=["read"])
    earlier = timezone.now() - timedelta(days=1)
    other, _text = create_key(name="old", scopes=["read"])
    ApiKey.objects.filter(pk=other.pk).update(revoked_at=earlier)

    admin_client.post(LIST, {"action": "revoke", "_selected_action": [key.pk, other.pk]})

    assert find_key(text) is None
    assert ApiKey.objects.get(pk=other.pk).revoked_at == earlier


def test_the_list_tells_the_states_apart(admin_client: Client) -> None:
    for name, changes in {
        "usable": {},
        "over": {"expires_at": timezone.now() - timedelta(days=1)},
        "gone": {"revoked_at": timezone.now()},
    }.items():
        key, _text = create_key(name=name, scopes=["read"])
        ApiKey.objects.filter(pk=key.pk).update(**changes)

    admin_client.cookies["django_language"] = "en"
    page = admin_client.get(LIST).content.decode()

    for word in ("usable", "expired", "revoked"):
        assert word in page


def test_a_key_is_not_deleted(admin_client: Client) -> None:
    key, _text = create_key(name="agent", scopes=["read"])

    assert admin_client.post(f"{LIST}{key.pk}/delete/", {"post": "yes"}).status_code == 403
    assert ApiKey.objects.exists()


def test_only_who_may_sees_keys(db: None, client: Client) -> None:
    client.force_login(User.objects.create_user("anna", is_staff=True))

    assert client.get(LIST).status_code == 403
    assert client.post(f"{LIST}add/", {"name": "x", "scopes": ["admin"]}).status_code == 403
    assert not ApiKey.objects.exists()
