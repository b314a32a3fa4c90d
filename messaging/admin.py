"""Chats and messages in the admin."""

from contextlib import nullcontext
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from clients.admin import TelegramUserAdmin
from clients.models import TelegramUser
from cvgorod_hub.common.admin import LargeTableAdmin, excerpt
from cvgorod_hub.common.period_filter import PeriodFilter
from messaging.activity import changing_role
from messaging.conversation import read_one
from messaging.conversation_links import conversation_url, linked_place
from messaging.history.admin import HistoryImportAdmin
from messaging.models import Chat, Message, Recording
from messaging.querysets import MessageQuerySet
from messaging.recording_page import page_context
from messaging.sound import serve_sound

__all__ = ["ChatAdmin", "HistoryImportAdmin", "MessageAdmin", "PersonAdmin"]


@admin.register(TelegramUser)
class PersonAdmin(TelegramUserAdmin):
    """A person's page. A new role applies to what was said before, too."""

    def save_model(
        self, request: HttpRequest, obj: TelegramUser, form: "ModelForm[TelegramUser]", change: bool
    ) -> None:
        with changing_role(user_id=obj.pk) if "role" in form.changed_data else nullcontext():
            super().save_model(request, obj, form, change)


@admin.register(Chat)
class ChatAdmin(ModelAdmin):
    list_display = (
        "name",
        "conversation",
        "chat_type",
        "waiting",
        "last_message_at",
        "members_count",
        "is_active",
    )
    actions_detail = ("open_conversation",)
    list_filter = ("chat_type", "is_active", "reply_mode", "folder")
    search_fields = ("name", "id", "customer_ref")
    show_full_result_count = False
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

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Chat | None = None) -> bool:
        return False


@admin.register(Message)
class MessageAdmin(LargeTableAdmin):
    list_display = ("said", "place", "author", "role", "message_type", "timestamp")
    list_filter = (("timestamp", PeriodFilter), "message_type", "source", "user__role")
    list_filter_submit = True
    list_select_related = ("chat", "user__role")
    # The room of intents brings what stands above the list and the message (as templates, by their names).
    list_before_template = "intents/messages_top.html"
    change_form_outer_before_template = "messaging/message_top.html"
    search_fields = ("text",)
    search_help_text = _("Words in any form, «phrases» in quotes, -word to leave out.")
    exclude = ("search_vector", "changed_xid", "said_xid", "origin")

    @display(description=_("text"))
    def said(self, message: Message) -> str:
        return excerpt(message.text or message.transcript) or message.excerpt

    @display(description=_("chat"))
    def place(self, message: Message) -> str:
        return linked_place(message)

    @display(description=_("author"))
    def author(self, message: Message) -> str:
        return message.user.display_name if message.user else "—"

    @display(description=_("role"))
    def role(self, message: Message) -> str:
        return message.user.role.display_name if message.user else "—"

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
        return queryset.search(search_term), False
