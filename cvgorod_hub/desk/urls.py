"""Addresses of the desk's pages, within the admin (`admin:desk_…`)."""

from django.contrib import admin
from django.urls import URLPattern, path, re_path

from cvgorod_hub.desk.conversation.views import conversation_view, news_view
from cvgorod_hub.desk.home.replies_page import replies_view
from cvgorod_hub.desk.waiting.page import waiting_view

_CHAT = r"desk/conversation/(?P<chat_id>-?[0-9]{1,18})/"


def desk_urls() -> list[URLPattern]:
    """For the admin's site (`extra_urls`): each asks for a login first."""
    guard = admin.site.admin_view
    return [
        path("desk/waiting/", guard(waiting_view), name="desk_waiting"),
        path("desk/replies/", guard(replies_view), name="desk_replies"),
        re_path(rf"^{_CHAT}$", guard(conversation_view), name="desk_conversation"),
        re_path(rf"^{_CHAT}news/$", guard(news_view), name="desk_conversation_news"),
    ]
