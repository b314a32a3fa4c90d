"""The house rules: settings of the sandbox, and the reasons to reject with."""

from django.contrib import admin
from solo.admin import SingletonModelAdmin
from unfold.admin import ModelAdmin

from sandbox.models import RejectionReason, SandboxSettings


@admin.register(SandboxSettings)
class SandboxSettingsAdmin(SingletonModelAdmin, ModelAdmin):
    pass


@admin.register(RejectionReason)
class RejectionReasonAdmin(ModelAdmin):
    list_display = ("text", "place", "is_offered")
    list_editable = ("place", "is_offered")
