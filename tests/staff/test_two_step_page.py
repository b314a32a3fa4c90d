"""Turning one's own second step on and off, resetting somebody's, and who must have it."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from cvgorod_hub.staff.models import Authenticator, BackupCode
from cvgorod_hub.staff.two_step import page
from tests.staff.people import (
    PASSWORD,
    TWO_STEP,
    WRONG,
    app_of,
    app_shown,
    give_code,
    is_in,
    log_in,
    member,
    shown_code,
    with_app,
    wrong_code,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> User:
    return member()


@pytest.fixture
def annas(client: Client, anna: User) -> Client:
    """Her browser, logged in."""
    log_in(client)
    return client


def turn_on(client: Client, *, password: str = PASSWORD, code: str = "") -> Any:  # noqa: ANN401
    posted = {"password": password, "code": code or shown_code(app_shown(client))}
    return client.post(TWO_STEP, posted)


def codes_on(page: str) -> list[str]:
    return re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", page)


def test_turning_on_takes_the_password_and_a_code_and_gives_backup_codes(annas: Client, anna: User) -> None:
    response = turn_on(annas)

    codes = codes_on(response.content.decode())
    assert len(set(codes)) == 10
    assert "no-store" in response["Cache-Control"]
    other = Client()
    log_in(other)
    assert not is_in(other)
    give_code(other, codes[3])
    assert is_in(other)


def test_backup_codes_are_shown_once_and_kept_as_digests(annas: Client, anna: User) -> None:
    codes = codes_on(turn_on(annas).content.decode())

    again = annas.get(TWO_STEP).content.decode()
    kept = " ".join(BackupCode.objects.values_list("digest", flat=True))
    assert not [code for code in codes if code in again or code in kept or code.replace("-", "") in kept]


def test_the_secret_is_shown_until_it_is_confirmed_and_never_again(annas: Client, anna: User) -> None:
    before = annas.get(TWO_STEP)
    secret = app_shown(annas).secret
    assert secret in before.content.decode().replace(" ", "")
    assert "no-store" in before["Cache-Control"]
    assert "<svg" in before.content.decode()

    turn_on(annas)

    assert secret not in annas.get(TWO_STEP).content.decode().replace(" ", "")


def test_the_secret_is_stored_nowhere(annas: Client, anna: User) -> None:
    turn_on(annas)

    [row] = Authenticator.objects.values()
    assert app_of(anna).secret not in str(row)


@pytest.mark.parametrize(("password", "is_right_code"), [(WRONG, True), (PASSWORD, False)])
def test_without_either_it_stays_off(
    annas: Client, anna: User, password: str, *, is_right_code: bool
) -> None:
    app = app_shown(annas)

    turn_on(annas, password=password, code=shown_code(app) if is_right_code else wrong_code(app))

    assert not Authenticator.objects.in_use(anna).exists()
    assert not BackupCode.objects.exists()


def test_a_password_is_not_guessed_on_this_page(annas: Client, anna: User) -> None:
    for _ in range(5):
        turn_on(annas, password=WRONG)

    page = turn_on(annas).content.decode()

    assert "Слишком много попыток" in page
    assert not Authenticator.objects.in_use(anna).exists()


def test_turning_on_ends_the_other_sessions(annas: Client, anna: User) -> None:
    other, boris = Client(), Client()
    log_in(other)
    member("boris")
    log_in(boris, "boris")

    turn_on(annas)

    assert [client.get("/admin/").status_code for client in (annas, other, boris)] == [200, 302, 200]


def test_new_backup_codes_take_the_place_of_the_old_ones(annas: Client, anna: User) -> None:
    first = codes_on(turn_on(annas).content.decode())

    page = annas.post(TWO_STEP, {"what": "codes", "code": first[0]}).content.decode()

    second = codes_on(page)
    assert len(second) == 10
    assert not set(first) & set(second)
    assert BackupCode.objects.filter(used_at=None).count() == 10


def test_turning_off_takes_a_code(annas: Client, anna: User) -> None:
    codes = codes_on(turn_on(annas).content.decode())

    annas.post(TWO_STEP, {"what": "off", "code": "aaaaa-aaaaa"})
    assert Authenticator.objects.in_use(anna).exists()

    annas.post(TWO_STEP, {"what": "off", "code": codes[0]})
    assert not Authenticator.objects.exists()
    other = Client()
    log_in(other)
    assert is_in(other)


def test_an_app_set_up_under_another_secret_key_is_set_up_anew(
    annas: Client, anna: User, settings: Settings
) -> None:
    before = app_shown(annas)
    settings.SECRET_KEY = "another one"
    log_in(annas)

    assert app_shown(annas).secret != before.secret


def test_a_secret_that_another_session_was_shown_opens_nothing(annas: Client, anna: User) -> None:
    """Somebody read it in a browser that stood open, days before she turned it on."""
    other = Client()
    log_in(other)
    seen = app_shown(other)

    turn_on(annas)

    assert seen.secret != app_of(anna).secret
    thief = Client()
    log_in(thief)
    give_code(thief, shown_code(seen))
    assert not is_in(thief)


def test_of_two_sessions_that_turn_it_on_at_once_the_first_one_does(
    annas: Client, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Client()
    log_in(other)
    theirs = app_shown(other)
    mine = app_shown(annas)

    def check(request: Any, authenticator: Authenticator, code: str) -> str:  # noqa: ANN401
        monkeypatch.undo()
        turn_on(annas, code=shown_code(mine))
        return page.check(request, authenticator, code)

    monkeypatch.setattr(page, "check", check)
    response = turn_on(other, code=shown_code(theirs))

    assert response.status_code == 302
    assert app_of(anna).secret == mine.secret


def test_turning_off_ends_the_other_sessions(annas: Client) -> None:
    """They were opened by two steps, and would pass for that ever after."""
    codes = codes_on(turn_on(annas).content.decode())
    other = Client()
    log_in(other)
    give_code(other, codes[0])
    assert is_in(other)

    annas.post(TWO_STEP, {"what": "off", "code": codes[1]})

    assert [client.get("/admin/").status_code for client in (annas, other)] == [200, 302]


def test_the_own_password_is_not_guessed_where_it_is_changed(annas: Client, anna: User) -> None:
    new = {"new_password1": "quite-another-3", "new_password2": "quite-another-3"}
    for _ in range(5):
        refused = annas.post("/admin/password_change/", {"old_password": WRONG, **new})
        assert "Это не ваш пароль" in refused.content.decode()

    refused = annas.post("/admin/password_change/", {"old_password": PASSWORD, **new})

    assert "Слишком много попыток" in refused.content.decode()
    anna.refresh_from_db()
    assert anna.check_password(PASSWORD)


def test_the_own_password_is_changed_by_the_one_that_is(annas: Client, anna: User) -> None:
    new = {"new_password1": "quite-another-3", "new_password2": "quite-another-3"}

    response = annas.post("/admin/password_change/", {"old_password": PASSWORD, **new})

    assert (response.status_code, response["Location"]) == (302, "/admin/password_change/done/")
    anna.refresh_from_db()
    assert anna.check_password("quite-another-3")
    assert annas.get("/admin/").status_code == 200


def test_somebody_who_may_change_accounts_resets_anothers(anna: User, admin_client: Client) -> None:
    app, _codes = with_app(anna)
    browser = Client()
    log_in(browser)
    give_code(browser, shown_code(app))
    page = f"/admin/auth/user/{anna.pk}/two-step/"
    assert page in admin_client.get(f"/admin/auth/user/{anna.pk}/change/").content.decode()
    assert "anna" in admin_client.get(page).content.decode()
    assert Authenticator.objects.in_use(anna).exists()

    admin_client.post(page)

    assert not Authenticator.objects.exists()
    assert browser.get("/admin/").status_code == 302  # whoever has the phone is out, too
    log_in(browser)
    assert is_in(browser)


def test_nobody_else_does(anna: User) -> None:
    with_app(anna)
    member("boris")
    boris = Client()
    log_in(boris, "boris")

    assert boris.post(f"/admin/auth/user/{anna.pk}/two-step/").status_code == 403
    assert Authenticator.objects.in_use(anna).exists()


def test_the_command_resets_where_no_administrator_gets_in(
    anna: User, capsys: pytest.CaptureFixture[str]
) -> None:
    with_app(anna)

    call_command("reset_totp", "anna")
    call_command("reset_totp", "anna")

    assert capsys.readouterr().out.splitlines() == [
        "anna logs in by the password alone now, and was logged out everywhere.",
        "anna had no second step; logged out everywhere.",
    ]
    assert not Authenticator.objects.exists()
    with pytest.raises(CommandError, match="there is no account 'nobody'"):
        call_command("reset_totp", "nobody")


def test_the_command_lets_somebody_try_again(client: Client, anna: User) -> None:
    for _ in range(5):
        log_in(client, password=WRONG)

    call_command("unlock_login", "anna")

    log_in(client)
    assert is_in(client)
    with pytest.raises(CommandError, match="there is no account 'nobody'"):
        call_command("unlock_login", "nobody")


def test_so_does_an_administrator(client: Client, anna: User, admin_client: Client) -> None:
    for _ in range(5):
        log_in(client, password=WRONG)
    attempt = anna_attempt()

    admin_client.post(
        "/admin/staff/loginattempt/", {"action": "let_in", "_selected_action": attempt, "index": 0}
    )

    log_in(client)
    assert is_in(client)


def anna_attempt() -> int:
    from cvgorod_hub.staff.models import LoginAttempt

    return LoginAttempt.objects.values_list("pk", flat=True)[0]


@pytest.mark.parametrize("required", [["Менеджеры"], ["*"]])
def test_who_must_have_it_does_nothing_before(
    annas: Client, anna: User, settings: Settings, required: list[str]
) -> None:
    settings.STAFF_TOTP_REQUIRED = required

    for address in ("/admin/", "/admin/messaging/message/", "/admin/desk/waiting/"):
        assert annas.get(address)["Location"] == TWO_STEP
    assert annas.get("/admin/password_change/").status_code == 200
    turn_on(annas)

    assert annas.get("/admin/").status_code == 200


def test_who_need_not_goes_on(annas: Client, settings: Settings) -> None:
    settings.STAFF_TOTP_REQUIRED = ["Администраторы"]

    assert annas.get("/admin/").status_code == 200


def test_a_superuser_must_as_soon_as_anybody_must(admin_client: Client, settings: Settings) -> None:
    assert admin_client.get("/admin/").status_code == 200

    settings.STAFF_TOTP_REQUIRED = ["Администраторы"]

    assert admin_client.get("/admin/")["Location"] == TWO_STEP


def test_who_must_have_it_cannot_turn_it_off(annas: Client, anna: User, settings: Settings) -> None:
    settings.STAFF_TOTP_REQUIRED = ["Менеджеры"]
    codes = codes_on(turn_on(annas).content.decode())

    annas.post(TWO_STEP, {"what": "off", "code": codes[0]})

    assert Authenticator.objects.in_use(anna).exists()


def test_a_group_that_is_asked_later_is_asked_in_open_sessions(
    annas: Client, anna: User, settings: Settings
) -> None:
    anna.groups.set([])
    settings.STAFF_TOTP_REQUIRED = ["Администраторы"]
    assert annas.get("/admin/").status_code == 200

    anna.groups.add(Group.objects.get(name="Администраторы"))

    assert annas.get("/admin/")["Location"] == TWO_STEP
