"""The page of one reply: what it shows, and what a post from it does."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from cvgorod_hub.api.models import ApiKey, Scope
from messaging.models import Chat, Message
from sandbox import review
from sandbox.actors import Actor
from sandbox.admin.schedule import field_value, goes_out, quick_choices
from sandbox.models import PendingResponse, RejectionReason, ResponseEvent, SandboxSettings
from tests.factories import AnalysisFactory, ChatFactory, ManagerFactory, MessageFactory, ResponseFactory
from tests.marks import committed

DIRECTORS, MANAGERS, VIEWERS = "Директора", "Менеджеры", "Наблюдатели"
# A test client's answer: a response that also has `context`.
Answer = Any
QUEUE = "admin:sandbox_pendingresponse_changelist"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def member(group: str, name: str = "anna") -> Client:
    user = User.objects.create_user(name, password="x", is_staff=True, first_name=name.capitalize())
    user.groups.add(Group.objects.get(name=group))
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def address(response: PendingResponse, **query: str) -> str:
    url = reverse("admin:sandbox_pendingresponse_change", args=[response.pk])
    return f"{url}?{urlencode(query)}" if query else url


def read(client: Client, response: PendingResponse, **query: str) -> str:
    answer = client.get(address(response, **query))
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def post(client: Client, response: PendingResponse, page: str, **values: Any) -> Answer:
    """What a browser posts from this page, with one button pressed."""
    shown = {name: hidden(page, name) for name in ("version", "attempts", "seen")}
    shown["text"] = response.response_text
    return client.post(address(response, **values.pop("query", {})), {**shown, **values})


def said(answer: Answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def client_writes(chat: Chat, text: str = "Ещё вопрос", **fields: Any) -> Message:
    message: Message = MessageFactory(chat=chat, text=text, timestamp=timezone.now(), **fields)
    return message


# --- Who sees what ---------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_viewer_sees_everything_but_the_buttons_and_the_log() -> None:
    draft = ResponseFactory(context="Из прайса", response_text="Есть", original_text="Нет")
    client_writes(draft.chat, "Роза есть?")

    page = read(member(VIEWERS), draft)

    for words in ("Из прайса", "Роза есть?", "<ins>Есть</ins>"):
        assert words in page
    assert ('name="action"' in page, "<textarea" in page, 'class="review-log"' in page) == (False,) * 3


@pytest.mark.django_db
def test_the_log_with_its_changes_is_for_directors_and_the_verdict_for_all() -> None:
    draft = ResponseFactory()
    director, manager = member(DIRECTORS, "boris"), member(MANAGERS)
    actor = Actor.from_user(User.objects.get(username="anna"))
    review.edit(response_id=draft.pk, actor=actor, text="Да, роза есть, 97 рублей.")
    review.reject(response_id=draft.pk, actor=actor, reason="Не тот тон")

    for_director, for_manager = read(director, draft), read(manager, draft)

    assert ('class="review-log"' in for_director, 'class="review-log"' in for_manager) == (True, False)
    assert "<ins>97</ins>" in for_director.split('class="review-log"')[1]
    for page in (for_director, for_manager):
        assert "<b>Rejected</b>: Anna" in page
        assert "Reason: Не тот тон" in page


@pytest.mark.django_db
def test_a_manager_reads_what_the_client_wants_and_how_urgent_it_is() -> None:
    draft = ResponseFactory()
    AnalysisFactory(message=client_writes(draft.chat), intent="complaint", is_urgent=True)
    Chat.objects.filter(pk=draft.chat_id).update(waiting_since=timezone.now() - timedelta(minutes=1))

    page = read(member(MANAGERS), draft)

    assert '<span class="chip">Complaint</span>' in page
    assert '<span class="chip chip-urgent">Urgent</span>' in page


@pytest.mark.django_db
def test_earlier_messages_are_a_link_away_and_keep_the_lists_filters() -> None:
    draft = ResponseFactory()
    for minute in range(45):
        MessageFactory(
            chat=draft.chat, text=f"слово-{minute};", timestamp=timezone.now() - timedelta(minutes=minute)
        )
    client = member(VIEWERS)

    page = read(client, draft, _changelist_filters="q=a")
    more = re.search(r'href="(\?[^"#]*)#conversation"', page)

    assert more is not None
    assert ("слово-39;" in page, "слово-40;" in page) == (True, False)
    earlier = unescape(client.get(address(draft) + more[1]).content.decode())
    assert ("слово-44;" in earlier, 'id="earlier"' in earlier) == (True, False)
    assert "_changelist_filters=q%3Da" in more[1]


@pytest.mark.django_db
@pytest.mark.parametrize("shown", ["", "-1", "x", "9" * 5000, "٣"])
def test_a_length_that_cannot_be_meant_is_ignored(shown: str) -> None:
    assert read(member(VIEWERS), ResponseFactory(), shown=shown)


# The session, the account and what it may (2 more); the reply, its place, the snapshot, the house rules; the
# messages (none was edited), what they answer, which are new; the log; the reasons to reject with.
QUERIES_OF_THE_PAGE = 14


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_conversation_or_the_queue() -> None:
    draft, client = ResponseFactory(), member(DIRECTORS)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            read(client, draft)
        return len(caught)

    client_writes(draft.chat, reply_to_message_id=1)
    read(client, draft)  # the first time makes the row of the house rules
    few = queries()
    for _ in range(5):
        AnalysisFactory(message=client_writes(draft.chat, reply_to_message_id=1))
        ResponseFactory()
    many = queries()

    assert (few, many) == (QUERIES_OF_THE_PAGE, QUERIES_OF_THE_PAGE)


# --- The conversation that went on -------------------------------------------------------------


@committed
def test_what_was_said_after_the_draft_stands_behind_a_line_and_is_named() -> None:
    chat = ChatFactory()
    before = MessageFactory(chat=chat, text="Роза есть?", timestamp=timezone.now())
    draft = ResponseFactory(chat=chat)
    after = client_writes(chat, "И пион?")
    client_writes(chat, "Отвечаю сам", user=ManagerFactory(first_name="Борис"))

    page = read(member(MANAGERS), draft)

    line = page.index("after this draft was proposed")
    assert page.index(f'id="message-{before.pk}"') < line < page.index(f'id="message-{after.pk}"')
    time = timezone.localtime(after.timestamp)
    [warning] = re.findall(r'id="stale">([^<]*)<', page)
    assert warning == (
        f"The conversation went on: the client wrote ({time:%H:%M}); Борис wrote ({time:%H:%M}). "
        "Does the reply still fit?"
    )


@committed
def test_several_messages_are_counted_and_an_edit_is_marked_on_its_message() -> None:
    chat = ChatFactory()
    edited = MessageFactory(chat=chat, text="Нужно 20", timestamp=timezone.now())
    draft = ResponseFactory(chat=chat)
    Message.objects.filter(pk=edited.pk).update(text="Нужно 25", edited_at=timezone.now())
    for _ in range(3):
        client_writes(chat)

    page = read(member(MANAGERS), draft)

    assert "new messages of the client: 3, the last at" in page
    assert "changed a message" in page
    bubble = page.split(f'id="message-{edited.pk}"')[1].split("</li>")[0]
    assert "Changed after this draft was proposed" in bubble


@committed
def test_nothing_is_said_of_a_chat_that_did_not_go_on() -> None:
    chat = ChatFactory()
    MessageFactory(chat=chat, timestamp=timezone.now())

    page = read(member(MANAGERS), ResponseFactory(chat=chat))

    assert ("conversation-line" in page, 'id="stale"' in page, 'name="confirm_stale"' in page) == (False,) * 3


@committed
def test_a_second_yes_holds_only_for_what_the_page_showed() -> None:
    draft, client = ResponseFactory(), member(MANAGERS)
    client_writes(draft.chat, "раз")
    page = read(client, draft)
    client_writes(draft.chat, "два")

    refused = post(client, draft, page, action="approve", confirm_stale="1", text="Набрано мной")

    assert said(refused) == [
        "The conversation went on while you were reading. Read the new messages and confirm again."
    ]
    shown = unescape(refused.content.decode())
    assert ("два" in shown, ">Набрано мной</textarea>" in shown) == (True, True)
    draft.refresh_from_db()
    assert (draft.status, draft.version) == ("pending", 1)

    assert post(client, draft, shown, action="approve", confirm_stale="1").status_code == 302
    draft.refresh_from_db()
    assert draft.status == "approved"


@committed
def test_a_draft_that_became_stale_while_it_was_read_asks_for_the_second_yes() -> None:
    draft, client = ResponseFactory(), member(MANAGERS)
    page = read(client, draft)
    client_writes(draft.chat)

    refused = post(client, draft, page, action="approve")

    assert said(refused) == ["The conversation went on after this reply was proposed. Read it and confirm."]
    assert 'name="confirm_stale"' in refused.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["x", "of another reply", ""])
def test_a_snapshot_that_the_page_did_not_give_out_approves_nothing(change: str) -> None:
    draft, other, client = ResponseFactory(), ResponseFactory(), member(MANAGERS)
    page = read(client, draft)
    seen = hidden(read(client, other), "seen") if change == "of another reply" else change

    refused = post(client, draft, page, action="approve", seen=seen)

    [sentence] = said(refused)
    assert sentence == (
        "Nothing was done: this form was changed on its way. Read the conversation and decide again."
        if seen
        else "The form was incomplete; nothing was done."
    )
    draft.refresh_from_db()
    assert draft.status == "pending"


# --- Decisions ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_one_click_rejects_for_an_offered_reason() -> None:
    draft, client = ResponseFactory(), member(MANAGERS)
    page = read(client, draft)
    reason = RejectionReason.objects.filter(is_offered=True)[1]

    assert post(client, draft, page, reason_choice=str(reason.pk)).status_code == 302

    draft.refresh_from_db()
    assert (draft.status, draft.rejected_reason) == ("rejected", reason.text)


@pytest.mark.django_db
def test_a_reason_that_is_no_longer_offered_rejects_nothing() -> None:
    reason = RejectionReason.objects.create(text="Старая", is_offered=False)
    draft, client = ResponseFactory(), member(MANAGERS)
    page = read(client, draft)

    refused = post(client, draft, page, reason_choice=str(reason.pk))

    assert "Старая" not in page
    assert said(refused) == ["This reason is not offered any more. Nothing was done."]
    draft.refresh_from_db()
    assert draft.status == "pending"


@pytest.mark.django_db
def test_what_is_too_long_is_refused_and_stays_in_the_box() -> None:
    draft, client = ResponseFactory(), member(MANAGERS)
    page = read(client, draft)

    # The limit counts code points: this flower is one, though it is two units of UTF-16.
    refused = post(client, draft, page, action="approve", text="🌷" * 4097)

    assert said(refused) == ["The text is 1 character longer than the 4096 that Telegram takes."]
    assert "🌷" * 4097 in refused.content.decode()
    page = read(client, draft)
    assert post(client, draft, page, action="approve", text=" " + "🌷" * 4096 + "\n").status_code == 302


@pytest.mark.django_db
def test_whoever_comes_second_reads_who_was_first_and_keeps_the_words() -> None:
    draft, client = ResponseFactory(), member(MANAGERS)
    page = read(client, draft)
    review.reject(response_id=draft.pk, actor=Actor(name="Борис"), version=1)

    refused = post(client, draft, page, action="approve", text="Мои слова")

    [sentence] = said(refused)
    assert sentence.startswith("Nothing was done: the reply is rejected (rejected: Борис, ")
    assert '<textarea id="lost-text" rows="4" readonly>Мои слова</textarea>' in refused.content.decode()


@pytest.mark.django_db
def test_own_proposals_say_up_front_that_somebody_else_approves() -> None:
    SandboxSettings.objects.update_or_create(pk=1, defaults={"four_eyes": True})
    client = member(MANAGERS)
    key = ApiKey.objects.create(
        name="agent",
        lookup="a" * 12,
        digest="0" * 64,
        scopes=[Scope.PROPOSE],
        created_by=User.objects.get(username="anna"),
    )
    draft = ResponseFactory(requested_by_key=key)

    page = read(client, draft)
    refused = post(client, draft, page, action="approve")

    assert "Your own key proposed this reply, so somebody else approves it." in page
    assert said(refused) == ["Somebody else has to approve this reply: your own key proposed it."]
    assert "Your own key" not in read(member(MANAGERS, "boris"), draft)


@pytest.mark.django_db
def test_a_chat_that_cannot_be_reached_says_why() -> None:
    chat = ChatFactory(is_active=False, unreachable_reason="bot was kicked")
    draft, client = ResponseFactory(chat=chat), member(MANAGERS)

    page = read(client, draft)

    assert "The bot cannot write to this chat. bot was kicked" in page
    assert re.search(r'<button[^>]*id="approve"[^>]*disabled', page)
    assert "cannot write" in said(post(client, draft, page, action="approve"))[0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "buttons", "words"),
    [
        ("unknown", ["mark_sent", "retry"], "It is not known whether Telegram delivered this reply."),
        ("failed", ["retry"], "This reply was not delivered."),
        ("approved", ["cancel"], ""),
        ("sending", [], ""),
        ("sent", [], ""),
        ("expired", [], ""),
    ],
)
def test_each_state_says_what_happened_and_offers_what_is_left(
    status: str, buttons: list[str], words: str
) -> None:
    page = read(member(MANAGERS), ResponseFactory(status=status))

    assert re.findall(r'name="action" value="(\w+)"', page) == buttons
    assert words in page


# --- Later ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_reply_is_approved_for_later_and_says_when_it_goes_out() -> None:
    draft, client = ResponseFactory(), member(MANAGERS)
    tomorrow = (timezone.localtime() + timedelta(days=1)).replace(hour=9, minute=30, second=0, microsecond=0)

    done = post(
        client, draft, read(client, draft), action="approve", scheduled_at=f"{tomorrow:%Y-%m-%dT%H:%M}"
    )

    assert done.status_code == 302
    draft.refresh_from_db()
    assert (draft.status, draft.scheduled_at) == ("approved", tomorrow)
    page = read(client, draft)
    assert "It goes out tomorrow at 09:30." in page
    assert 'value="cancel"' in page


@pytest.mark.django_db
def test_a_time_that_nobody_touched_stays_to_the_second_and_an_emptied_one_is_now() -> None:
    proposed = timezone.now() + timedelta(days=2)
    kept, emptied = ResponseFactory(scheduled_at=proposed), ResponseFactory(scheduled_at=proposed)
    client = member(MANAGERS)
    page = read(client, kept)
    shown = hidden(page, "scheduled_shown")

    post(client, kept, page, action="approve", scheduled_at=shown, scheduled_shown=shown)
    page = read(client, emptied)
    post(client, emptied, page, action="approve", scheduled_at="", scheduled_shown=shown)

    kept.refresh_from_db()
    emptied.refresh_from_db()
    assert (shown, kept.scheduled_at) == (field_value(proposed), proposed)
    assert (emptied.status, emptied.scheduled_at) == ("approved", None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("posted", "sentence"),
    [
        ("2020-01-01T10:00", "The time to send at has passed. Nothing was done."),
        ("soon", "The time to send at cannot be read. Nothing was done."),
    ],
)
def test_a_time_that_cannot_be_meant_approves_nothing(posted: str, sentence: str) -> None:
    draft, client = ResponseFactory(), member(MANAGERS)

    refused = post(client, draft, read(client, draft), action="approve", scheduled_at=posted)

    assert said(refused) == [sentence]
    assert f'value="{posted}"' in refused.content.decode()
    draft.refresh_from_db()
    assert draft.status == "pending"


@pytest.mark.django_db
def test_offered_times_lie_ahead_and_follow_working_hours() -> None:
    rules = SandboxSettings(work_starts=timezone.datetime.min.time().replace(hour=10))

    offered = quick_choices(chat=ChatFactory(), rules=rules)

    now = timezone.localtime()
    values = [choice.value for choice in offered]
    assert all(value >= field_value(now) for value in values)
    assert f"{now + timedelta(days=1):%Y-%m-%d}T09:00" in values
    assert offered[-1].label.startswith("When work begins: ")
    assert offered[-1].value.endswith("T10:00")


@pytest.mark.django_db
def test_the_sentence_about_later_knows_working_hours_and_the_clients_clock() -> None:
    rules = SandboxSettings(scheduled_in_work_hours=True, works_sunday=True)
    night = (timezone.localtime() + timedelta(days=3)).replace(hour=3, minute=0, second=0, microsecond=0)
    here, far = ChatFactory(), ChatFactory(time_zone="Asia/Vladivostok")

    # 9:00 in Moscow, and 10:00 in Vladivostok is within working hours there already.
    assert goes_out(night, chat=here, rules=rules).startswith("That is outside working hours. It goes out ")
    assert goes_out(night, chat=here, rules=rules).endswith(" at 09:00.")
    assert goes_out(night, chat=far, rules=rules).endswith(" at 03:00 (10:00 where the client is).")
    past = timezone.now() - timedelta(hours=1)
    assert goes_out(past, chat=here, rules=SandboxSettings()) == "Its time has passed: it goes out at once."


# --- The preview while typing ---------------------------------------------------------------------


def preview(client: Client, response: PendingResponse, **values: str) -> Answer:
    return client.post(reverse("admin:sandbox_pendingresponse_preview", args=[response.pk]), values)


@pytest.mark.django_db
def test_the_preview_shows_what_differs_from_the_agents_words_as_it_would_be_sent() -> None:
    draft, client = ResponseFactory(original_text="Есть,\nпо 95"), member(VIEWERS)

    same, other = (preview(client, draft, text=text) for text in (" Есть,\r\nпо 95 ", "Есть,\r\n<b>по 95"))

    assert ("<ins>" in same.content.decode(), "<del>" in same.content.decode()) == (False, False)
    assert "<ins>&lt;b&gt;</ins>" in other.content.decode()
    draft.refresh_from_db()
    assert draft.version == 1


@pytest.mark.django_db
def test_the_preview_says_when_it_would_go_out() -> None:
    draft, client = ResponseFactory(), member(VIEWERS)
    tomorrow = f"{timezone.localtime() + timedelta(days=1):%Y-%m-%d}"

    assert "It goes out tomorrow at 07:15." in unescape(
        preview(client, draft, text="x", scheduled_at=f"{tomorrow}T07:15").content.decode()
    )
    assert "goes out" not in preview(client, draft, text="x", scheduled_at="soon").content.decode()


@pytest.mark.django_db
def test_the_preview_is_for_those_who_may_see_and_only_posted() -> None:
    draft = ResponseFactory()
    stranger = Client()
    stranger.force_login(User.objects.create_user("stranger", password="x", is_staff=True))
    client = member(VIEWERS)

    assert preview(stranger, draft, text="x").status_code == 403
    assert client.get(reverse("admin:sandbox_pendingresponse_preview", args=[draft.pk])).status_code == 405
    assert preview(client, PendingResponse(pk=draft.pk + 1), text="x").status_code == 404
    guarded = Client(enforce_csrf_checks=True)
    guarded.force_login(User.objects.get(username="anna"))
    assert preview(guarded, draft, text="x").status_code == 403


# --- The place in the queue -------------------------------------------------------------------------


@pytest.mark.django_db
def test_next_and_previous_follow_the_queue_urgent_first() -> None:
    first, second, urgent = ResponseFactory(), ResponseFactory(), ResponseFactory()
    ResponseFactory(status="sent")
    AnalysisFactory(message=client_writes(urgent.chat), is_urgent=True)
    Chat.objects.filter(pk=urgent.chat_id).update(waiting_since=timezone.now() - timedelta(minutes=1))

    answer = member(MANAGERS).get(address(first))

    place = answer.context["place"]
    assert (place.number, place.count) == (2, 3)
    assert (place.previous_id, place.next_id) == (urgent.pk, second.pk)
    assert "2 of 3" in answer.content.decode()


@pytest.mark.django_db
def test_the_lists_filters_stay_along_the_way() -> None:
    first, _other, third = (ResponseFactory(client_name=name) for name in ("Лавка 1", "Пион", "Лавка 2"))
    client, filters = member(MANAGERS), "q=Лавка&p=7"

    page = read(client, first, _changelist_filters=filters)
    done = post(client, first, page, action="approve", query={"_changelist_filters": filters})

    assert "1 of 2" in page
    assert done.url == address(third, _changelist_filters=filters)
    page = read(client, third, _changelist_filters=filters)
    last = post(client, third, page, action="approve", query={"_changelist_filters": filters})
    assert last.url == f"{reverse(QUEUE)}?{urlencode({'q': 'Лавка', 'p': '7'})}"


@pytest.mark.django_db
@pytest.mark.parametrize("filters", ["nonsense=1", "chat__name__regex=(", "state=\x00", "q=\x00", "%%%"])
def test_filters_that_the_list_does_not_know_hide_nothing(filters: str) -> None:
    draft = ResponseFactory()

    answer = member(MANAGERS).get(address(draft, _changelist_filters=filters))

    assert (answer.status_code, answer.context["place"].number) == (200, 1)


@pytest.mark.django_db
def test_a_decision_leads_on_from_its_place_and_at_the_end_to_the_list() -> None:
    passed_over, decided, ahead = ResponseFactory(), ResponseFactory(), ResponseFactory()
    client = member(MANAGERS)
    page = read(client, decided)

    assert post(client, decided, page, action="reject").url == address(ahead)
    page = read(client, ahead)
    assert post(client, ahead, page, action="approve").url == reverse(QUEUE)
    passed_over.refresh_from_db()
    assert passed_over.status == "pending"


@pytest.mark.django_db
def test_saving_stays_and_a_decided_reply_has_no_place() -> None:
    draft, client = ResponseFactory(), member(MANAGERS)

    saved = post(client, draft, read(client, draft), action="edit", text="Иначе")

    assert saved.url == address(draft)
    assert ResponseEvent.objects.get(response=draft).kind == "edited"
    review.reject(response_id=draft.pk, actor=Actor(name="Борис"))
    assert client.get(address(draft)).context["place"].number is None


@pytest.mark.django_db
@pytest.mark.parametrize("object_id", ["0", "x", "9" * 30])
def test_a_reply_that_does_not_exist_leads_back(object_id: str) -> None:
    url = reverse("admin:sandbox_pendingresponse_change", args=[object_id])

    assert member(VIEWERS).get(url).url == reverse("admin:index")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("request", "The words of this reply were erased at the client's request, 3 May 2026."),
        ("age", "The words of this reply were erased because of their age, 3 May 2026."),
        ("", "The words of this reply were erased."),
    ],
)
def test_a_reply_without_words_says_when_they_were_erased_and_why(why: str, words: str) -> None:
    """On its own page, in the list, and within the conversation; and nobody is asked to send it again."""
    chat = MessageFactory().chat
    at = datetime(2026, 5, 3, 9, tzinfo=UTC) if why else None
    response = ResponseFactory(chat=chat, status="failed", response_text="", erased_for=why, erased_at=at)
    director = member(DIRECTORS)

    pages = (
        read(director, response),
        unescape(director.get(reverse(QUEUE), {"state": "failed"}).content.decode()),
        unescape(director.get(reverse("admin:desk_conversation", args=[chat.pk])).content.decode()),
    )

    for page in pages:
        said = " ".join(re.sub("<[^>]+>", "", page).split())
        assert f"{words} It was sent to nobody." in said
        assert 'class="review-text"' not in page
        assert 'class="card-text"></div>' not in page
        assert 'value="retry"' not in page
