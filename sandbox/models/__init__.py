"""The sandbox's tables."""

from sandbox.models.responses import PendingResponse, ResponseEvent
from sandbox.models.rules import RejectionReason, SandboxSettings
from sandbox.models.sending import SendingState

__all__ = ["PendingResponse", "RejectionReason", "ResponseEvent", "SandboxSettings", "SendingState"]
