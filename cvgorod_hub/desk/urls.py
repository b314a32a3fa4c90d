"""Addresses of the desk's pages, within the admin (`admin:desk_…`)."""

from django.contrib import admin
from django.urls import URLPattern, re_path

from cvgorod_hub.desk.conversation.views import conversation_view, news_view

_CHAT = r"desk/conversation/(?P<chat_id>-?[0-9]{1,18})/"


def desk_urls() -> list[URLPattern]:
    """For the admin's site (`extra_urls`): each asks for a login first."""
    page, news = (admin.site.admin_view(view) for view in (conversation_view, news_view))
    return [
        re_path(rf"^{_CHAT}$", page, name="desk_conversation"),
        re_path(rf"^{_CHAT}news/$", news, name="desk_conversation_news"),
    ]
