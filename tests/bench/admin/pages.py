"""Which pages are measured: the desk's, every list as it opens, narrowed, searched, far down, a row's."""

from dataclasses import dataclass

from django.contrib import admin
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from intents.models import MessageAnalysis
from messaging.conversation_links import conversation_url
from messaging.models import Chat, Message, Recording
from sandbox.models import PendingResponse


@dataclass(frozen=True)
class Page:
    name: str
    url: str
    # Milliseconds of server time that it may take.
    most: int = 200


def pages() -> list[Page]:
    """Of a database that seed_demo filled."""
    return [*_desk(), *_lists(), *_narrowed(), *_rows()]


def _desk() -> list[Page]:
    middle = _middle()
    chat = middle.chat_id
    conversation = conversation_url(chat)
    return [
        Page("home", reverse("admin:index"), most=150),
        # Reads the month's messages one by one, some 90,000 of them.
        Page("home, a month", f"{reverse('admin:index')}?days=30", most=1500),
        Page("waiting board", reverse("admin:desk_waiting")),
        Page("first replies", reverse("admin:desk_replies")),
        Page("conversation, its end", conversation),
        Page("conversation, a message of long ago", conversation_url(chat, middle.pk)),
        Page("conversation, searched", f"{conversation}?q=роза"),
        Page("conversation, its news", _news(chat)),
    ]


def _news(chat: int) -> str:
    """As an open page asks, every few seconds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
        [since] = cursor.fetchone()
    return f"{reverse('admin:desk_conversation_news', args=[chat])}?since={since}"


def _lists() -> list[Page]:
    models = [model._meta for model in admin.site._registry]
    return [
        Page(f"{meta.model_name}", reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"))
        for meta in models
    ]


def _narrowed() -> list[Page]:
    messages = reverse("admin:messaging_message_changelist")
    analyses = reverse("admin:intents_messageanalysis_changelist")
    people = reverse("admin:clients_telegramuser_changelist")
    chats = reverse("admin:messaging_chat_changelist")
    replies = reverse("admin:sandbox_pendingresponse_changelist")
    events = reverse("admin:sandbox_responseevent_changelist")
    middle = _middle()
    day = f"{timezone.localtime(middle.timestamp):%Y-%m-%d}"
    month = f"{day[:8]}01"
    deep = f"before~{middle.timestamp.isoformat().replace('+', '%2B')}~{middle.pk}"
    return [
        Page("message, voices", f"{messages}?message_type__exact=voice"),
        Page("message, polls (none)", f"{messages}?message_type__exact=poll"),
        Page("message, imported (none)", f"{messages}?source__exact=import"),
        Page("message, by a director", f"{messages}?user__role__id__exact=2"),
        Page("message, of one chat", f"{messages}?chat__id__exact={middle.chat_id}"),
        Page("message, of one person", f"{messages}?user__id__exact={middle.user_id}"),
        Page("message, of a day", f"{messages}?timestamp_from={day}&timestamp_to={day}"),
        Page("message, until a month", f"{messages}?timestamp_to={month}"),
        Page("message, frequent word", f"{messages}?q=роза"),
        Page("message, rare word", f"{messages}?q=лаванда+писташ"),
        Page("message, word that is nowhere", f"{messages}?q=абракадабра"),
        Page("message, deep page", f"{messages}?p={deep}"),
        Page("message, oldest page", f"{messages}?p=oldest"),
        Page("analysis, complaints", f"{analyses}?intent__exact=complaint"),
        Page("analysis, urgent", f"{analyses}?is_urgent__exact=1"),
        Page("analysis, by people (none)", f"{analyses}?source__exact=person"),
        Page("analysis, of a day", f"{analyses}?message__timestamp_from={day}&message__timestamp_to={day}"),
        Page("analysis, frequent word", f"{analyses}?q=роза"),
        Page("analysis, rare word", f"{analyses}?q=лаванда+писташ"),
        Page("analysis, deep page", f"{analyses}?p={deep}"),
        Page("person, searched", f"{people}?q=Ромашкиной"),
        Page("person, last page", f"{people}?p=90"),
        Page("chat, searched", f"{chats}?q=букет"),
        Page("chat, waiting", f"{chats}?waiting=yes"),
        Page("reply, all", f"{replies}?state=all"),
        Page("reply, sent, deep page", f"{replies}?state=sent&p=200"),
        Page("reply, all, searched", f"{replies}?state=all&q=накладная"),
        Page("reply event, of a day", f"{events}?created_at_from={day}&created_at_to={day}"),
    ]


def _rows() -> list[Page]:
    one = (Message, Chat, MessageAnalysis, Recording, PendingResponse)
    return [
        Page(
            f"{model._meta.model_name}, its page",
            reverse(
                f"admin:{model._meta.app_label}_{model._meta.model_name}_change",
                args=[model._default_manager.order_by("pk").values_list("pk", flat=True)[0]],
            ),
        )
        for model in one
    ]


def _middle() -> Message:
    """A client's message halfway through history."""
    first, last = Message.objects.order_by("pk").first(), Message.objects.order_by("-pk").first()
    if first is None or last is None:
        raise RuntimeError("The database holds no messages.")
    middle = (first.pk + last.pk) // 2
    return Message.objects.filter(pk__gte=middle, user__role__role_name="client").order_by("pk")[0]
