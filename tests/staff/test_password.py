"""The first step, and how often it may be tried."""

import logging
import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F
from django.test import Client
from pytest_django import Settings

from cvgorod_hub.staff.login import attempts, retention
from cvgorod_hub.staff.models import LoginAttempt
from tests.marks import committed
from tests.staff.people import HOME, JOURNAL, LOGIN, PASSWORD, WRONG, is_in, lines_of, log_in, member

pytestmark = pytest.mark.django_db
ELSEWHERE = "203.0.113.9"


def fail(client: Client, times: int, *, name: str = "anna", address: str = HOME) -> None:
    for _ in range(times):
        log_in(client, name, WRONG, address=address)


def later(by: timedelta) -> None:
    """As if it had happened so long ago."""
    LoginAttempt.objects.update(at=F("at") - by)


def test_a_right_password_lets_in_and_leaves_nothing(client: Client) -> None:
    member()

    response = log_in(client, to="/admin/messaging/chat/")

    assert (response.status_code, response["Location"]) == (302, "/admin/messaging/chat/")
    assert is_in(client)
    assert client.get("/admin/messaging/chat/").status_code == 200
    assert not LoginAttempt.objects.exists()


def test_nobody_is_sent_away_from_the_hub(client: Client) -> None:
    member()

    assert log_in(client, to="https://evil.example.com/")["Location"] == "/admin/"


def test_after_five_wrong_ones_the_right_one_is_not_looked_at(client: Client) -> None:
    member()
    fail(client, 5)

    response = log_in(client)

    assert not is_in(client)
    assert "Слишком много попыток. Попробуйте через 15 минут" in response.content.decode()


def test_a_quarter_of_an_hour_later_it_is(client: Client) -> None:
    member()
    fail(client, 5)
    later(timedelta(minutes=15))

    log_in(client)

    assert is_in(client)


def test_four_slips_are_forgiven_by_the_right_password(client: Client) -> None:
    member()
    for _ in range(3):
        fail(client, 4)
        log_in(client)
        assert is_in(client)
        client.logout()


def test_from_elsewhere_nobody_locks_the_account_here(client: Client) -> None:
    member()
    fail(Client(), 6, address=ELSEWHERE)

    log_in(client)

    assert is_in(client)


def test_guessing_from_many_addresses_is_slowed_down(client: Client) -> None:
    member()
    for number in range(20):
        fail(Client(), 1, address=f"203.0.113.{number}")

    log_in(client, address="192.0.2.1")

    assert not is_in(client)
    assert LoginAttempt.objects.count() == 20  # what is not looked at is not counted


def test_meanwhile_the_owner_gets_in_where_they_always_do(client: Client) -> None:
    member()
    log_in(client)
    client.post("/admin/logout/")
    for number in range(20):
        fail(Client(), 1, address=f"203.0.113.{number}")
    fail(Client(), 5)  # also from the owner's own address, by somebody else's browser

    log_in(client)

    assert is_in(client)


def test_another_password_makes_a_browser_a_stranger(client: Client) -> None:
    account = member()
    log_in(client)
    client.post("/admin/logout/")
    account.set_password(WRONG)
    account.save()
    fail_elsewhere = LoginAttempt(step="password", network=HOME, is_known_browser=False)
    fail_elsewhere.name_key = attempts.name_key("anna")
    LoginAttempt.objects.bulk_create([_copy(fail_elsewhere) for _ in range(5)])

    log_in(client, password=WRONG)

    assert not is_in(client)


def _copy(attempt: LoginAttempt) -> LoginAttempt:
    return LoginAttempt(
        step=attempt.step,
        network=attempt.network,
        is_known_browser=attempt.is_known_browser,
        name_key=attempt.name_key,
    )


def test_a_known_browser_is_one_of_its_own_account_only(client: Client) -> None:
    member()
    member("boris")
    log_in(client)
    client.post("/admin/logout/")

    fail(client, 1, name="boris")

    assert not LoginAttempt.objects.get().is_known_browser


def test_a_forged_cookie_makes_no_known_browser(client: Client) -> None:
    account = member()
    client.cookies["known"] = f'{{"{account.pk}": "{"0" * 32}"}}'

    fail(client, 1)

    assert not LoginAttempt.objects.get().is_known_browser


def test_one_address_tries_fifty_accounts_and_no_more(client: Client) -> None:
    for number in range(50):
        fail(client, 1, name=f"nobody{number}")
    member()

    log_in(client)
    assert not is_in(client)

    log_in(client, address=ELSEWHERE)
    assert is_in(client)


def test_an_ipv6_line_is_one_address(client: Client) -> None:
    member()
    for number in range(5):
        fail(client, 1, address=f"2001:db8::{number + 1}")

    log_in(client, address="2001:db8::ffff")

    assert not is_in(client)


def test_behind_a_proxy_the_address_is_what_the_proxy_added(client: Client, settings: Settings) -> None:
    settings.BEHIND_PROXY = True
    member()
    for number in range(5):  # what a caller claims changes nothing
        client.post(
            LOGIN,
            {"username": "anna", "password": WRONG},
            headers={"X-Forwarded-For": f"10.0.0.{number}, {ELSEWHERE}"},
        )

    assert set(LoginAttempt.objects.values_list("network", flat=True)) == {ELSEWHERE}


def test_without_one_the_header_means_nothing(client: Client) -> None:
    member()
    client.post(
        LOGIN,
        {"username": "anna", "password": WRONG},
        headers={"X-Forwarded-For": ELSEWHERE},
        REMOTE_ADDR=HOME,
    )

    assert LoginAttempt.objects.get().network == HOME


def test_redis_away_keeps_nobody_out_and_lets_nobody_guess(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/0"
    member()

    log_in(client)
    assert is_in(client)

    fail(Client(), 5)
    stranger = Client()
    log_in(stranger)
    assert not is_in(stranger)


def test_what_nobody_is_called_is_refused_like_a_wrong_password(client: Client) -> None:
    member()

    known, unknown = log_in(client, "anna", WRONG), log_in(client, "anna2", WRONG)

    assert known.context["form"].errors == unknown.context["form"].errors
    assert known.status_code == unknown.status_code == 200


@committed
def test_of_many_at_the_same_moment_five_are_looked_at(transactional_db: None) -> None:
    member()
    looked_at = []
    ready = threading.Barrier(12)

    def guess() -> None:
        client = Client()
        ready.wait()
        page = log_in(client, password=WRONG).content.decode()
        looked_at.append("Слишком много попыток" not in page)
        connection.close()

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(looked_at) == [False] * 7 + [True] * 5


def test_each_login_logout_and_refusal_is_a_line(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, JOURNAL)
    member()

    log_in(client, "anna", WRONG)
    log_in(client, "a password typed as a name", WRONG)
    log_in(client)
    client.post("/admin/logout/", REMOTE_ADDR=HOME)

    assert lines_of(caplog) == [
        ("WARNING", f'login refused account="anna" from {HOME} because=wrong step=password'),
        ("WARNING", f"login refused account=null from {HOME} because=wrong step=password"),
        ("INFO", f'login account="anna" from {HOME} step=password'),
        ("INFO", f'logout account="anna" from {HOME}'),
    ]


def test_what_was_typed_is_kept_nowhere(client: Client) -> None:
    log_in(client, "a password typed as a name", WRONG)

    [row] = LoginAttempt.objects.values()
    assert not [value for value in row.values() if "typed" in str(value) or WRONG in str(value)]
    assert row["account_id"] is None


def test_who_may_not_use_the_admin_is_refused_like_anybody(client: Client) -> None:
    User.objects.create_user("agent", password=PASSWORD)

    log_in(client, "agent")

    assert not is_in(client)
    assert LoginAttempt.objects.count() == 1


def test_old_refusals_are_forgotten(client: Client) -> None:
    fail(client, 1)
    later(timedelta(days=91))
    fail(client, 1)

    assert retention.delete_old() == 1
    assert LoginAttempt.objects.count() == 1
