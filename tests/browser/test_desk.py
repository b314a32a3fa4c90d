"""The home page and the waiting board in a real browser: read by everybody, with and without scripts."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from playwright.sync_api import Page, expect

from messaging.activity import note_activity
from messaging.models import Chat, Message
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import Screen, keep_screenshot
from tests.browser.review_steps import PHONE, session_of, sign_in
from tests.factories import (
    AnalysisFactory,
    ChatFactory,
    ManagerFactory,
    MessageFactory,
    PersonFactory,
    ResponseFactory,
)
from tests.marks import in_browser

pytestmark = in_browser


def minutes(number: int) -> timedelta:
    """So long, or shorter by so much that it is today: a test may run right after midnight."""
    now = timezone.localtime()
    so_far = now - now.replace(hour=0, minute=0, second=0, microsecond=0)
    return min(timedelta(minutes=number), so_far * number / 120)


@pytest.fixture
def address(screen: Screen, web: str) -> str:
    anna = User.objects.create(username="anna", first_name="Анна", is_staff=True)
    anna.groups.add(Group.objects.get(name="Директора"))
    screen(sign_in, web, session_of(anna))
    return web


def says(chat: Chat, ago: timedelta, *, text: str = "Роза есть?", user: object = None) -> Message:
    message: Message = MessageFactory(
        chat=chat, user=user or PersonFactory(), text=text, timestamp=timezone.now() - ago
    )
    note_activity([Message.objects.select_related("user__role").get(pk=message.pk)])
    return message


@pytest.fixture
def busy() -> None:
    """A day with something of everything."""
    manager = ManagerFactory(first_name="Менеджер", last_name="Примерова")
    for number, name in enumerate(("Магазин «Пример»", "Салон «Образец»", "Ларёк «Проба»")):
        chat = ChatFactory(name=name)
        AnalysisFactory(message=says(chat, minutes(9 + number)), intent="order")
        says(chat, minutes(8), user=manager)
        AnalysisFactory(message=says(chat, minutes(5), text="Где машина?!"), is_urgent=number == 0)
        ResponseFactory(chat=chat)
    ResponseFactory(status="sent", original_text="Иначе.")
    ResponseFactory(status="failed")


def fits(page: Page) -> None:
    """Nothing is wider than the window."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def is_read_by_everybody(page: Page, address: str, path: str, name: str) -> None:
    page.goto(address + path)
    expect(page.locator(".desk").first).to_be_visible()
    assert_accessible(page)
    fits(page)
    keep_screenshot(page, name)
    page.set_viewport_size(PHONE)
    assert_accessible(page)
    fits(page)


@pytest.mark.parametrize(
    ("path", "name"),
    [("/admin/", "home"), ("/admin/desk/waiting/", "waiting"), ("/admin/desk/replies/", "first-replies")],
)
def test_each_page_is_read_by_everybody(
    screen: Screen, address: str, busy: None, path: str, name: str
) -> None:
    screen(is_read_by_everybody, address, path, name)


@pytest.mark.parametrize("path", ["/admin/", "/admin/desk/waiting/"])
def test_an_empty_page_is_read_by_everybody(screen: Screen, address: str, path: str) -> None:
    screen(is_read_by_everybody, address, path, "empty" + path.replace("/", "-").rstrip("-"))


def follows_a_bar(page: Page, address: str) -> None:
    page.goto(f"{address}/admin/#desk-hours")
    page.wait_for_function("Chart.getChart(document.querySelector('#desk-hours canvas'))")
    place = page.evaluate(
        """() => {
          const canvas = document.querySelector("#desk-hours canvas"), chart = Chart.getChart(canvas);
          const links = JSON.parse(canvas.closest(".desk-chart").dataset.links);
          const bar = chart.getDatasetMeta(0).data[links.findIndex((link) => link)];
          return { x: bar.x, y: (bar.y + bar.base) / 2 };
        }"""
    )
    with page.expect_navigation():
        page.locator("#desk-hours canvas").click(position=place)
    assert "/admin/messaging/message/?timestamp__gte=" in page.url
    expect(page.locator("#result_list")).to_be_visible()


def test_a_bar_leads_to_the_rows_behind_it(screen: Screen, address: str, busy: None) -> None:
    screen(follows_a_bar, address)


def words_take_the_theme(page: Page, address: str) -> None:
    page.goto(f"{address}/admin/")
    chart = "Chart.getChart(document.querySelector('#desk-hours canvas'))"
    page.wait_for_function(f"{chart}?.options.scales.x.ticks.color")
    colour = f"{chart}.options.scales.x.ticks.color"
    light = page.evaluate(colour)
    page.evaluate("document.documentElement.classList.toggle('dark')")
    page.wait_for_function(f"before => {colour} !== before", arg=light)


def test_the_words_of_charts_follow_the_theme(screen: Screen, address: str, busy: None) -> None:
    screen(words_take_the_theme, address)


def reads_without_scripts(page: Page, address: str) -> None:
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False, locale="en-US")
    context.add_cookies(page.context.cookies())  # type: ignore[arg-type]  # a list of SetCookieParam
    plain = context.new_page()
    plain.goto(f"{address}/admin/")
    expect(plain.locator('[data-figure="waiting"] .desk-figure-value')).to_have_text("3")
    expect(plain.locator("#desk-hours .desk-chart")).to_be_hidden()
    plain.locator("#desk-hours summary").click()
    expect(plain.locator("#desk-hours table a").first).to_be_visible()
    expect(plain.locator("#desk-replies td").first).to_have_text("3")
    context.close()


def test_without_scripts_every_number_is_there(screen: Screen, address: str, busy: None) -> None:
    screen(reads_without_scripts, address)


def stands_on_the_board(page: Page, address: str) -> None:
    page.clock.install()
    page.goto(f"{address}/admin/desk/waiting/")
    expect(page.locator(".desk-wait h2")).to_have_text(["Магазин «Пример»"])


def sees_who_came(page: Page) -> None:
    with page.expect_response("**/desk/waiting/"):
        page.clock.fast_forward(20_000)
    expect(page.locator(".desk-wait h2")).to_have_text(["Магазин «Пример»", "Ларёк «Новый»"])


def test_the_board_keeps_up_by_itself(screen: Screen, address: str) -> None:
    says(ChatFactory(name="Магазин «Пример»"), minutes(9))
    screen(stands_on_the_board, address)

    says(ChatFactory(name="Ларёк «Новый»"), minutes(1))

    screen(sees_who_came)


def opens_the_longest_by_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}/admin/desk/waiting/")
    page.locator(".desk-wait h2 a").first.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_text("Где машина?!").first).to_be_visible()


def test_the_board_opens_the_conversation(screen: Screen, address: str, busy: None) -> None:
    screen(opens_the_longest_by_keyboard, address)
