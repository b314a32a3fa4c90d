"""What a page shows of a recording: its player, its words, and what a person may do (recording_top.html)."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin

from messaging.models import Recording
from messaging.recordings import can_retry

TEMPLATE = "messaging/recording_top.html"


def page_context(
    recording: Recording, user: AbstractBaseUser | AnonymousUser | PermissionsMixin
) -> dict[str, Any]:
    """The template's words for a recording with its message and writer, as this person may see it."""
    return {
        "recording": recording,
        "earlier_transcripts": recording.versions.all(),
        "may_change_recording": isinstance(user, PermissionsMixin)
        and user.has_perm("messaging.change_recording"),
        "can_retry": can_retry(recording),
    }
