"""What the page of a conversation shows, whole or a part of it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest

from cvgorod_hub.desk.conversation.answering import find_answered, new_form_id, sign_seen, why_closed
from cvgorod_hub.desk.conversation.chats import OpenChat
from cvgorod_hub.desk.conversation.drafts import Drafts, read_drafts
from cvgorod_hub.desk.conversation.finding import find, read_query
from cvgorod_hub.desk.conversation.lines import lines_of
from messaging.conversation import Conversation, read_after, read_around, read_before, read_conversation
from messaging.conversation_links import conversation_url
from messaging.models import Message
from messaging.search import CompiledQuery
from sandbox.actors import REVIEW_PERMISSION
from sandbox.models import SandboxSettings
from sandbox.texts import MAX_TEXT_LENGTH

# Messages on the page at first, and in each part that scrolling brings: more than a screen of them.
PART = 30
DRAFTS_PERMISSION = "sandbox.view_pendingresponse"


@dataclass(frozen=True)
class Asked:
    """What the address asks for."""

    message: Message | None
    before: str
    after: str
    text: str
    query: CompiledQuery | None


def read_address(request: HttpRequest) -> Asked:
    """Raises Http404 for a message that the hub does not have."""
    text = request.GET.get("q", "").strip()
    return Asked(
        message=_find_message(request.GET.get("message", "")),
        before=request.GET.get("before", ""),
        after=request.GET.get("after", ""),
        text=text,
        query=read_query(text) if text else None,
    )


def part_context(opened: OpenChat, asked: Asked, request: HttpRequest) -> dict[str, Any]:
    """The part of the conversation that the address asks for: the page has it, and scripts fetch it alone."""
    conversation = _read(opened, asked)
    url = conversation_url(opened.chat.pk)
    words = {"q": asked.text} if asked.text else {}
    said = conversation.said
    earlier = said and conversation.has_earlier and {"before": conversation.first_place, **words}
    later = said and conversation.has_later and {"after": conversation.last_place, **words}
    return {
        "conversation": conversation,
        **lines_context(opened, conversation, read_shown_drafts(opened, conversation, request), request),
        "query": asked.query,
        "opened_id": asked.message.pk if asked.message else None,
        "earlier_url": f"{url}?{urlencode(earlier)}" if earlier else "",
        "later_url": f"{url}?{urlencode(later)}" if later else "",
        "newest_url": f"{url}?{urlencode(words)}" if words else url,
    }


def lines_context(
    opened: OpenChat, conversation: Conversation, drafts: Drafts, request: HttpRequest
) -> dict[str, Any]:
    """What the rows of a conversation are drawn from."""
    return {
        "lines": lines_of(conversation, drafts),
        "open_drafts": drafts.open,
        "conversation": conversation,
        "chat_url": conversation_url(opened.chat.pk),
        "can_reply": opened.chat.migrated_to is None and request.user.has_perm(REVIEW_PERMISSION),
    }


def read_shown_drafts(opened: OpenChat, conversation: Conversation, request: HttpRequest) -> Drafts:
    """Nothing for whoever may not see replies."""
    if not request.user.has_perm(DRAFTS_PERMISSION):
        return Drafts(open=[], quiet=[], behind={})
    return read_drafts(opened, conversation)


def page_context(opened: OpenChat, asked: Asked, request: HttpRequest) -> dict[str, Any]:
    """Everything around the conversation: who it is with, what was searched for, the form to answer."""
    return {
        "chat": opened.chat,
        "title": str(opened.chat),
        "waiting": opened.waiting,
        "earlier_chat_ids": opened.earlier_ids,
        "following": opened.settled_until,
        "search_text": asked.text,
        **_found_context(opened, asked, request),
        **_answer_context(opened, request),
    }


def _find_message(message_id: str) -> Message | None:
    if not message_id:
        return None
    is_number = message_id.isascii() and message_id.isdigit() and len(message_id) < 19
    messages = Message.objects.only("chat_id", "timestamp")
    message = messages.filter(pk=int(message_id)).first() if is_number else None
    if message is None:
        raise Http404
    return message


def _read(opened: OpenChat, asked: Asked) -> Conversation:
    chat_id = opened.chat.pk
    try:
        if asked.before:
            return read_before(chat_id=chat_id, place=asked.before, limit=PART)
        if asked.after:
            return read_after(chat_id=chat_id, place=asked.after, limit=PART)
    except ValueError:
        raise Http404 from None
    if asked.message is not None:
        return read_around(asked.message, limit=PART)
    return read_conversation(chat_id=chat_id, limit=PART)


def _found_context(opened: OpenChat, asked: Asked, request: HttpRequest) -> dict[str, Any]:
    if asked.query is None:
        return {"found": None}
    try:
        found = find(chat_id=opened.chat.pk, query=asked.query, older_than=request.GET.get("found", ""))
    except ValueError:
        raise Http404 from None
    older = urlencode({"q": asked.text, "found": found.older}) if found.older else ""
    return {"found": found, "found_words": urlencode({"q": asked.text}), "older_found": older}


def _answer_context(opened: OpenChat, request: HttpRequest) -> dict[str, Any]:
    if opened.chat.migrated_to is not None or not request.user.has_perm(REVIEW_PERMISSION):
        return {"may_answer": False}
    rules = SandboxSettings.get_solo()
    quoted_id = request.POST.get("answer", "") or request.GET.get("answer", "")
    return {
        "may_answer": True,
        "why_closed": why_closed(opened),
        "is_four_eyes": rules.four_eyes,
        "answered": find_answered(opened, quoted_id) if quoted_id else None,
        "text": request.POST.get("text", ""),
        "form_id": new_form_id(),
        "seen": sign_seen(opened),
        "text_limit": MAX_TEXT_LENGTH,
    }
