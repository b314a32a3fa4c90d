"""API keys in the admin: shown once, in no cookie; renewed and revoked after a yes; what each does."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from cvgorod_hub.api.keys import create_key, rotate
from cvgorod_hub.api.models import ApiKey, ApiKeyUsage
from messaging.models import Chat
from tests.factories import ChatFactory
from tests.keys import find_key

LIST = "/admin/api/apikey/"
KEY = re.compile(r"cvh_[0-9a-f]{12}_[A-Za-z0-9_-]{43}")


@pytest.fixture(autouse=True)
def _english(admin_client: Client) -> None:
    admin_client.cookies["django_language"] = "en"


@pytest.fixture
def keeper(db: None) -> Client:
    """Somebody who keeps the keys and may not approve replies."""
    user = User.objects.create_user("keeper", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(content_type__model="apikey"))
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


def add(client: Client, **fields: object) -> HttpResponse:
    """The answer to the form of a new key."""
    form = {"name": "agent", "scopes": ["read", "propose"], "expires_at_0": "", "expires_at_1": "", **fields}
    answer = client.post(f"{LIST}add/", form)
    assert answer.status_code == 200
    return answer


def change(client: Client, key: ApiKey, **fields: object) -> HttpResponse:
    form = {"scopes": key.scopes, "expires_at_0": "", "expires_at_1": "", **fields}
    return client.post(f"{LIST}{key.pk}/change/", form, follow=True)


def held_elsewhere(client: Client) -> str:
    """Whatever outlives an answer: cookies, sessions, the admin's log, the row."""
    sessions = [session.get_decoded() for session in Session.objects.all()]
    logged = list(LogEntry.objects.values())
    return str([client.cookies.output(), sessions, logged, list(ApiKey.objects.values())])


class TestMaking:
    def test_shows_the_key_once(self, admin_client: Client, admin_user: User) -> None:
        answer = add(admin_client)

        (text,) = set(KEY.findall(answer.content.decode()))
        key = ApiKey.objects.get()
        assert find_key(text) == key
        assert (key.name, key.scopes, key.created_by) == ("agent", ["read", "propose"], admin_user)
        pages = [admin_client.get(path).content.decode() for path in (LIST, f"{LIST}{key.pk}/change/")]
        assert not KEY.search("".join(pages))
        assert all(f"cvh_{key.lookup}" in page for page in pages)

    def test_keeps_the_key_nowhere_but_in_the_answer(self, admin_client: Client) -> None:
        answer = add(admin_client)

        (text,) = set(KEY.findall(answer.content.decode()))
        assert "no-store" in answer.headers["Cache-Control"]
        assert text not in str(answer.headers)
        assert not answer.cookies.get("messages")
        assert text.split("_", 2)[2] not in held_elsewhere(admin_client)

    def test_sending_the_form_again_makes_no_second_key(self, admin_client: Client) -> None:
        add(admin_client)

        assert not KEY.search(add(admin_client).content.decode())
        assert ApiKey.objects.count() == 1

    def test_takes_chats_a_limit_and_an_end(self, admin_client: Client) -> None:
        chat, _other = ChatFactory(), ChatFactory()

        add(
            admin_client,
            chat_ids=[str(chat.pk)],
            calls_per_minute="60",
            expires_at_0="2099-02-01",
            expires_at_1="10:00",
        )

        key = ApiKey.objects.get()
        assert (key.chat_ids, key.calls_per_minute) == ([chat.pk], 60)
        assert key.expires_at is not None
        assert key.expires_at.isoformat() == "2099-02-01T07:00:00+00:00"

    def test_suggests_a_limit(self, admin_client: Client) -> None:
        page = admin_client.get(f"{LIST}add/").content.decode()

        assert re.search(
            r'name="calls_per_minute"[^>]* value="120"|value="120"[^>]*name="calls_per_minute"', page
        )

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"scopes": []}, "This field is required."),
            ({"name": "hub"}, "This name is the hub&#x27;s own; choose another."),
            ({"name": " HUB_api_KEY "}, "This name is the hub&#x27;s own; choose another."),
            ({"chat_ids": ["-5"]}, "There is no such chat here."),
            ({"chat_ids": ["roses"]}, "There is no such chat here."),
            ({"chat_ids": ["9" * 30]}, "There is no such chat here."),
            ({"calls_per_minute": "0"}, "greater than or equal to 1"),
            ({"calls_per_minute": "10001"}, "less than or equal to 10000"),
            (
                {"expires_at_0": "2020-02-01", "expires_at_1": "10:00"},
                "That time has passed: the key would not work at all.",
            ),
        ],
    )
    def test_refuses_what_cannot_be(
        self, admin_client: Client, fields: dict[str, object], sentence: str
    ) -> None:
        page = add(admin_client, **fields).content.decode()

        assert sentence in page
        assert not KEY.search(page)
        assert not ApiKey.objects.exists()

    @pytest.mark.parametrize("scope", ["review", "admin"])
    def test_hands_out_no_more_than_one_may_do(self, keeper: Client, scope: str) -> None:
        page = add(keeper, scopes=[scope]).content.decode()

        assert "Only somebody who may approve replies can make a key that approves them." in page
        assert not ApiKey.objects.exists()

    def test_hands_out_approving_to_whoever_may_approve(self, keeper: Client) -> None:
        user = User.objects.get(username="keeper")
        user.user_permissions.add(Permission.objects.get(codename="review_pendingresponse"))

        add(keeper, scopes=["review"])

        assert ApiKey.objects.get().scopes == ["review"]

    def test_needs_the_permission(self, db: None, client: Client) -> None:
        client.force_login(User.objects.create_user("anna", is_staff=True))

        assert client.get(LIST).status_code == 403
        assert client.post(f"{LIST}add/", {"name": "x", "scopes": ["admin"]}).status_code == 403
        assert client.get(f"{LIST}chats/").status_code == 403
        assert not ApiKey.objects.exists()


class TestChanging:
    def test_keeps_the_secret_and_the_name(self, admin_client: Client) -> None:
        key, text = create_key(name="agent", scopes=["read"])

        page = change(admin_client, key, name="agent 2", scopes=["review"]).content.decode()

        assert not KEY.search(page)
        found = find_key(text)
        assert found is not None
        assert (found.name, found.scopes) == ("agent", ["review"])

    def test_leaves_alone_what_others_do_meanwhile(
        self, admin_client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key, text = create_key(name="agent", scopes=["read"])
        clean = ApiKey.clean_fields

        def revoked_before_it_is_saved(self: ApiKey, exclude: object = None) -> None:
            ApiKey.objects.update(revoked_at=timezone.now())
            clean(self, exclude)  # type: ignore[arg-type]

        monkeypatch.setattr(ApiKey, "clean_fields", revoked_before_it_is_saved)
        change(admin_client, key, scopes=["propose"])

        assert find_key(text) is None
        assert ApiKey.objects.get().scopes == ["propose"]

    def test_of_an_expired_key_needs_no_new_date(self, admin_client: Client) -> None:
        key, _text = create_key(name="agent", scopes=["read"])
        ApiKey.objects.update(expires_at=timezone.now().replace(microsecond=0) - timedelta(days=1))
        local = timezone.localtime(ApiKey.objects.get().expires_at)

        change(
            admin_client,
            key,
            scopes=["propose"],
            expires_at_0=local.strftime("%Y-%m-%d"),
            expires_at_1=local.strftime("%H:%M:%S"),
        )

        assert ApiKey.objects.get().scopes == ["propose"]

    def test_a_key_that_approves_is_changed_by_who_may_approve(self, keeper: Client) -> None:
        key, _text = create_key(name="agent", scopes=["review"])

        assert keeper.post(f"{LIST}{key.pk}/change/", {"scopes": ["read"]}).status_code == 403
        assert keeper.get(f"{LIST}{key.pk}/rotate/").status_code == 403
        assert ApiKey.objects.get().scopes == ["review"]

    def test_keeps_a_chat_that_is_not_here_any_more(self, admin_client: Client) -> None:
        key, _text = create_key(name="agent", scopes=["read"], chat_ids=[-7])

        change(admin_client, key, chat_ids=["-7"], calls_per_minute="5")

        key.refresh_from_db()
        assert (key.chat_ids, key.calls_per_minute) == ([-7], 5)


class TestRotating:
    def post(self, client: Client, key: ApiKey, **fields: str) -> HttpResponse:
        seen = "" if key.rotated_at is None else key.rotated_at.isoformat()
        return client.post(f"{LIST}{key.pk}/rotate/", {"overlap": "24", "seen": seen, **fields})

    def test_asks_first(self, admin_client: Client) -> None:
        key, _text = create_key(name="agent", scopes=["read"])

        page = admin_client.get(f"{LIST}{key.pk}/rotate/").content.decode()

        assert re.search(r'value="24" checked', page)
        assert ApiKey.objects.get().rotated_at is None

    def test_shows_the_new_secret_once_and_keeps_the_old_one_for_a_day(self, admin_client: Client) -> None:
        key, old = create_key(name="agent", scopes=["read"])

        answer = self.post(admin_client, key)

        (new,) = set(KEY.findall(answer.content.decode()))
        assert "no-store" in answer.headers["Cache-Control"]
        assert new.split("_", 2)[2] not in held_elsewhere(admin_client)
        assert find_key(new) == find_key(old) == key
        key.refresh_from_db()
        assert key.previous_until is not None
        assert key.rotated_at is not None
        assert key.previous_until - key.rotated_at == timedelta(days=1)

    def test_at_once_stops_the_old_secret(self, admin_client: Client) -> None:
        key, old = create_key(name="agent", scopes=["read"])

        answer = self.post(admin_client, key, overlap="0")

        assert KEY.search(answer.content.decode())
        assert find_key(old) is None

    def test_sending_the_form_again_changes_nothing(self, admin_client: Client) -> None:
        key, _old = create_key(name="agent", scopes=["read"])
        (new,) = set(KEY.findall(self.post(admin_client, key).content.decode()))

        again = self.post(admin_client, key)

        assert again.status_code == 302
        assert find_key(new) == key

    @pytest.mark.parametrize("overlap", ["", "-1", "7", "soon"])
    def test_takes_the_offered_overlaps_only(self, admin_client: Client, overlap: str) -> None:
        key, _old = create_key(name="agent", scopes=["read"])

        page = self.post(admin_client, key, overlap=overlap).content.decode()

        assert "Choose until when the old secret works; nothing was done." in page
        assert ApiKey.objects.get().rotated_at is None

    def test_is_the_owners(self, keeper: Client, admin_user: User) -> None:
        key, text = create_key(name="agent", scopes=["read"], created_by=admin_user)

        page = self.post(keeper, key).content.decode()

        assert "What this key does counts as done by admin" in page
        key.refresh_from_db()
        assert key.rotated_at is None
        assert find_key(text) == key

    @pytest.mark.parametrize("is_left", [True, False])
    def test_makes_an_heir_the_owner(self, keeper: Client, admin_user: User, is_left: bool) -> None:
        key, _text = create_key(name="agent", scopes=["read"], created_by=admin_user if is_left else None)
        User.objects.filter(pk=admin_user.pk).update(is_active=False)

        assert KEY.search(self.post(keeper, key).content.decode())

        key.refresh_from_db()
        assert key.created_by == User.objects.get(username="keeper")

    def test_of_a_revoked_key_is_refused(self, admin_client: Client) -> None:
        key, _text = create_key(name="agent", scopes=["read"])
        ApiKey.objects.update(revoked_at=timezone.now())

        page = self.post(admin_client, key).content.decode()

        assert "The key is revoked; make a new one." in page
        assert ApiKey.objects.get().rotated_at is None


class TestRevoking:
    def test_asks_first(self, admin_client: Client) -> None:
        key, text = create_key(name="agent", scopes=["read"])

        pages = [
            admin_client.get(f"{LIST}revoke/", {"key": key.pk}),
            admin_client.post(LIST, {"action": "revoke_selected", "_selected_action": [key.pk]}),
        ]

        assert all("Revoke this key?" in page.content.decode() for page in pages)
        assert find_key(text) == key

    def test_stops_keys_and_leaves_earlier_revocations(self, admin_client: Client) -> None:
        key, text = create_key(name="agent", scopes=["read"])
        earlier = timezone.now() - timedelta(days=1)
        other, _text = create_key(name="old", scopes=["read"])
        ApiKey.objects.filter(pk=other.pk).update(revoked_at=earlier)

        page = admin_client.post(f"{LIST}revoke/", {"key": [key.pk, other.pk]}, follow=True).content.decode()

        assert "1 key revoked." in page
        assert find_key(text) is None
        assert ApiKey.objects.get(pk=other.pk).revoked_at == earlier
        assert [entry.object_id for entry in LogEntry.objects.all()] == [str(key.pk)]

    def test_is_open_to_whoever_keeps_keys(self, keeper: Client) -> None:
        key, text = create_key(name="agent", scopes=["admin"])

        keeper.post(f"{LIST}revoke/", {"key": [key.pk]})

        assert find_key(text) is None

    def test_needs_the_permission(self, db: None, client: Client) -> None:
        key, text = create_key(name="agent", scopes=["read"])
        client.force_login(User.objects.create_user("anna", is_staff=True))

        assert client.post(f"{LIST}revoke/", {"key": [key.pk]}).status_code == 403
        assert find_key(text) == key

    def test_a_key_is_not_deleted(self, admin_client: Client) -> None:
        key, _text = create_key(name="agent", scopes=["read"])

        assert admin_client.post(f"{LIST}{key.pk}/delete/", {"post": "yes"}).status_code == 403
        assert ApiKey.objects.exists()


class TestLooking:
    def test_the_digest_is_never_shown(self, admin_client: Client) -> None:
        key, _text = create_key(name="agent", scopes=["read"])
        rotate(key.pk)
        key.refresh_from_db()

        for path in (LIST, f"{LIST}{key.pk}/change/", f"{LIST}{key.pk}/rotate/"):
            page = admin_client.get(path).content.decode()
            assert key.digest not in page
            assert key.previous_digest not in page

    def test_the_list_tells_the_states_apart(self, admin_client: Client) -> None:
        for name, changes in {
            "usable": {},
            "over": {"expires_at": timezone.now() - timedelta(days=1)},
            "gone": {"revoked_at": timezone.now()},
        }.items():
            key, _text = create_key(name=name, scopes=["read"])
            ApiKey.objects.filter(pk=key.pk).update(**changes)

        page = admin_client.get(LIST).content.decode()

        for word in ("usable", "expired", "revoked"):
            assert word in page

    def test_a_key_says_what_it_may_and_does(self, admin_client: Client) -> None:
        chat = ChatFactory(name="Роза & Ко")
        key, _text = create_key(name="agent", scopes=["read"], chat_ids=[chat.pk], calls_per_minute=60)
        now = timezone.now()
        ApiKey.objects.update(last_used_at=now, last_used_from="203.0.113.7")
        for day, succeeded in ((timezone.localdate(), 40), (timezone.localdate() - timedelta(days=1), 2)):
            ApiKeyUsage.objects.create(
                key=key,
                day=day,
                method="GET",
                route="messages/{id}",
                succeeded=succeeded,
                refused=1,
                last_at=now,
            )

        page = admin_client.get(f"{LIST}{key.pk}/change/").content.decode()

        words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
        assert "read messages, people and statistics chats Роза &amp; Ко limit 60 calls a minute" in words
        assert "from 203.0.113.7" in words
        assert "44 calls in the last 30 days" in words
        assert "GET messages/{id} 42 2 0 0" in words

    def test_an_old_secret_that_is_still_used_is_named(self, admin_client: Client) -> None:
        key, _text = create_key(name="agent", scopes=["read"])
        rotate(key.pk)
        path = f"{LIST}{key.pk}/change/"
        assert "Since the change nobody has used it." in admin_client.get(path).content.decode()

        ApiKey.objects.update(previous_used_at=timezone.now() - timedelta(minutes=5))

        assert "Some program still uses it" in admin_client.get(path).content.decode()


class TestChoosingChats:
    def find(self, client: Client, **parameters: object) -> tuple[list[str], bool]:
        body = client.get(f"{LIST}chats/", parameters).json()
        return [chat["text"] for chat in body["results"]], body["pagination"]["more"]

    def test_finds_by_name_and_number(self, admin_client: Client) -> None:
        rose = ChatFactory(name="Магазин Роза, Тверь", customer_ref="КА-7")
        ChatFactory(name="Магазин Тюльпан")

        assert self.find(admin_client, term="роза твер") == ([rose.name], False)
        assert self.find(admin_client, term=str(rose.pk)) == ([rose.name], False)
        assert self.find(admin_client, term="ка-7") == ([rose.name], False)
        assert self.find(admin_client, term="нет") == ([], False)

    def test_gives_page_after_page(self, admin_client: Client) -> None:
        Chat.objects.bulk_create(
            Chat(id=-1000 - n, name=f"Чат {n:02}", chat_type=Chat.Type.GROUP) for n in range(35)
        )

        first, more = self.find(admin_client)
        second, no_more = self.find(admin_client, page=2)

        assert (len(first), more) == (30, True)
        assert (second, no_more) == ([f"Чат {n}" for n in range(30, 35)], False)

    @pytest.mark.parametrize(
        "parameters", [{"page": "x"}, {"page": "0"}, {"term": "\x00"}, {"page": "9" * 9}]
    )
    def test_survives_nonsense(self, admin_client: Client, parameters: dict[str, str]) -> None:
        assert self.find(admin_client, **parameters) == ([], False)

    def test_a_group_that_moved_is_chosen_once_under_both_ids(self, admin_client: Client) -> None:
        new = ChatFactory(name="Роза")
        old = ChatFactory(name="Роза", migrated_to=new)

        assert self.find(admin_client) == (["Роза"], False)
        add(admin_client, chat_ids=[str(new.pk)])

        assert set(ApiKey.objects.get().chat_ids) == {old.pk, new.pk}
