"""Problems, bots, gaps and places in the admin: seen by staff, settled by who may."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db.models.functions import Now
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bots.models import BotMembership, CollectionGap, TelegramBot
from tests.factories import ChatFactory
from tests.fakes import BOT_ID

pytestmark = pytest.mark.django_db

QUEUE = "/admin/sandbox/pendingresponse/"
SILENT = "@hub_bot не собирает сообщения"


@pytest.fixture
def bot() -> TelegramBot:
    """Its collector is down."""
    return TelegramBot.objects.create(
        id=BOT_ID,
        username="hub_bot",
        can_read_all_group_messages=True,
        last_poll_at=Now() - timedelta(hours=2),
        checked_at=Now(),
    )


def well() -> None:
    TelegramBot.objects.update(last_poll_at=Now())


def page(client: Client, path: str = "/admin/") -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("boris", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_the_home_page_says_what_is_wrong_and_what_to_do(admin_client: Client, bot: TelegramBot) -> None:
    shown = page(admin_client)

    assert SILENT in shown
    assert "manage.py collect_telegram" in shown
    assert f"/admin/bots/telegrambot/{BOT_ID}/change/" in shown
    assert shown.count("hub-problem is-critical") == 1


def test_the_home_page_says_that_all_is_well(admin_client: Client, bot: TelegramBot) -> None:
    well()

    shown = page(admin_client)

    assert "Всё в порядке" in shown
    assert "is-critical" not in shown


@pytest.mark.parametrize("path", [QUEUE, "/admin/messaging/chat/", "/admin/bots/telegrambot/"])
def test_every_page_says_what_is_urgent(admin_client: Client, bot: TelegramBot, path: str) -> None:
    assert page(admin_client, path).count(f"<strong>{SILENT}: новые не приходят.</strong>") == 1

    well()
    assert "hub-problem" not in page(admin_client, path).replace("hub/problems.css", "")


def test_a_manager_is_told_but_led_nowhere_that_is_closed_to_her(bot: TelegramBot) -> None:
    client = staff("view_pendingresponse")

    assert SILENT in page(client, QUEUE)
    assert SILENT in page(client)
    assert f"/admin/bots/telegrambot/{BOT_ID}" not in page(client)


def test_nobody_outside_is_told(client: Client, bot: TelegramBot) -> None:
    assert SILENT not in page(client, "/admin/login/")


def test_problems_are_found_once_for_a_page(
    admin_client: Client, bot: TelegramBot, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    page(admin_client, "/admin/password_change/")
    # Session and person; the bots; badges and problems, counted together.
    with django_assert_num_queries(4):
        page(admin_client, "/admin/password_change/")


def test_only_whether_a_bot_is_in_use_can_be_changed(admin_client: Client, bot: TelegramBot) -> None:
    answer = admin_client.post(
        f"/admin/bots/telegrambot/{BOT_ID}/change/", {"username": "other", "next_offset": "5"}
    )

    assert answer.status_code == 302
    bot.refresh_from_db()
    assert (bot.is_watched, bot.username, bot.next_offset) == (False, "hub_bot", None)
    assert SILENT not in page(admin_client)


def test_a_gap_is_marked_as_dealt_with(admin_client: Client, admin_user: User, bot: TelegramBot) -> None:
    well()
    gap = CollectionGap.objects.create(
        bot=bot, began_at=Now() - timedelta(days=4), ended_at=Now() - timedelta(days=2), has_losses=True,
        reason="the collector did not run",
    )  # fmt: skip
    assert "hub-problem is-warning" in page(admin_client)
    assert "сборщик не работал" in page(admin_client, f"/admin/bots/collectiongap/{gap.pk}/change/")

    admin_client.post("/admin/bots/collectiongap/", {"action": "resolve", "_selected_action": [gap.pk]})

    gap.refresh_from_db()
    assert gap.resolved_at is not None
    assert gap.resolved_by == admin_user
    assert "hub-problem is-warning" not in page(admin_client)


def test_a_removal_is_accepted_and_the_link_shows_what_is_left(
    admin_client: Client, bot: TelegramBot
) -> None:
    well()
    membership = BotMembership.objects.create(
        bot=bot, chat=ChatFactory.create(name="Ромашка"), status="kicked", checked_at=Now()
    )
    shown = page(admin_client)
    assert "Ромашка: добавьте бота снова" in shown
    link = (
        f"/admin/bots/botmembership/?bot__id__exact={BOT_ID}&status__in=left,kicked&accepted_at__isnull=True"
    )
    assert link.replace("&", "&amp;") in shown
    assert "Ромашка" in page(admin_client, link)

    places = "/admin/bots/botmembership/"
    admin_client.post(places, {"action": "accept", "_selected_action": [membership.pk]})

    membership.refresh_from_db()
    assert membership.accepted_at is not None
    assert "Ромашка" not in page(admin_client, link)
    assert "Ромашка" not in page(admin_client)


def test_who_may_only_look_settles_nothing(bot: TelegramBot) -> None:
    gap = CollectionGap.objects.create(bot=bot, began_at=Now(), ended_at=Now(), has_losses=True)
    client = staff("view_collectiongap")

    client.post("/admin/bots/collectiongap/", {"action": "resolve", "_selected_action": [gap.pk]})

    gap.refresh_from_db()
    assert gap.resolved_at is None


def test_directors_may_settle() -> None:
    granted = Group.objects.get(name="Директора").permissions.values_list("codename", flat=True)

    assert {"change_collectiongap", "view_collectiongap", "change_botmembership"} <= set(granted)


@pytest.mark.parametrize(("has_losses", "said"), [(True, "да"), (False, "нет")])
def test_the_page_of_a_gap_says_whether_messages_may_be_missing(
    admin_client: Client, bot: TelegramBot, has_losses: bool, said: str
) -> None:
    gap = CollectionGap.objects.create(
        bot=bot, began_at=Now() - timedelta(days=3), ended_at=Now(), has_losses=has_losses
    )

    shown = page(admin_client, f"/admin/bots/collectiongap/{gap.pk}/change/")

    cells = " ".join(re.sub("<[^>]+>", " ", shown).split())
    assert f"возможны пропуски {said}" in cells.lower()


def test_a_chat_where_telegram_knows_no_bot_says_unknown(admin_client: Client, bot: TelegramBot) -> None:
    BotMembership.objects.create(bot=bot, chat=ChatFactory(), checked_at=Now())

    assert "неизвестно" in page(admin_client, "/admin/bots/botmembership/")
