"""A whole conversation in a real browser: read back and on, searched, followed, corrected and answered."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from intents.models import Intent, MessageAnalysis
from messaging.models import Chat, Message, MessageVersion
from sandbox.models import PendingResponse
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

# WCAG 2.2, 2.5.5: a target for a thumb, in CSS pixels.
TARGET = 44
WIDE = {"width": 1440, "height": 900}


@pytest.fixture
def address(screen: Screen, web: str) -> str:
    anna = User.objects.create(username="anna", first_name="Анна", is_staff=True)
    anna.groups.add(Group.objects.get(name="Менеджеры"))
    screen(sign_in, web, session_of(anna))
    return web


@pytest.fixture
def chat(transactional_db: None) -> Chat:
    """With a history longer than a page, and one of everything."""
    chat: Chat = ChatFactory(name="Салон «Камелия»")
    irina, boris = PersonFactory(first_name="Ирина"), ManagerFactory(first_name="Борис")
    now = timezone.now()
    first = MessageFactory(chat=chat, user=irina, text="раньше 0: роза", timestamp=now - timedelta(days=3))
    for number in range(1, 120):
        at = now - timedelta(days=2) + timedelta(minutes=number)
        MessageFactory(chat=chat, user=irina if number % 3 else boris, text=f"раньше {number}", timestamp=at)
    MessageFactory(chat=chat, user=irina, text="", message_type="photo", timestamp=now - timedelta(hours=3))
    edited = MessageFactory(
        chat=chat, user=irina, text="Нужно 25 пачек", timestamp=now - timedelta(hours=2), edited_at=now
    )
    MessageVersion.objects.create(message=edited, text="Нужно 20 пачек", valid_from=edited.timestamp)
    MessageFactory(chat=chat, user=boris, text="Как в прошлый раз?", timestamp=now - timedelta(hours=1),
                   reply_to_message_id=first.telegram_message_id)  # fmt: skip
    rejected = ResponseFactory(chat=chat, status="rejected", rejected_reason="Цена старая")
    PendingResponse.objects.filter(pk=rejected.pk).update(created_at=now - timedelta(minutes=30))
    asked = MessageFactory(
        chat=chat, user=irina, text="Роза Фридом 60 есть?", timestamp=now - timedelta(minutes=9)
    )
    AnalysisFactory(message=asked, intent=Intent.QUESTION)
    Chat.objects.filter(pk=chat.pk).update(waiting_since=asked.timestamp)
    ResponseFactory(chat=chat)
    return chat


def client_writes(chat: Chat, text: str) -> Message:
    user = Message.objects.filter(chat=chat).earliest("timestamp").user
    message: Message = MessageFactory(chat=chat, user=user, text=text, timestamp=timezone.now())
    return message


def open_chat(page: Page, address: str, chat: Chat, query: str = "") -> None:
    page.goto(f"{address}/admin/desk/conversation/{chat.pk}/{query}")
    expect(page.locator("#conversation")).to_be_visible()
    page.evaluate("document.fonts.ready")


def ask_for_news(page: Page) -> None:
    """What the page does by itself every few seconds."""
    with page.expect_response(lambda answer: "/news/" in answer.url):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def top_of(page: Page, text: str) -> float:
    box = page.locator(".bubble", has_text=text).first.bounding_box()
    assert box is not None
    return box["y"]


def texts(page: Page) -> list[str]:
    found: list[str] = page.locator("#conversation .bubble:not(.draft) > .bubble-text").all_inner_texts()
    return [text for text in found if text.startswith("раньше")]


def scroll_back_to_the_beginning(page: Page) -> list[str]:
    expect(page.get_by_text("Роза Фридом 60 есть?").first).to_be_in_viewport()
    earlier = page.locator("[data-more=earlier]")
    while earlier.count():
        before = len(texts(page))
        page.evaluate("document.getElementById('conversation').scrollTop = 0")
        page.wait_for_function(
            "n => document.querySelectorAll('#conversation .bubble').length > n + 5"
            " || !document.querySelector('[data-more=earlier]')",
            arg=before,
        )
    return texts(page)


def test_older_messages_come_as_they_are_scrolled_to(screen: Screen, address: str, chat: Chat) -> None:
    screen(open_chat, address, chat)

    read = screen(scroll_back_to_the_beginning)

    assert read == ["раньше 0: роза", *(f"раньше {number}" for number in range(1, 120))]


def keeps_its_place(page: Page, address: str, chat: Chat) -> tuple[float, float]:
    """Where a message is before an older part comes above it, and afterwards."""
    held: list[Route] = []
    page.route("**/*before=*", lambda route: held.append(route))
    with page.expect_request("**/*before=*"):
        open_chat(page, address, chat)
        page.evaluate("document.getElementById('conversation').scrollTop = 0")
    looked_at = texts(page)[0]
    before, shown = top_of(page, looked_at), len(texts(page))
    held[0].continue_()
    page.wait_for_function(
        "n => document.querySelectorAll('#conversation .bubble').length > n + 20", arg=shown
    )
    return before, top_of(page, looked_at)


def test_the_message_that_is_looked_at_stays_where_it_is(screen: Screen, address: str, chat: Chat) -> None:
    before, after = screen(keeps_its_place, address, chat)

    assert abs(after - before) <= 1


def follow_a_quotation_and_come_back(page: Page) -> None:
    page.locator(".bubble-quote", has_text="раньше 0: роза").click()
    quoted = page.locator(".bubble", has_text="раньше 0: роза").first
    expect(quoted).to_be_in_viewport()
    expect(quoted).to_be_focused()
    assert "message=" in page.url
    expect(page.get_by_text("Роза Фридом 60 есть?")).to_have_count(0)
    page.locator("#newest").click()
    expect(page.get_by_text("Роза Фридом 60 есть?").first).to_be_in_viewport()


def find_and_go(page: Page) -> None:
    page.get_by_role("searchbox", name="Поиск в переписке").or_(page.locator("#talk-q")).first.fill("розы")
    page.keyboard.press("Enter")
    expect(page.locator("[data-hit]")).to_have_count(2)
    assert page.locator(".talk-hits mark").all_inner_texts() == ["Роза", "роза"]
    assert_accessible(page)
    keep_screenshot(page, "conversation-search")
    page.locator("[data-hit]").last.click()
    found = page.locator(".bubble", has_text="раньше 0: роза").first
    expect(found).to_be_in_viewport()
    expect(found.locator("mark")).to_have_text("роза")
    expect(page.locator("[data-hit]").last).to_have_attribute("aria-current", "true")


def test_quotations_and_hits_of_the_search_lead_to_their_message(
    screen: Screen, address: str, chat: Chat
) -> None:
    screen(open_chat, address, chat)

    screen(follow_a_quotation_and_come_back)
    screen(find_and_go)


def opened_at(page: Page, message: Message) -> None:
    expect(page.locator(f"#message-{message.pk}")).to_be_in_viewport()
    expect(page.locator(f"#message-{message.pk}")).to_have_class("bubble bubble-staff is-opened")


def test_a_link_opens_at_the_very_message_by_its_query_or_its_fragment(
    screen: Screen, address: str, chat: Chat
) -> None:
    message = Message.objects.get(text="раньше 60")

    screen(open_chat, address, chat, f"?message={message.pk}")
    screen(opened_at, message)
    screen(lambda page: page.goto("about:blank"))
    screen(open_chat, address, chat, f"#message-{message.pk}")
    screen(opened_at, message)


def sees_it_come(page: Page, text: str) -> None:
    ask_for_news(page)
    expect(page.locator(".bubble", has_text=text)).to_be_in_viewport()
    expect(page.locator("#talk-heard")).to_contain_text(text)


def sees_that_it_came(page: Page, text: str) -> None:
    # Not so far back that an older part would come and move it.
    page.evaluate("document.getElementById('conversation').scrollTop -= 600")
    place = page.evaluate("document.getElementById('conversation').scrollTop")
    ask_for_news(page)
    expect(page.locator("#newest")).to_contain_text("1")
    assert page.evaluate("document.getElementById('conversation').scrollTop") == place
    page.locator("#newest").click()
    expect(page.locator(".bubble", has_text=text)).to_be_in_viewport()


def sees_no_draft(page: Page) -> None:
    ask_for_news(page)
    expect(page.locator("[data-open]")).to_have_count(0)
    expect(page.locator(".draft.is-quiet")).to_have_count(2)


def test_what_is_new_comes_by_itself(screen: Screen, address: str, chat: Chat) -> None:
    screen(open_chat, address, chat)
    client_writes(chat, "Ау, вы тут?")
    screen(sees_it_come, "Ау, вы тут?")

    client_writes(chat, "Звоню!")
    screen(sees_that_it_came, "Звоню!")

    PendingResponse.objects.filter(status="pending").update(status="cancelled")
    screen(sees_no_draft)


def write_while_the_client_writes(page: Page, chat_text: str) -> None:
    page.fill("#id_text", "Да, роза есть.")
    ask_for_news(page)
    expect(page.locator("#came-meanwhile")).to_be_visible()
    keep_screenshot(page, "conversation-meanwhile")
    page.locator("#send").click()
    expect(page.locator("#news")).to_contain_text("клиент написал")
    expect(page.locator("#id_text")).to_have_value("Да, роза есть.")
    expect(page.locator(".conversation-line + .bubble .bubble-text")).to_have_text(chat_text)
    keep_screenshot(page, "conversation-asks-again")
    assert_accessible(page)


def send_it(page: Page) -> None:
    page.locator("#send").dblclick()
    expect(page.locator(".draft-approved .bubble-text")).to_have_text("Да, роза есть.")
    expect(page.locator("#id_text")).to_have_value("")


def test_a_reply_is_asked_about_once_the_client_wrote_and_sent_once(
    screen: Screen, address: str, chat: Chat
) -> None:
    screen(open_chat, address, chat)
    screen(lambda page: page.fill("#id_text", "Да"))
    client_writes(chat, "Уже не надо")
    screen(write_while_the_client_writes, "Уже не надо")
    assert not PendingResponse.objects.filter(requested_by="Анна").exists()

    screen(send_it)

    reply = PendingResponse.objects.get(requested_by="Анна")
    assert (reply.status, reply.approved_by, reply.response_text) == ("approved", "Анна", "Да, роза есть.")


def answer_what_came_by_itself(page: Page) -> None:
    ask_for_news(page)
    bubble = page.locator(".bubble", has_text="А пионы?")
    bubble.hover()
    bubble.locator(".bubble-reply").click()
    expect(page.locator("#quoted")).to_contain_text("А пионы?")
    page.keyboard.type("Пионы завтра.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".draft-approved .bubble-text")).to_have_text("Пионы завтра.")


def test_what_came_before_one_began_to_write_is_not_asked_about(
    screen: Screen, address: str, chat: Chat
) -> None:
    screen(open_chat, address, chat)
    asked = client_writes(chat, "А пионы?")

    screen(answer_what_came_by_itself)

    reply = PendingResponse.objects.get(requested_by="Анна")
    assert reply.reply_to_message_id == asked.telegram_message_id


def correct_a_label(page: Page) -> None:
    page.locator("#conversation .labels a[data-correct]").last.click()
    page.get_by_role("dialog").get_by_role("button", name="Заказ").click()
    expect(page.locator("#conversation .labels").last.get_by_text("Заказ")).to_be_visible()
    expect(page.locator("#conversation .labels").last.get_by_text("проверено")).to_be_visible()


def test_a_label_is_corrected_where_it_stands(screen: Screen, address: str, chat: Chat) -> None:
    screen(open_chat, address, chat)

    screen(correct_a_label)

    assert MessageAnalysis.objects.get().intent == Intent.ORDER


def look_with_other_eyes(page: Page) -> list[str]:
    for size in (WIDE, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # as Playwright's own type says
        page.reload()
        expect(page.locator(".bubble").last).to_be_in_viewport()
        page.locator(".draft.is-quiet summary").click()
        page.locator(".bubble-edits summary").click()
        assert_accessible(page)
    # Links within what is read; a thumb has the space around them, too.
    inline = ".bubble-quote, .bubble-link, .bubble-edits summary"
    found: list[str] = page.eval_on_selector_all(
        ".talk :is(button, a, summary, textarea, input:not([type=hidden]))",
        """(elements, [target, inline]) => elements
            .filter((element) => element.checkVisibility() && !element.matches(inline))
            .filter((element) => element.getBoundingClientRect().height < target)
            .map((element) => element.outerHTML.slice(0, 120))""",
        [TARGET, inline],
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    page.reload()
    expect(page.locator(".bubble").last).to_be_in_viewport()
    keep_screenshot(page, "conversation")
    return found


def test_no_grave_finding_of_axe_and_room_for_a_thumb(screen: Screen, address: str, chat: Chat) -> None:
    screen(open_chat, address, chat)

    small = screen(look_with_other_eyes)

    assert small == []
