"""The queue in a real browser: numbers that keep up, many replies decided at once, nobody kept out."""

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from playwright.sync_api import Page, expect

from messaging.models import Chat, Message
from sandbox.actors import Actor
from sandbox.models import PendingResponse
from sandbox.proposals import Proposal, propose
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import Screen, keep_screenshot
from tests.browser.review_steps import session_of, sign_in
from tests.factories import AnalysisFactory, ChatFactory, MessageFactory
from tests.marks import in_browser

pytestmark = in_browser

AGENT = Actor(name="demo-agent")


@pytest.fixture
def address(screen: Screen, web: str) -> str:
    anna = User.objects.create(username="anna", first_name="Анна", is_staff=True)
    anna.groups.add(Group.objects.get(name="Менеджеры"))
    screen(sign_in, web, session_of(anna))
    return web


def asks(chat: Chat, text: str, *, urgent: bool = False) -> None:
    message: Message = MessageFactory(chat=chat, text=text, timestamp=timezone.now())
    AnalysisFactory(message=message, is_urgent=urgent)
    Chat.objects.filter(pk=chat.pk, waiting_since=None).update(waiting_since=message.timestamp)


def draft_for(name: str, question: str, answer: str, *, urgent: bool = False) -> PendingResponse:
    chat = ChatFactory(name=name)
    asks(chat, question, urgent=urgent)
    return propose(proposal=Proposal(chat_id=chat.pk, text=answer), actor=AGENT).response


def open_queue(page: Page, address: str) -> None:
    page.goto(f"{address}/admin/sandbox/pendingresponse/")
    expect(page.locator("#queue-numbers")).to_be_visible()


def number(page: Page, name: str) -> str:
    return page.locator(f'[data-number="{name}"] dd').inner_text()


def look_away_and_back(page: Page) -> None:
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def sees_what_came_meanwhile(page: Page) -> None:
    look_away_and_back(page)
    expect(page.locator('[data-number="waiting"] dd')).to_have_text("2")
    expect(page.locator('[data-number="urgent"] dd')).to_have_text("1")
    expect(page.locator("#queue-heard")).to_contain_text("Ждут: 2")
    assert page.locator(".card").count() == 1  # nothing moved under the reader's eyes


def shows_the_new_one_first(page: Page) -> None:
    page.get_by_role("link", name="1 новый черновик").click()
    expect(page.locator(".card-client").first).to_have_text("Ларёк «Срочный»")
    expect(page.locator("#queue-fresh")).to_be_empty()


def test_numbers_follow_without_a_reload_and_offer_what_is_new(screen: Screen, address: str) -> None:
    draft_for("Магазин «Пример»", "Роза есть?", "Да, есть.")
    screen(open_queue, address)
    assert screen(number, "waiting") == "1"

    draft_for("Ларёк «Срочный»", "Где машина?!", "Уже едет.", urgent=True)
    screen(sees_what_came_meanwhile)

    screen(shows_the_new_one_first)


def test_numbers_are_asked_for_again_every_ten_seconds(screen: Screen, address: str) -> None:
    def stop_the_clock(page: Page) -> None:
        page.clock.install()
        open_queue(page, address)

    def let_ten_seconds_pass(page: Page) -> None:
        with page.expect_response("**/numbers/**"):
            page.clock.fast_forward(10_000)
        expect(page.locator('[data-number="waiting"] dd')).to_have_text("1")
        with page.expect_response("**/numbers/**"):
            page.clock.fast_forward(10_000)

    screen(stop_the_clock)
    draft_for("Магазин «Пример»", "Роза есть?", "Да, есть.")
    screen(let_ten_seconds_pass)


def test_numbers_that_cannot_be_asked_for_say_so_and_recover(screen: Screen, address: str) -> None:
    def lose_the_connection(page: Page) -> None:
        # An answer that is no JSON, as a proxy's error page: a refused one would stand in the console.
        page.route("**/numbers/**", lambda route: route.fulfill(body="<html>"))
        look_away_and_back(page)
        expect(page.locator("#queue-old")).to_be_visible()

    def find_it_again(page: Page) -> None:
        page.unroute("**/numbers/**")
        look_away_and_back(page)
        expect(page.locator("#queue-old")).to_be_hidden()

    screen(open_queue, address)
    screen(lose_the_connection)
    screen(find_it_again)


def choose_all(page: Page) -> None:
    expect(page.locator(".queue-decide")).to_be_hidden()
    page.check("#queue-all")
    expect(page.locator("#queue-chosen")).to_have_text("4")
    keep_screenshot(page, "queue-chosen")
    page.get_by_role("button", name="Одобрить…").click()
    expect(page.locator("h2", has_text="Одобрить эти ответы?")).to_be_visible()


def approve_all_but(page: Page, client: str) -> None:
    """Of four, one is stale already; another is unticked here."""
    expect(page.locator("#queue-chosen")).to_have_text("3")
    assert_accessible(page)
    keep_screenshot(page, "bulk")
    page.get_by_role("checkbox", name=client).uncheck()
    expect(page.locator("#queue-chosen")).to_have_text("2")
    page.get_by_role("button", name="Одобрить и отправить").click()


def sees_what_was_skipped(page: Page) -> None:
    expect(page.locator("#bulk-outcome")).to_contain_text("1")
    assert page.locator(".bulk-client").all_inner_texts() == ["Магазин «Третий»", "Магазин «Второй»"]
    assert_accessible(page)
    keep_screenshot(page, "bulk-done")
    page.get_by_role("link", name="К очереди").click()
    expect(page.locator(".card")).to_have_count(3)


def test_many_are_approved_and_stale_ones_skipped_and_listed(screen: Screen, address: str) -> None:
    names = ("Магазин «Первый»", "Магазин «Второй»", "Магазин «Третий»", "Магазин «Четвёртый»")
    first, second, third, fourth = [draft_for(name, "Роза есть?", f"Да. {name}") for name in names]
    asks(second.chat, "А пионы?")
    screen(open_queue, address)

    screen(choose_all)
    asks(third.chat, "Уже не нужно")  # after the page was shown
    screen(approve_all_but, "Магазин «Четвёртый»")
    screen(sees_what_was_skipped)

    states = {draft.pk: draft.status for draft in PendingResponse.objects.all()}
    assert states == {
        first.pk: "approved",
        second.pk: "pending",
        third.pk: "pending",
        fourth.pk: "pending",
    }


def works_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_text("Поиск и фильтры").click()
    page.get_by_label("Клиент").select_option(label="Ларёк «Срочный»")
    page.get_by_role("button", name="Найти").click()
    expect(page.locator(".card")).to_have_count(1)
    assert_accessible(page)


def test_the_queue_fits_a_phone_and_keeps_nobody_out(screen: Screen, address: str) -> None:
    draft_for("Ларёк «Срочный»", "Где машина?!\n" * 5, "Уже едет. " * 60, urgent=True)
    stale = draft_for("Магазин «Пример»", "Роза есть?", "Очень" + "длинноеслово" * 40)
    asks(stale.chat, "А пионы?")
    screen(open_queue, address)

    screen(keep_screenshot, "queue-cards")
    screen(assert_accessible)
    screen(works_on_a_phone)
