"""The admin of what is of no room: the site itself, the desk's pages, staff accounts and groups."""

from django.contrib import admin

from cvgorod_hub.desk.urls import desk_urls
from cvgorod_hub.staff.admin import register

# unfold's site puts these beside the models' pages.
admin.site.extra_urls = desk_urls  # type: ignore[attr-defined]
register()
