"""The form under a conversation: what it carries, and what comes of a post."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from django import forms
from django.core import signing
from django.http import QueryDict
from django.utils.translation import gettext as _

from cvgorod_hub.desk.conversation.chats import OpenChat
from messaging.models import Message
from sandbox.actors import Actor
from sandbox.errors import ChatUnreachableError, SandboxError
from sandbox.proposals import refuse_unreachable
from sandbox.replying import Replied, reply

_SEEN_SALT = "desk.conversation.seen"


class UnreadableFormError(SandboxError):
    """What was posted is not what the page sends."""

    code = "unreadable_form"


@dataclass(frozen=True)
class Seen:
    """What the page showed: the snapshot in which the chat was read, and when."""

    snapshot: str
    at: datetime


class AnswerForm(forms.Form):
    form_id = forms.UUIDField()
    seen = forms.CharField()
    # Not stripped or limited here: sandbox/texts.py has the rules, for every way in.
    text = forms.CharField(required=False, strip=False)
    answer = forms.IntegerField(required=False)


def new_form_id() -> str:
    return str(uuid.uuid4())


def sign_seen(opened: OpenChat) -> str:
    """For the form: what is written holds for the conversation as it was read."""
    at = datetime.now(UTC).timestamp()
    return signing.dumps([opened.chat.pk, opened.snapshot, at], salt=_SEEN_SALT)


def read_seen(opened: OpenChat, signed: str) -> Seen:
    """Raises UnreadableFormError for anything that this chat's page did not sign."""
    try:
        chat_id, snapshot, at = signing.loads(signed, salt=_SEEN_SALT)
    except (signing.BadSignature, ValueError):
        chat_id, snapshot, at = None, "", 0.0
    if chat_id != opened.chat.pk:
        raise UnreadableFormError(_("The form was changed on its way; nothing was sent. Send it again."))
    return Seen(str(snapshot), datetime.fromtimestamp(at, UTC))


def answer(*, opened: OpenChat, actor: Actor, data: QueryDict) -> Replied:
    """Carry out what was posted; raises SandboxError with the sentence that says why not."""
    form = AnswerForm(data)
    if not form.is_valid():
        raise UnreadableFormError(_("The form was incomplete; nothing was sent. Send it again."))
    values = form.cleaned_data
    if opened.chat.migrated_to is not None:
        raise UnreadableFormError(_("This group goes on elsewhere; nothing was sent."))
    answered = find_answered(opened, str(values["answer"] or ""))
    return reply(
        chat_id=opened.chat.pk,
        text=values["text"],
        actor=actor,
        form_id=str(values["form_id"]),
        seen=read_seen(opened, values["seen"]).snapshot,
        reply_to_message_id=answered.telegram_message_id if answered else None,
    )


def find_answered(opened: OpenChat, message_id: str) -> Message | None:
    """The message of this chat that a reply is to quote; None where Telegram cannot quote it."""
    if not message_id.isdecimal() or len(message_id) > 18:
        return None
    quotable = Message.objects.filter(
        chat=opened.chat,
        telegram_message_id__isnull=False,
        business_connection_id="",
        deleted_at=None,
        erased_at=None,
    )
    found = quotable.select_related("user__role").defer("search_vector")
    return found.filter(pk=int(message_id)).first()


def why_closed(opened: OpenChat) -> str:
    """Why nothing can be written here now, in a sentence; empty where it can."""
    try:
        refuse_unreachable(opened.chat)
    except ChatUnreachableError as error:
        return str(error)
    return ""
