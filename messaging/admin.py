"""Chats and messages in the admin."""

from contextlib import nullcontext
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from unfold.decorators import action, display

from clients.admin import TelegramUserAdmin
from clients.models import TelegramUser
from cvgorod_hub.common.admin import LargeTableAdmin, ListAdmin, excerpt
from cvgorod_hub.common.dates import local_time
from cvgorod_hub.common.lists.changelist import HubChangeList
from cvgorod_hub.common.lists.csv import Column
from cvgorod_hub.common.lists.filters import OneOfManyFilter
from cvgorod_hub.common.period_filter import PeriodFilter
from messaging.activity import changing_role
from messaging.conversation import read_one
from messaging.conversation_links import conversation_url, linked_place
from messaging.history.admin import HistoryImportAdmin
from messaging.list_filters import RoleFilter, WaitingFilter
from messaging.models import Chat, Message, Recording
from messaging.name_search import compiled_for, keys_named, said_in
from messaging.querysets import MessageQuerySet
from messaging.recording_page import page_context
from messaging.search.plans import plan
from messaging.sound import serve_sound

__all__ = ["ChatAdmin", "HistoryImportAdmin", "MessageAdmin", "PersonAdmin"]


@admin.register(TelegramUser)
class PersonAdmin(TelegramUserAdmin):
    """A person's page. A new role applies to what was said before, too."""

    list_display = ("person", "role", "messages_count", "last_seen", "first_seen", "staff_account")
    list_select_related = ("role", "staff_account", "activity")
    sortable_by = ("person", "role", "messages_count", "last_seen", "first_seen")
    change_form_outer_before_template = "messaging/person_top.html"
    export_columns = (
        Column(_("Telegram id"), "pk"),
        Column(_("first name"), "first_name"),
        Column(_("last name"), "last_name"),
        Column(_("username"), "username"),
        Column(_("role"), "role"),
        Column(_("messages"), lambda person: person.activity.messages if hasattr(person, "activity") else 0),
        Column(_("first seen"), "first_seen"),
        Column(_("last seen"), "last_seen"),
        Column(_("staff account"), "staff_account"),
    )

    @display(description=_("messages"), ordering="activity__messages")
    def messages_count(self, person: TelegramUser) -> str:
        """How many the person wrote; the number leads to them."""
        count = person.activity.messages if hasattr(person, "activity") else 0
        return messages_link("user__id__exact", person.pk, number_format(count, force_grouping=True))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[TelegramUser], search_term: str
    ) -> tuple[QuerySet[TelegramUser], bool]:
        """By a name in any of its forms, by part of one, by @username or by the whole id."""
        term = search_term.strip().removeprefix("@")
        if not term:
            return queryset, False
        if is_id(term):
            return queryset.filter(pk=int(term)), False
        named = Q(first_name__icontains=term) | Q(last_name__icontains=term) | Q(username__icontains=term)
        query = compiled_for(request, term, beginnings=True)
        found = keys_named(TelegramUser.objects.all(), said_in(("first_name", "last_name"), query) | named)
        return queryset.filter(pk__in=found), False

    def save_model(
        self, request: HttpRequest, obj: TelegramUser, form: "ModelForm[TelegramUser]", change: bool
    ) -> None:
        with changing_role(user_id=obj.pk) if "role" in form.changed_data else nullcontext():
            super().save_model(request, obj, form, change)


@admin.register(Chat)
class ChatAdmin(ListAdmin):
    list_display = (
        "title",
        "waiting",
        "last_message_at",
        "conversation",
        "members_count",
        "reply_mode",
        "is_active",
    )
    list_filter = (
        WaitingFilter,
        ("last_message_at", PeriodFilter),
        "chat_type",
        "reply_mode",
        "is_active",
        "folder",
    )
    list_filter_submit = True
    actions_detail = ("open_conversation",)
    list_empty = _("Add the bot to a client's group: the chat appears with the first message.")
    sortable_by = ("title", "waiting", "last_message_at", "members_count")
    search_fields = ("name", "folder", "customer_ref", "id")
    search_help_text = _("Name, folder, customer in 1C or id")
    export_columns = (
        Column(_("Telegram id"), "pk"),
        Column(_("name"), "name"),
        Column(_("type"), "get_chat_type_display"),
        Column(_("folder"), "folder"),
        Column(_("customer in 1C"), "customer_ref"),
        Column(_("members"), "members_count"),
        Column(_("last message"), "last_message_at"),
        Column(_("waiting since"), "waiting_since"),
        Column(_("agent's replies"), "get_reply_mode_display"),
        Column(_("reachable"), "is_active"),
        Column(_("time zone"), "time_zone"),
    )
    readonly_fields = (
        "id",
        "name",
        "chat_type",
        "members_count",
        "migrated_to",
        "last_message_at",
        "waiting_since",
        "created_at",
        "unreachable_reason",
    )
    fields = (
        *readonly_fields[:-1],
        "folder",
        "customer_ref",
        "reply_mode",
        "time_zone",
        "is_active",
        "unreachable_reason",
    )

    @display(description=_("name"), ordering="name")
    def title(self, chat: Chat) -> str:
        small = " · ".join(filter(None, [chat.folder, chat.customer_ref]))
        return format_html('{}<span class="list-small">{}</span>', chat, small)

    @display(description=_("waiting"), ordering="waiting_since", empty_value="")
    def waiting(self, chat: Chat) -> str | None:
        return timesince(chat.waiting_since, timezone.now(), depth=1) if chat.waiting_since else None

    @display(description=_("conversation"))
    def conversation(self, chat: Chat) -> str:
        return format_html(
            '<a href="{}" class="underline">{}</a>', conversation_url(chat.pk), _("Open the conversation")
        )

    @action(description=_("Open the conversation"), icon="forum", permissions=["view"])
    def open_conversation(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(conversation_url(int(object_id)))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Chat], search_term: str
    ) -> tuple[QuerySet[Chat], bool]:
        """By a name in any of its forms, by part of one, by folder, customer or the whole id."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if is_id(term):
            return queryset.filter(pk=int(term)), False
        named = Q(name__icontains=term) | Q(folder__icontains=term) | Q(customer_ref__icontains=term)
        query = compiled_for(request, term, beginnings=True)
        found = keys_named(Chat.objects.all(), said_in(("name", "folder"), query) | named)
        return queryset.filter(pk__in=found), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Chat | None = None) -> bool:
        return False


@admin.register(Message)
class MessageAdmin(LargeTableAdmin):
    list_display = ("said_at", "said", "author", "place", "meaning")
    list_filter = (
        ("timestamp", PeriodFilter),
        ("chat", OneOfManyFilter),
        ("user", OneOfManyFilter),
        RoleFilter,
        "message_type",
        "source",
    )
    list_filter_submit = True
    list_select_related = ("chat", "user__role", "analysis")
    list_empty = _("Messages appear here as they are written in chats that the bot reads.")
    page_key = ("timestamp", "pk")
    export_columns = (
        Column(_("time"), "timestamp"),
        Column(_("chat"), "chat"),
        Column(_("author"), "user"),
        Column(_("role"), "user.role"),
        Column(_("type"), "get_message_type_display"),
        Column(_("text"), "text"),
        Column(_("transcript"), "transcript"),
        Column(_("intent"), lambda message: _meaning(message, "get_intent_display")),
        Column(_("sentiment"), lambda message: _meaning(message, "get_sentiment_display")),
        Column(_("urgent"), lambda message: _meaning(message, "is_urgent")),
        Column(_("source"), "get_source_display"),
        Column(_("edited"), "edited_at"),
        Column(_("chat id"), "chat_id"),
        Column(_("message id"), "telegram_message_id"),
    )
    # The room of intents brings what stands above the list and the message (as templates, by their names).
    list_before_template = "intents/messages_top.html"
    change_form_outer_before_template = "messaging/message_top.html"
    search_fields = ("text",)
    search_help_text = _("Words in any form, «phrases» in quotes, -word to leave out.")
    exclude = ("search_vector", "changed_xid", "said_xid", "origin")

    @display(description=_("time"))
    def said_at(self, message: Message) -> str:
        return format_html('<span class="nowrap">{}</span>', local_time(message.timestamp))

    @display(description=_("text"))
    def said(self, message: Message) -> str:
        """The words; below, in small, what kind of message it is where it is not plain text."""
        words = excerpt(message.text or message.transcript, 200) or message.excerpt
        facts = [
            message.get_message_type_display() if message.message_type != Message.Type.TEXT else "",
            gettext("edited") if message.edited_at else "",
            gettext("deleted") if message.deleted_at else "",
            message.get_source_display() if message.source == Message.Source.IMPORT else "",
        ]
        small = " · ".join(str(fact) for fact in facts if fact)
        return format_html(
            '<span class="list-words">{}<span class="list-small">{}</span></span>', words, small
        )

    @display(description=_("chat"))
    def place(self, message: Message) -> str:
        return linked_place(message)

    @display(description=_("author"))
    def author(self, message: Message) -> str:
        if message.user is None:
            return "—"
        role = message.user.role.display_name
        return format_html('{}<span class="list-small">{}</span>', message.user.display_name, role)

    @display(description=_("meaning"), empty_value="")
    def meaning(self, message: Message) -> str | None:
        """The room of intents brings the label's look (list_before_template)."""
        analysis = getattr(message, "analysis", None)
        if analysis is None:
            return None
        label = format_html(
            '<span class="label label-{}">{}</span>', analysis.intent, analysis.get_intent_display()
        )
        urgent = (
            format_html('<span class="label label-urgent">{}</span>', gettext("Urgent"))
            if analysis.is_urgent
            else ""
        )
        return format_html('<div class="labels is-short">{}{}</div>', label, urgent)

    def counts_choices(self, changelist: HubChangeList) -> bool:
        """Of a frequent word the search reads messages until a page is full; to count would mean all."""
        return not changelist.query or plan(compiled_for(changelist.request, changelist.query)) is None

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Django knows the lookups of its own filters only."""
        return lookup == RoleFilter.parameter_name or super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        queryset: QuerySet[Message] = super().get_queryset(request)
        return queryset.defer("search_vector")

    def get_urls(self) -> list[URLPattern]:
        # Cacheable, by this one browser: the admin would forbid it.
        sound = self.admin_site.admin_view(require_safe(self.sound_view), cacheable=True)
        return [path("<int:pk>/sound/", sound, name="messaging_message_sound"), *super().get_urls()]

    def sound_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """What was spoken, for players."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        recording = get_object_or_404(Recording.objects.select_related("message"), message=pk)
        try:
            return serve_sound(request, recording)
        except FileNotFoundError:
            raise Http404 from None

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        *args: Any,
        obj: Message | None = None,
        **kwargs: Any,
    ) -> HttpResponse:
        if obj is not None:
            context["conversation"] = read_one(obj)
        rows = Recording.objects.filter(message=obj).select_related("message", "writer")
        recording = rows.defer("message__search_vector").first() if obj else None
        if recording is not None:
            context |= page_context(recording, request.user)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        """The same search as the API's, not a scan for substrings."""
        if not search_term.strip():
            return queryset, False
        assert isinstance(queryset, MessageQuerySet)  # noqa: S101  (the model's own)
        return queryset.found_by(compiled_for(request, search_term)), False


def messages_link(parameter: str, value: int, label: str) -> str:
    """Into the list of messages, filtered to one chat or person."""
    url = f"{reverse('admin:messaging_message_changelist')}?{parameter}={value}"
    return format_html('<a href="{}" class="underline nowrap">{}</a>', url, label)


def is_id(term: str) -> bool:
    """Whether a search is a Telegram id, whole."""
    return term.removeprefix("-").isdecimal() and term.isascii() and abs(int(term)) < 2**63


def _meaning(message: Message, name: str) -> object:
    """A fact of the message's analysis, of a model in a room above this one; None where there is none."""
    value = getattr(getattr(message, "analysis", None), name, None)
    return value() if callable(value) else value
