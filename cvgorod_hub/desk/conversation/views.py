"""The page of a conversation, and what a page that follows it asks for."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cvgorod_hub.desk.conversation.answering import UnreadableFormError, answer, read_seen
from cvgorod_hub.desk.conversation.chats import OpenChat, open_chat
from cvgorod_hub.desk.conversation.following import what_came
from cvgorod_hub.desk.conversation.page import Asked, page_context, part_context, read_address
from messaging.conversation import Conversation
from messaging.conversation_links import conversation_url
from sandbox.actors import REVIEW_PERMISSION, Actor
from sandbox.admin.news import news_since
from sandbox.errors import IdempotencyConflictError, SandboxError

VIEW_PERMISSION = "messaging.view_message"


@require_http_methods(["GET", "HEAD", "POST"])
def conversation_view(request: HttpRequest, chat_id: str) -> HttpResponse:
    """The page; for scripts a part of it; and a reply that was written on it."""
    _refuse_strangers(request)
    opened = open_chat(chat_id)
    if request.method == "POST":
        return _answer(request, opened)
    asked = read_address(request)
    if asked.message is not None and asked.message.chat_id != opened.chat.pk:
        return HttpResponseRedirect(conversation_url(asked.message.chat_id, asked.message.pk))
    if _is_script(request):
        return render(request, "desk/conversation_part.html", part_context(opened, asked, request))
    return _page(request, opened, asked)


@require_safe
def news_view(request: HttpRequest, chat_id: str) -> HttpResponse:
    """What came and changed since a page was read, for scripts."""
    _refuse_strangers(request)
    return JsonResponse(what_came(open_chat(chat_id), request))


def _refuse_strangers(request: HttpRequest) -> None:
    if not request.user.has_perm(VIEW_PERMISSION):
        raise PermissionDenied


def _is_script(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "fetch"


def _page(request: HttpRequest, opened: OpenChat, asked: Asked, **more: Any) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "is_fullwidth": "1",
        **page_context(opened, asked, request),
        **part_context(opened, asked, request),
        **more,
    }
    if "refused_seen" in more:
        context |= _news_context(context["conversation"], opened, more["refused_seen"])
    return TemplateResponse(request, "desk/conversation.html", context)


def _answer(request: HttpRequest, opened: OpenChat) -> HttpResponse:
    """Send it and show the chat's end; or show the page again, with the reason and what was typed."""
    if not request.user.has_perm(REVIEW_PERMISSION):
        raise PermissionDenied
    try:
        replied = answer(opened=opened, actor=Actor.from_user(request.user), data=request.POST)
    except IdempotencyConflictError:
        messages.error(request, _("This form was sent already, with other words. Are both meant?"))
        return _page(request, opened, read_address(request))
    except SandboxError as error:
        messages.error(request, str(error))
        return _page(request, opened, read_address(request), refused_seen=request.POST.get("seen", ""))
    if replied.waits:
        messages.success(request, _("Saved. By the rule of four eyes somebody else approves it."))
    elif replied.created:
        messages.success(request, _("On its way to Telegram."))
    else:
        messages.info(request, _("This reply was taken already; it is not sent twice."))
    return HttpResponseRedirect(conversation_url(opened.chat.pk))


def _news_context(conversation: Conversation, opened: OpenChat, signed: str) -> dict[str, Any]:
    """What its writer could not have read: a line before it, and a sentence."""
    try:
        seen = read_seen(opened, signed)
    except UnreadableFormError:
        return {}
    news = news_since(conversation, snapshot=seen.snapshot, at=seen.at)
    return {
        "line_before_id": news.said[0].pk if news.said else None,
        "line_text": _("while you were writing"),
        "changed_ids": {message.pk for message in news.changed},
        "changed_text": _("Changed while you were writing"),
        "news": news.sentence,
    }
