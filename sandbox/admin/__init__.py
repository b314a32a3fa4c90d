"""The sandbox in the admin: the queue, the page of one reply, the house rules and the log."""

from sandbox.admin.log import ResponseEventAdmin
from sandbox.admin.queue import PendingResponseAdmin
from sandbox.admin.rules import RejectionReasonAdmin, SandboxSettingsAdmin

__all__ = ["PendingResponseAdmin", "RejectionReasonAdmin", "ResponseEventAdmin", "SandboxSettingsAdmin"]
