"""What stands in a conversation, line by line: messages, and between them the drafts that became none."""

from dataclasses import dataclass
from datetime import datetime

from cvgorod_hub.desk.conversation.drafts import Drafts
from messaging.conversation import Conversation, Said
from sandbox.models import PendingResponse


@dataclass(frozen=True)
class Line:
    """A message, with the reply that it was in the sandbox; or a draft that became no message."""

    at: datetime
    said: Said | None = None
    reply: PendingResponse | None = None
    draft: PendingResponse | None = None

    @property
    def place(self) -> tuple[datetime, bool, int]:
        """A draft stands after what was said until then."""
        if self.said is not None:
            return (self.at, False, self.said.message.pk)
        return (self.at, True, self.draft.pk if self.draft else 0)


def lines_of(conversation: Conversation, drafts: Drafts) -> list[Line]:
    """In their order."""
    lines = [
        Line(said.message.timestamp, said=said, reply=drafts.behind.get(said.message.pk))
        for said in conversation.said
    ]
    lines += [Line(draft.created_at, draft=draft) for draft in drafts.quiet]
    return sorted(lines, key=lambda line: line.place)
