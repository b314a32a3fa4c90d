"""Who may call what: every route, every kind of key."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from cvgorod_hub.api.keys import create_key
from cvgorod_hub.api.models import ApiKey, Scope
from tests.api.conftest import Caller
from tests.keys import find_key

# Method, path, scope: every call that there is.
BATCH = "00000000-0000-4000-8000-000000000001"
CALLS = [
    ("get", "analytics/unanswered", Scope.READ),
    ("get", "chats", Scope.READ),
    ("get", "chats/-1/participants", Scope.READ),
    ("get", "chats/-1", Scope.READ),
    ("get", "clients", Scope.READ),
    ("get", "clients/1/messages", Scope.READ),
    ("get", "clients/1", Scope.READ),
    ("get", "clients/stats/active", Scope.READ),
    ("get", "intents", Scope.READ),
    ("get", "intents/daily", Scope.READ),
    ("get", "intents/urgent", Scope.READ),
    ("get", "messages", Scope.READ),
    ("get", "messages/1/context", Scope.READ),
    ("get", "messages/1", Scope.READ),
    ("get", "messages/stats/by-role", Scope.READ),
    ("get", "messages/stats/total", Scope.READ),
    ("get", "sandbox/1", Scope.READ),
    ("get", "sandbox/pending", Scope.READ),
    ("post", "sandbox/1/approve", Scope.REVIEW),
    ("post", "sandbox/1/cancel", Scope.REVIEW),
    ("post", "sandbox/1/mark-sent", Scope.REVIEW),
    ("post", "sandbox/1/reject", Scope.REVIEW),
    ("post", "sandbox/1/retry", Scope.REVIEW),
    ("post", "send/batch", Scope.PROPOSE),
    ("get", f"send/batch/{BATCH}", Scope.PROPOSE),
    ("post", f"send/batch/{BATCH}/cancel", Scope.PROPOSE),
    ("post", "send", Scope.PROPOSE),
]
CHALLENGE = 'Bearer realm="cvgorod-hub"'


def call(method: str, path: str, **headers: str) -> HttpResponse:
    client = Client(raise_request_exception=False)
    return getattr(client, method)(f"/api/v1/{path}", content_type="application/json", headers=headers)


def api_routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from api_routes(pattern, path)
        elif path.startswith("api/v1/"):
            yield path, pattern


def test_every_route_declares_its_scope_and_stands_in_the_table_above() -> None:
    routes = dict(api_routes(get_resolver()))
    scopes = {}
    for path, pattern in routes.items():
        view = pattern.callback
        scope = view.initkwargs.get("required_scope", view.cls.required_scope)
        assert scope in Scope.values, path
        assert pattern.name, path
        for method in view.actions.keys() - {"head"}:
            scopes[method, path] = scope
    assert sorted(scopes.values()) == sorted(scope for _method, _path, scope in CALLS)
    assert len(routes) == len({path for _method, path, _scope in CALLS})


@pytest.mark.parametrize(("method", "path", "scope"), CALLS)
class TestEveryCall:
    def test_needs_a_key(self, db: None, method: str, path: str, scope: str) -> None:
        answer = call(method, path)

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == CHALLENGE
        assert answer.json() == {"detail": "Authentication credentials were not provided."}

    def test_refuses_a_wrong_key(self, db: None, method: str, path: str, scope: str) -> None:
        answer = call(method, path, **{"X-API-Key": "cvh_0123456789ab_wrong"})

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == CHALLENGE
        assert answer.json() == {"detail": "The API key is not known here."}

    def test_names_the_scope_that_is_missing(
        self, db: None, caller: Callable[..., Caller], method: str, path: str, scope: str
    ) -> None:
        others = {Scope.READ, Scope.PROPOSE, Scope.REVIEW} - {scope}
        key = caller(*others).key

        answer = call(method, path, **{"X-API-Key": key})

        assert answer.status_code == 403
        assert answer.json() == {"detail": f"This call needs an API key with the scope '{scope}'."}

    @pytest.mark.parametrize("holds_admin", [False, True])
    def test_lets_the_right_key_in(
        self,
        db: None,
        caller: Callable[..., Caller],
        method: str,
        path: str,
        scope: str,
        holds_admin: bool,
    ) -> None:
        key = caller(Scope.ADMIN if holds_admin else scope).key

        answer = call(method, path, **{"X-API-Key": key})

        assert answer.status_code in {200, 400, 404}, answer.content


def make_key(**changes: object) -> str:
    key, text = create_key(name="agent", scopes=[Scope.READ])
    ApiKey.objects.filter(pk=key.pk).update(**changes)
    return text


def test_a_key_that_would_never_work_is_not_made(db: None) -> None:
    with pytest.raises(ValueError, match="The key would be expired from the start: that time has passed"):
        create_key(name="agent", scopes=["read"], expires_at=timezone.now())

    assert not ApiKey.objects.exists()


def test_the_names_of_the_log_are_not_given_to_keys(db: None) -> None:
    for name in ("hub", "HUB_API_KEY", " Hub "):
        with pytest.raises(ValueError, match="This name is the hub's own"):
            create_key(name=name, scopes=["read"])


def test_an_expired_key_is_refused(db: None) -> None:
    text = make_key(expires_at=timezone.now() - timedelta(seconds=1))

    answer = call("get", "chats", **{"X-API-Key": text})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == CHALLENGE
    assert answer.json() == {"detail": "The API key has expired."}


def test_a_revoked_key_is_refused_at_once(db: None) -> None:
    text = make_key()
    assert call("get", "chats", **{"X-API-Key": text}).status_code == 200

    ApiKey.objects.update(revoked_at=timezone.now())

    answer = call("get", "chats", **{"X-API-Key": text})
    assert answer.status_code == 401
    assert answer.json() == {"detail": "The API key has been revoked."}


def test_a_key_that_expires_later_works(db: None) -> None:
    text = make_key(expires_at=timezone.now() + timedelta(hours=1))

    assert call("get", "chats", **{"X-API-Key": text}).status_code == 200


def test_bearer_works_as_well(db: None) -> None:
    text = make_key()

    assert call("get", "chats", Authorization=f"Bearer {text}").status_code == 200
    assert call("get", "chats", Authorization=f"bearer {text}").status_code == 200
    assert call("get", "chats", Authorization=f"Basic {text}").status_code == 401


@pytest.mark.parametrize(
    "text",
    ["", " ", "cvh", "cvh_", "cvh__", "cvh_a_", "cvh_a_b", "ключ", "cvh_ключ_ключ", "x" * 10_000, "\x7f"],
)
def test_nonsense_is_no_key(db: None, text: str) -> None:
    make_key()

    answer = call("get", "chats", **{"X-API-Key": text})

    assert answer.status_code == 401
    assert call("get", "chats", Authorization=f"Bearer {text}").status_code == 401


def test_a_right_lookup_with_a_wrong_secret_is_no_key(db: None) -> None:
    text = make_key()

    assert find_key(text) is not None
    assert find_key(text[:-1] + ("a" if text[-1] != "a" else "b")) is None
    assert find_key(text + "a") is None


def test_find_key_gives_usable_keys_only(db: None) -> None:
    text = make_key(revoked_at=timezone.now())

    assert find_key(text) is None


def test_the_key_itself_is_not_stored(db: None) -> None:
    key, text = create_key(name="agent", scopes=[Scope.READ, Scope.PROPOSE])

    key.refresh_from_db()
    secret = text.split("_", 2)[2]
    assert text == f"cvh_{key.lookup}_{secret}"
    assert len(secret) >= 43
    assert len(key.digest) == 64
    assert secret not in str(vars(key))
    assert key.scopes == ["propose", "read"]


@pytest.mark.parametrize("scopes", [[], ["everything"], ["read", ""]])
def test_a_scope_that_does_not_exist_is_an_error(db: None, scopes: list[str]) -> None:
    with pytest.raises(ValueError, match="Scopes are one or more of: read, propose, review, admin"):
        create_key(name="agent", scopes=scopes)

    assert not ApiKey.objects.exists()


def test_the_environments_key_needs_no_row(
    db: None, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.HUB_API_KEY = "from-the-environment"

    with django_assert_num_queries(1):
        answer = call("get", "chats", **{"X-API-Key": "from-the-environment"})

    assert answer.status_code == 200
    assert call("post", "send", **{"X-API-Key": "from-the-environment"}).status_code == 400
    key = find_key("from-the-environment")
    assert key is not None
    assert (key.name, key.pk) == ("HUB_API_KEY", None)


def test_an_empty_environment_key_lets_nobody_in(db: None, settings: Settings) -> None:
    settings.HUB_API_KEY = ""

    assert find_key("") is None
    assert call("get", "chats", Authorization="Bearer ").status_code == 401


def test_last_use_is_noted_at_most_once_a_minute(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    text = make_key()
    assert call("get", "chats", **{"X-API-Key": text}).status_code == 200
    first_use = ApiKey.objects.get().last_used_at
    assert first_use is not None

    with django_assert_num_queries(2):  # the key, the page; no write
        call("get", "chats", **{"X-API-Key": text})
    assert ApiKey.objects.get().last_used_at == first_use

    long_ago = timezone.now() - timedelta(seconds=61)
    ApiKey.objects.update(last_used_at=long_ago)
    call("get", "chats", **{"X-API-Key": text})
    assert ApiKey.objects.get().last_used_at > long_ago


def test_a_session_of_the_admin_is_no_key(admin_client: Client) -> None:
    assert admin_client.get("/api/v1/chats").status_code == 401
