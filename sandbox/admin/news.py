"""What happened in a chat since it was read, or a reply was proposed: marked there, told in one sentence."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from cvgorod_hub.common.dates import local_time
from messaging.conversation import Conversation
from messaging.models import Message
from sandbox.querysets import VisibleIn

Source = Message.Source


@dataclass(frozen=True)
class News:
    """Of the messages shown: what was said afterwards, and what was said before but changed afterwards."""

    said: list[Message]
    changed: list[Message]

    @property
    def sentence(self) -> str:
        """Who wrote or edited, and when; empty when it is none of the messages shown."""
        facts = [*_by_clients(self.said), *_by_us(self.said), *_edits(self.changed)]
        return _("The conversation went on: %(facts)s.") % {"facts": "; ".join(facts)} if facts else ""


def news_since(conversation: Conversation, *, snapshot: str, at: datetime) -> News:
    """What that snapshot, taken `at` this time, could not see: by it staleness is told, too. In one query."""
    shown = [said.message for said in conversation.said]
    unseen = set(
        Message.objects.filter(
            ~VisibleIn(Coalesce("said_xid", "changed_xid"), Value(snapshot)),
            pk__in=[message.pk for message in shown],
        ).values_list("pk", flat=True)
    )
    news = [message for message in shown if message.pk in unseen]
    changed = [message for message in news if _was_there(message, at)]
    return News(said=[message for message in news if message not in changed], changed=changed)


def _was_there(message: Message, at: datetime) -> bool:
    """Already stored at that time: an edit, or a transcript, is what came afterwards.

    Without either it was being stored at that very moment.
    """
    may_have_changed = message.edited_at is not None or bool(message.transcript_state)
    return may_have_changed and message.created_at < at


def _by_clients(said: list[Message]) -> Iterator[str]:
    spoken = [message for message in said if _is_of_client(message)]
    if len(spoken) == 1:
        yield _("the client wrote (%(time)s)") % {"time": local_time(spoken[0].timestamp)}
    elif spoken:
        times = {"count": len(spoken), "time": local_time(spoken[-1].timestamp)}
        # A label, so that every number reads well.
        yield _("new messages of the client: %(count)d, the last at %(time)s") % times


def _by_us(said: list[Message]) -> Iterator[str]:
    for message in said:
        time = local_time(message.timestamp)
        if message.source == Source.SENT:
            yield _("another reply of ours went out (%(time)s)") % {"time": time}
        elif message.source == Source.TELEGRAM and message.message_type != Message.Type.SERVICE:
            if message.user is None:
                yield _("somebody wrote on behalf of the chat (%(time)s)") % {"time": time}
            elif message.user.role.is_staff and not message.user.role.is_bot:
                yield _("%(who)s wrote (%(time)s)") % {"who": message.user.display_name, "time": time}


def _edits(changed: list[Message]) -> Iterator[str]:
    for message in changed:
        who = message.user.display_name if message.user else str(message.chat)
        time: datetime = message.edited_at or message.timestamp
        yield _("%(who)s changed a message (%(time)s)") % {"who": who, "time": local_time(time)}


def _is_of_client(message: Message) -> bool:
    if message.user is None or message.source != Source.TELEGRAM:
        return False
    role = message.user.role
    return not role.is_staff and not role.is_bot and message.message_type != Message.Type.SERVICE
