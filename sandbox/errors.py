"""Why the sandbox refuses. Each message is one sentence for a person; `code` is the same for programs."""


class SandboxError(Exception):
    code = "refused"


class InvalidTextError(SandboxError):
    """The text cannot be sent as one Telegram message."""

    code = "invalid_text"


class ChatNotFoundError(SandboxError):
    """The hub knows no chat of this id."""

    code = "chat_not_found"


class ChatUnreachableError(SandboxError):
    """The bot cannot write to this chat."""

    code = "chat_unreachable"


class ProposalsPausedError(SandboxError):
    """People paused all proposals."""

    code = "proposals_paused"


class ChatClosedError(SandboxError):
    """People want no proposals for this chat."""

    code = "chat_closed_to_proposals"


class IdempotencyConflictError(SandboxError):
    """The idempotency key was used for something else."""

    code = "idempotency_conflict"


class ReviewConflictError(SandboxError):
    """Somebody was first, or the text changed: nothing was done."""

    code = "conflict"


class StaleResponseError(SandboxError):
    """The chat moved on since the reply was proposed; a second, explicit yes is needed."""

    code = "stale"


class FourEyesError(SandboxError):
    """Whoever proposed a reply cannot approve it."""

    code = "four_eyes"


class BatchNotFoundError(SandboxError):
    """This agent proposed no such batch."""

    code = "batch_not_found"
