"""Who did what to which reply, for directors; nobody changes it."""

from django.contrib import admin

from cvgorod_hub.common.admin import LargeTableAdmin
from sandbox.models import ResponseEvent


@admin.register(ResponseEvent)
class ResponseEventAdmin(LargeTableAdmin):
    list_display = ("created_at", "kind", "actor_name", "response", "detail")
    list_filter = ("kind",)
    list_select_related = ("response",)
