"""The page of a conversation: everything in its place, for whoever may read it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from messaging.models import Chat, Message
from sandbox.models import PendingResponse
from tests.desk.conftest import Browser
from tests.desk.pages import address, ids, link, read, rows
from tests.factories import NOW, AnalysisFactory, ChatFactory, ManagerFactory, MessageFactory, ResponseFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]


@pytest.fixture
def chat() -> Chat:
    chat: Chat = ChatFactory(name="Магазин «Ромашка»")
    return chat


def say(chat: Chat, minute: float, text: str = "да", **fields: Any) -> Message:
    at = NOW + timedelta(minutes=minute)
    message: Message = MessageFactory(chat=chat, text=text, timestamp=at, **fields)
    return message


def draft(chat: Chat, minute: float, status: str = "rejected", **fields: Any) -> PendingResponse:
    response: PendingResponse = ResponseFactory(chat=chat, status=status, **fields)
    PendingResponse.objects.filter(pk=response.pk).update(created_at=NOW + timedelta(minutes=minute))
    return response


def test_whoever_may_read_messages_reads_and_nobody_else(browser: Browser, chat: Chat) -> None:
    say(chat, 0, "Есть роза?")
    url = address(chat.pk)

    assert Client().get(url).status_code == 302
    assert browser(name="nobody").get(url).status_code == 403
    page = read(browser("Наблюдатели", name="viewer"), url)

    assert "Есть роза?" in page
    assert 'id="reply-form"' not in page


def test_a_chat_that_the_hub_does_not_know_is_not_there(manager: Client) -> None:
    for chat_id in (-404, 10**17):
        assert manager.get(address(chat_id)).status_code == 404


def test_links_lead_back_and_on_through_everything_once(manager: Client, chat: Chat) -> None:
    said = [say(chat, number // 3) for number in range(75)]
    drafts = [draft(chat, minute + 0.5) for minute in (-1, 0, 9, 10, 17, 24, 40)]
    page = read(manager, address(chat.pk))
    found = rows(page)
    while earlier := link(page, "earlier"):
        page = read(manager, earlier)
        found = [*rows(page), *found]
    forth = rows(page)
    while later := link(page, "later"):
        page = read(manager, later, as_script=True)
        forth += rows(page)

    assert sorted(found) == sorted([*ids("message", said), *ids("draft", drafts)])
    assert forth == found
    assert [row for row in found if row.startswith("message")] == ids("message", said)
    assert found[0] == f"draft-{drafts[0].pk}"
    assert found[-1] == f"draft-{drafts[-1].pk}"


def test_a_message_is_opened_in_the_midst_of_what_was_said(manager: Client, chat: Chat) -> None:
    said = [say(chat, number) for number in range(100)]

    page = read(manager, address(chat.pk, message=said[50].pk))

    assert ids("message", said[35:66]) == rows(page)
    assert "is-opened" in page
    assert link(page, "earlier")
    assert link(page, "later")


def test_a_message_of_another_chat_leads_to_its_own(manager: Client, chat: Chat) -> None:
    elsewhere = MessageFactory()

    answer = manager.get(address(chat.pk, message=elsewhere.pk))

    assert answer.status_code == 302
    assert answer["Location"] == (
        f"{address(elsewhere.chat_id)}?message={elsewhere.pk}#message-{elsewhere.pk}"
    )


@pytest.mark.parametrize(
    "query",
    [{"message": "0"}, {"message": "x"}, {"message": "9" * 30}, {"before": "x"}, {"after": "%00"},
     {"q": "роза", "found": "x"}],
)  # fmt: skip
def test_what_the_address_asks_for_must_exist(manager: Client, chat: Chat, query: dict[str, str]) -> None:
    assert manager.get(address(chat.pk, **query)).status_code == 404


def test_drafts_stand_where_they_were_proposed_and_open_ones_at_the_end(manager: Client, chat: Chat) -> None:
    first, second = say(chat, 0), say(chat, 10)
    rejected = draft(chat, 5, rejected_reason="Цена старая")
    failed = draft(chat, 6, "failed", last_error="Telegram says no")
    expired, cancelled = draft(chat, 11, "expired"), draft(chat, 12, "cancelled")
    pending, unknown = draft(chat, 1, "pending"), draft(chat, 2, "unknown")
    draft(ChatFactory(), 5)

    page = read(manager, address(chat.pk))

    quiet = ids("draft", [rejected, failed])
    assert rows(page) == [
        *ids("message", [first]), *quiet, *ids("message", [second]),
        *ids("draft", [expired, cancelled, pending, unknown]),
    ]  # fmt: skip
    for words in ("Цена старая", "Telegram says no", "Read and decide", "Say whether it arrived"):
        assert words in page
    assert f"/admin/sandbox/pendingresponse/{pending.pk}/change/" in page


def test_open_drafts_are_not_in_the_midst(manager: Client, chat: Chat) -> None:
    said = [say(chat, number) for number in range(100)]
    pending = draft(chat, 50, "pending")

    assert f"draft-{pending.pk}" not in rows(read(manager, address(chat.pk, message=said[50].pk)))
    assert rows(read(manager, address(chat.pk)))[-1] == f"draft-{pending.pk}"


def test_what_was_sent_says_who_approved_it(manager: Client, chat: Chat) -> None:
    sent = say(chat, 0, "Есть", source="sent")
    noted = say(chat, 1, "Нет", source="sent", telegram_message_id=None, origin="response:0")
    say(chat, 2, "не наше")
    for_sent = draft(chat, 0, "sent", approved_by="Борис", telegram_message_id=sent.telegram_message_id)
    for_noted = draft(chat, 1, "sent", approved_by="Вера")
    Message.objects.filter(pk=noted.pk).update(origin=f"response:{for_noted.pk}")

    page = read(manager, address(chat.pk))

    assert (page.count("Approved by Борис"), page.count("Approved by Вера")) == (1, 1)
    assert all(f"pendingresponse/{row.pk}/change" in page for row in (for_sent, for_noted))


def test_whoever_may_not_see_replies_sees_no_drafts(browser: Browser, chat: Chat) -> None:
    sent = say(chat, 0, source="sent")
    draft(chat, 0, "sent", approved_by="Борис", telegram_message_id=sent.telegram_message_id)
    draft(chat, 1, "pending")
    draft(chat, 2)

    page = read(browser(permissions=("messaging.view_message",)), address(chat.pk))

    assert rows(page) == ids("message", [sent])
    assert "Борис" not in page


def test_a_picture_is_a_link_to_telegram_where_there_is_one(manager: Client, chat: Chat) -> None:
    Chat.objects.filter(pk=chat.pk).update(chat_type="supergroup")
    say(chat, 0, "", message_type="photo", telegram_message_id=77)
    basic = ChatFactory(id=-400, chat_type="group")
    say(basic, 0, "", message_type="document", media={"file_name": "прайс.xlsx"})

    assert f"https://t.me/c/{-chat.pk - 10**12}/77" in read(manager, address(chat.pk))
    page = read(manager, address(basic.pk))
    assert "прайс.xlsx" in page
    assert "The file is in Telegram only." in page
    assert "https://t.me" not in page


def test_a_quotation_leads_to_its_message_on_this_page_or_elsewhere(manager: Client, chat: Chat) -> None:
    far = say(chat, 0, "давно")
    for number in range(1, 40):
        say(chat, number)
    near = say(chat, 50, "только что")
    say(chat, 51, reply_to_message_id=far.telegram_message_id)
    say(chat, 52, reply_to_message_id=near.telegram_message_id)

    page = read(manager, address(chat.pk))

    assert f'href="{address(chat.pk)}?message={far.pk}#message-{far.pk}"><b>' in page
    assert f'class="bubble-quote" href="#message-{near.pk}"' in page


def test_days_have_names_and_other_years_their_number(manager: Client, chat: Chat) -> None:
    MessageFactory(chat=chat, timestamp=NOW.replace(year=2021))
    say(chat, 0)

    page = read(manager, address(chat.pk))

    assert page.count('class="conversation-day"') == 2
    assert "22 November 2021" in page


def test_labels_can_be_corrected_by_whoever_may(manager: Client, browser: Browser, chat: Chat) -> None:
    AnalysisFactory(message=say(chat, 0))

    assert "data-correct" in read(manager, address(chat.pk))
    assert "data-correct" not in read(browser("Наблюдатели", name="viewer"), address(chat.pk))


def test_a_group_that_moved_leads_on_and_back(manager: Client, chat: Chat) -> None:
    moved = ChatFactory(name="Новая")
    Chat.objects.filter(pk=chat.pk).update(migrated_to=moved)
    pending = draft(chat, 0, "pending")
    say(chat, 0)

    old, new = read(manager, address(chat.pk)), read(manager, address(moved.pk))

    assert f'href="{address(moved.pk)}"' in old
    assert f'href="{address(chat.pk)}"' in new
    assert ('id="reply-form"' in old, 'id="reply-form"' in new) == (False, True)
    assert (rows(old)[-1:] == ids("draft", [pending]), rows(new)) == (False, ids("draft", [pending]))


def test_an_empty_chat_says_so(manager: Client, chat: Chat) -> None:
    assert "Nothing has been said in this chat yet." in read(manager, address(chat.pk))


def test_what_was_searched_is_marked_and_text_stays_text(manager: Client, chat: Chat) -> None:
    hit = say(chat, 0, "Розы <script>alert(1)</script> есть?", user=ManagerFactory(first_name="<b>Анна"))
    miss = say(chat, 1, "Тюльпаны")
    say(ChatFactory(), 0, "Роза чужая")

    answer = manager.get(address(chat.pk, q="роза <&>"))
    page = answer.content.decode()

    assert "<mark>Розы</mark> &lt;script&gt;alert(1)&lt;/script&gt; есть?" in page
    assert page.count("<mark>Розы</mark>") == 2  # in the list of what was found, and where it stands
    assert "&lt;b&gt;Анна" in page
    assert "чужая" not in page
    assert f"message={hit.pk}#message-{hit.pk}" in page
    assert f'data-hit="{miss.pk}"' not in page
    assert 'value="роза &lt;&amp;&gt;"' in page


def test_what_was_found_is_paged_by_key(manager: Client, chat: Chat) -> None:
    found = [say(chat, 0, "роза") for _ in range(45)]
    url, hits = address(chat.pk, q="роза"), []
    while url:
        page = read(manager, url)
        hits += [part.split('"')[0] for part in page.split('data-hit="')[1:]]
        older = page.split('class="talk-older" href="')
        url = older[1].split('"')[0] if len(older) > 1 else ""

    assert hits == [str(message.pk) for message in reversed(found)]


@pytest.mark.parametrize("words", ["нету", "…", "\x00"])
def test_nothing_found_says_what_to_do(manager: Client, chat: Chat, words: str) -> None:
    say(chat, 0)

    assert "Nothing found" in read(manager, address(chat.pk, q=words))


# The page adds the admin's frame (the hub's bots; its problems and badges) and the house rules to its part.
@pytest.mark.parametrize(("as_script", "costs"), [(True, (6, 7)), (False, (9, 10))])
def test_the_number_of_queries_is_the_same_however_much_was_said(
    manager: Client, chat: Chat, as_script: bool, costs: tuple[int, int]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            read(manager, address(chat.pk), as_script=as_script)
        return len(captured)

    first = say(chat, 0)
    AnalysisFactory(message=first)
    few = queries()
    for number in range(60):
        said = say(chat, number, reply_to_message_id=first.telegram_message_id, source="sent")
        draft(chat, number)
        draft(chat, number, "sent", telegram_message_id=said.telegram_message_id)

    # Session, account, its permissions; the chat, the messages, the drafts; now also what is quoted.
    assert (few, queries()) == costs


def test_a_message_that_was_searched_for_costs_few_queries(manager: Client, chat: Chat) -> None:
    said = [say(chat, number, text="роза") for number in range(3)]
    page = address(chat.pk, message=said[1].pk, q="роза")
    read(manager, page)  # the forms of the word are kept from now on
    with CaptureQueriesContext(connection) as captured:
        read(manager, page)

    # As the page; and where the message stands, what follows it, the search, and whether there are new words.
    assert len(captured) == 13
