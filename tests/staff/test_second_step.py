"""The second step: codes of an app, backup codes, and what lies between the two steps."""

import time

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from cvgorod_hub.staff.login import second_step
from cvgorod_hub.staff.models import BackupCode
from tests.marks import committed
from tests.staff.people import (
    CODE,
    HOME,
    JOURNAL,
    PASSWORD,
    WRONG,
    give_code,
    is_in,
    lines_of,
    log_in,
    member,
    shown_code,
    with_app,
    wrong_code,
)

pytestmark = pytest.mark.django_db


def test_the_password_alone_lets_nobody_in(client: Client) -> None:
    with_app(member())

    response = log_in(client, to="/admin/messaging/chat/")

    assert (response.status_code, response["Location"]) == (302, CODE)
    assert not is_in(client)
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"


def test_a_code_does_and_leads_to_where_one_was_going(client: Client) -> None:
    app, _codes = with_app(member())
    log_in(client, to="/admin/messaging/chat/")

    response = give_code(client, shown_code(app))

    assert (response.status_code, response["Location"]) == (302, "/admin/messaging/chat/")
    assert is_in(client)
    assert client.get("/admin/messaging/chat/").status_code == 200


def test_a_code_may_be_typed_as_apps_show_it_and_a_moment_late(client: Client) -> None:
    app, _codes = with_app(member())
    log_in(client)
    code = shown_code(app, ahead=-1)

    give_code(client, f"{code[:3]} {code[3:]}")

    assert is_in(client)


@pytest.mark.parametrize("ahead", [-3, 3])
def test_a_code_of_another_time_is_none(client: Client, ahead: int) -> None:
    app, _codes = with_app(member())
    log_in(client)

    page = give_code(client, shown_code(app, ahead=ahead)).content.decode()

    assert not is_in(client)
    assert "Код не подходит или уже был использован" in page


def test_a_code_is_good_for_one_login(client: Client) -> None:
    app, _codes = with_app(member())
    code = shown_code(app)
    log_in(client)
    give_code(client, code)
    thief = Client()
    log_in(thief)

    give_code(thief, code)

    assert (is_in(client), is_in(thief)) == (True, False)


def test_after_a_code_an_earlier_one_is_none(client: Client) -> None:
    app, _codes = with_app(member())
    earlier, now = shown_code(app, ahead=-1), shown_code(app)
    log_in(client)
    give_code(client, now)
    thief = Client()
    log_in(thief)

    give_code(thief, earlier)

    assert not is_in(thief)


def test_a_backup_code_is_good_for_one_login(client: Client) -> None:
    _app, codes = with_app(member())
    log_in(client)
    give_code(client, codes[0].upper().replace("-", " "))
    assert is_in(client)

    again = Client()
    log_in(again)
    give_code(again, codes[0])
    assert not is_in(again)
    give_code(again, codes[1])
    assert is_in(again)


def test_nobody_elses_backup_code_is_any_good(client: Client) -> None:
    with_app(member())
    _app, codes = with_app(member("boris"))
    log_in(client)

    give_code(client, codes[0])

    assert not is_in(client)
    assert not BackupCode.objects.filter(used_at__isnull=False).exists()


def test_after_five_wrong_codes_the_right_one_is_not_looked_at(client: Client) -> None:
    app, codes = with_app(member())
    log_in(client)
    for _ in range(5):
        give_code(client, wrong_code(app))

    for code in (shown_code(app), codes[0]):
        assert "Слишком много попыток" in give_code(client, code).content.decode()
    assert not is_in(client)


def test_codes_are_not_guessed_from_many_addresses() -> None:
    app, _codes = with_app(member())
    for number in range(10):
        guesser = Client()
        log_in(guesser, address=f"203.0.113.{number}")
        give_code(guesser, wrong_code(app), address=f"203.0.113.{number}")
    last = Client()
    log_in(last, address="192.0.2.1")

    give_code(last, shown_code(app), address="192.0.2.1")

    assert not is_in(last)


def test_meanwhile_the_owners_browser_gets_in(client: Client) -> None:
    app, codes = with_app(member())
    log_in(client)
    give_code(client, codes[0])
    client.post("/admin/logout/")
    for number in range(10):
        guesser = Client()
        log_in(guesser, address=f"203.0.113.{number}")
        give_code(guesser, wrong_code(app), address=f"203.0.113.{number}")

    log_in(client)
    give_code(client, shown_code(app))

    assert is_in(client)


def test_the_password_step_holds_for_ten_minutes(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    app, _codes = with_app(member())
    log_in(client)
    moment = time.time() + 601
    monkeypatch.setattr(second_step.time, "time", lambda: moment)

    response = give_code(client, shown_code(app))

    assert (response.status_code, response["Location"]) == (302, "/admin/login/")
    assert not is_in(client)


@pytest.mark.parametrize("change", ["password", "inactive", "no staff", "reset"])
def test_what_changes_between_the_steps_counts(client: Client, change: str) -> None:
    account = member()
    app, _codes = with_app(account)
    log_in(client)
    match change:
        case "password":
            account.set_password(WRONG)
        case "inactive":
            account.is_active = False
        case "no staff":
            account.is_staff = False
        case "reset":
            account.authenticator.delete()
    account.save()

    assert give_code(client, shown_code(app))["Location"] == "/admin/login/"
    assert not is_in(client)


def test_without_the_password_there_is_no_second_step(client: Client) -> None:
    app, _codes = with_app(member())

    assert client.get(CODE)["Location"] == "/admin/login/"
    assert give_code(client, shown_code(app))["Location"] == "/admin/login/"
    assert not is_in(client)


def test_each_step_gets_a_session_of_its_own(client: Client) -> None:
    """A session that somebody else planted is not the one that is logged in."""
    app, _codes = with_app(member())
    client.get("/admin/login/")
    keys = []
    for step in (lambda: log_in(client), lambda: give_code(client, shown_code(app))):
        step()
        keys.append(client.session.session_key)

    assert len(set(keys)) == 2


def test_another_secret_key_is_said_and_lets_nobody_in(client: Client, settings: Settings) -> None:
    app, _codes = with_app(member())
    settings.SECRET_KEY = "another one"
    log_in(client)

    page = give_code(client, shown_code(app)).content.decode()

    assert "попросите администратора сбросить" in page.lower()
    assert not is_in(client)


def test_the_form_needs_its_token() -> None:
    client = Client(enforce_csrf_checks=True)

    assert client.post(CODE, {"code": "123456"}).status_code == 403


def test_the_log_says_what_happened_without_the_code(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", JOURNAL)
    app, _codes = with_app(member())
    log_in(client)
    wrong, right = wrong_code(app), shown_code(app)
    give_code(client, wrong)
    give_code(client, right)

    lines = lines_of(caplog)
    assert lines == [
        ("WARNING", f'login refused account="anna" from {HOME} because=wrong step=code'),
        ("INFO", f'login account="anna" from {HOME} step=code'),
    ]
    assert not [words for _level, words in lines if wrong in words or right in words or app.secret in words]


@committed
def test_of_two_who_give_a_code_at_the_same_moment_one_gets_in(transactional_db: None) -> None:
    import threading

    from django.db import connection

    account = member()
    app, _codes = with_app(account)
    code = shown_code(app)
    clients = [Client(), Client()]
    for client in clients:
        log_in(client)
    ready = threading.Barrier(2)

    def give(client: Client) -> None:
        ready.wait()
        give_code(client, code)
        connection.close()

    threads = [threading.Thread(target=give, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(is_in, clients)) == [False, True]


def test_whoever_has_no_app_is_asked_for_none(client: Client) -> None:
    User.objects.create_superuser("root", password=PASSWORD)

    log_in(client, "root")

    assert is_in(client)
