"""The desk's pages, beside those of the models."""

from django.contrib import admin
from django.urls import URLPattern, path

from cvgorod_hub.desk.home.replies_page import replies_view
from cvgorod_hub.desk.waiting.page import waiting_view


def desk_urls() -> list[URLPattern]:
    """What the admin's site serves under its own address, for staff only."""
    guard = admin.site.admin_view
    return [
        path("desk/waiting/", guard(waiting_view), name="desk_waiting"),
        path("desk/replies/", guard(replies_view), name="desk_replies"),
    ]
