"""The page of the model's settings: what people set holds at once, what was used stands beside it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from intents.llm import budget
from intents.llm.gate import Trouble, settings_digest
from intents.models import ModelSettings, ModelState, ModelUsage
from tests.intents.due import due

pytestmark = pytest.mark.django_db
PAGE = "/admin/intents/modelsettings/"
FORM = {
    "asks": "all",
    "unsure_below": "0.5",
    "patience_days": "3",
    "daily_cost": "2.50",
    "daily_tokens": "",
    "price_hit": "0.003",
    "price_miss": "0.15",
    "price_output": "0.60",
}


@pytest.fixture(autouse=True)
def _with_a_key(settings: Settings) -> None:
    settings.DEEPSEEK_API_KEY = "sk-only-for-tests"
    settings.LANGUAGE_CODE = "en"


def member(group: str) -> User:
    user = User.objects.create_user("anna", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    return user


def stop(trouble: Trouble) -> None:
    until = timezone.now() + timedelta(minutes=15)
    ModelState.objects.create(
        pk=1,
        trouble=trouble,
        trouble_since=timezone.now(),
        paused_until=until,
        settings_digest=settings_digest(),
    )


def test_what_is_saved_holds(admin_client: Client) -> None:
    response = admin_client.post(PAGE, FORM)

    assert (response.status_code, response["Location"]) == (302, PAGE)
    rules = ModelSettings.get_solo()
    assert (rules.asks, rules.unsure_below, rules.patience_days) == ("all", 0.5, 3)
    assert (rules.daily_cost, rules.daily_tokens) == (Decimal("2.50"), None)
    assert (rules.price_hit, rules.price_miss, rules.price_output) == (
        Decimal("0.003"),
        Decimal("0.15"),
        Decimal("0.60"),
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("asks", "some"),
        ("unsure_below", "1.5"),
        ("unsure_below", "nan"),
        ("patience_days", "0"),
        ("daily_cost", "-1"),
        ("daily_tokens", "-1"),
        ("price_miss", "-0.1"),
        ("price_output", ""),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, value: str, admin_client: Client) -> None:
    ModelSettings.get_solo()

    response = admin_client.post(PAGE, {**FORM, name: value})

    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == [name]
    assert ModelSettings.get_solo().asks == ModelSettings.Asks.UNSURE


def figures(client: Client) -> dict[str, list[str]]:
    """The rows of the page's table by their names."""
    rows = client.get(PAGE).context["model_use"]["rows"]
    return {str(name): [str(cell) for cell in cells] for name, *cells in rows}


def test_todays_and_thirty_days_use_stand_on_the_page(admin_client: Client) -> None:
    today = budget.today()
    for days, version in ((0, "2026-11-2"), (3, "2026-11-1"), (31, "2026-11-1")):
        ModelUsage.objects.create(
            day=today - timedelta(days=days), model="deepseek-flash", prompt_version=version, requests=2,
            failures=1, messages=20, hit_tokens=1500, miss_tokens=500, output_tokens=400,
            cost=Decimal("0.0125"),
        )  # fmt: skip
    due()

    found = figures(admin_client)

    assert found == {
        "Today": ["0.0125", "20", "2,400", "120", "75%", "2", "1"],
        "Last 30 days": ["0.0250", "40", "4,800", "120", "75%", "4", "2"],
        "deepseek-flash · 2026-11-2": ["0.0125", "20", "2,400", "120", "75%", "2", "1"],
        "deepseek-flash · 2026-11-1": ["0.0125", "20", "2,400", "120", "75%", "2", "1"],
    }
    page = admin_client.get(PAGE).content.decode()
    assert "messages that wait for it: 1" in page
    assert "spent today: 0.0125 of 1.00 dollars" in page


def test_a_page_without_any_use_is_a_page(admin_client: Client) -> None:
    assert figures(admin_client) == {
        "Today": ["0.00", "0", "0", "—", "—", "0", "0"],
        "Last 30 days": ["0.00", "0", "0", "—", "—", "0", "0"],
    }


def test_a_hub_without_a_key_says_so(admin_client: Client, settings: Settings) -> None:
    settings.DEEPSEEK_API_KEY = ""

    assert "No key for the model" in admin_client.get(PAGE).content.decode()


def test_a_trouble_stands_on_the_page_with_a_button_to_try_now(admin_client: Client) -> None:
    stop(Trouble.BALANCE)
    page = admin_client.get(PAGE).content.decode()
    assert "The money at DeepSeek is used up" in page
    assert f'action="{PAGE}try-now/"' in page

    response = admin_client.post(f"{PAGE}try-now/")

    assert (response.status_code, response["Location"]) == (302, PAGE)
    assert ModelState.objects.get().paused_until is None
    assert ModelState.objects.get().trouble == Trouble.BALANCE  # until a request succeeds


def test_saving_tries_now_too(admin_client: Client) -> None:
    stop(Trouble.KEY)

    admin_client.post(PAGE, FORM)

    assert ModelState.objects.get().paused_until is None


def test_looking_changes_nothing(admin_client: Client) -> None:
    stop(Trouble.KEY)

    assert admin_client.get(f"{PAGE}try-now/").status_code == 405
    assert ModelState.objects.get().paused_until is not None


@pytest.mark.parametrize(
    ("group", "page", "button"),
    [("Директора", 200, 302), ("Администраторы", 200, 302), ("Менеджеры", 403, 403)],
)
def test_directors_set_what_the_model_may_cost(group: str, page: int, button: int, client: Client) -> None:
    client.force_login(member(group))
    stop(Trouble.KEY)

    assert client.get(PAGE).status_code == page
    assert client.post(f"{PAGE}try-now/").status_code == button


def test_nobody_unknown_may_try(client: Client) -> None:
    stop(Trouble.KEY)

    response: Any = client.post(f"{PAGE}try-now/")

    assert response["Location"].startswith("/admin/login/")
    assert ModelState.objects.get().paused_until is not None
