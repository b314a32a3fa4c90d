"""Why the sandbox refuses. Each message is one sentence for a person."""


class SandboxError(Exception):
    pass


class InvalidTextError(SandboxError):
    """The text cannot be sent as one Telegram message."""


class ChatNotFoundError(SandboxError):
    """The hub knows no chat of this id."""


class ChatUnreachableError(SandboxError):
    """The bot cannot write to this chat."""


class IdempotencyConflictError(SandboxError):
    """The idempotency key was used for something else."""


class ReviewConflictError(SandboxError):
    """Somebody was first, or the text changed: nothing was done."""


class StaleResponseError(SandboxError):
    """The chat moved on since the reply was proposed; a second, explicit yes is needed."""
