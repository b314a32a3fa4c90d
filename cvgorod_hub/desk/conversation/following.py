"""What a page that follows a chat is told: all that came or changed there since it last asked.

"Since" is told by transactions, as in the feed: what was committed late, or came out of its order, is not
passed over.
"""

from typing import Any

from django.http import Http404, HttpRequest
from django.template.loader import render_to_string

from cvgorod_hub.desk.conversation.answering import sign_seen
from cvgorod_hub.desk.conversation.chats import OpenChat
from cvgorod_hub.desk.conversation.drafts import Drafts, read_moved
from cvgorod_hub.desk.conversation.finding import read_query
from cvgorod_hub.desk.conversation.page import DRAFTS_PERMISSION, lines_context
from messaging.conversation import read_changed

# More than this at once, and the page is better read anew.
MOST_NEWS = 200
_MOST_DRAFTS = 200


def what_came(opened: OpenChat, request: HttpRequest) -> dict[str, Any]:
    """`lines` and `drafts` as HTML, `waiting` in words, `since` and `seen` for the next time; `again`: the
    page is to be read anew.

    Raises Http404 where the address was not the page's.
    """
    since = _read_numbers(request.GET.get("since", ""))
    shown_ids = _read_numbers(request.GET.get("drafts", ""))
    if len(since) != 1:
        raise Http404
    until = opened.settled_until
    conversation = read_changed(chat_id=opened.chat.pk, since=since[0], until=until, limit=MOST_NEWS)
    drafts = Drafts(open=[], quiet=[], behind={})
    if request.user.has_perm(DRAFTS_PERMISSION):
        drafts = read_moved(opened, conversation, shown_ids)
    text = request.GET.get("q", "").strip()
    context = {
        **lines_context(opened, conversation, drafts, request),
        "query": read_query(text) if text else None,
    }
    return {
        # A number from the future is of another database.
        "again": conversation.has_earlier or since[0] > until,
        "since": str(until),
        "seen": sign_seen(opened),
        "waiting": opened.waiting,
        "lines": render_to_string("desk/conversation_lines.html", context, request),
        "drafts": render_to_string("desk/open_drafts.html", context, request),
    }


def _read_numbers(text: str) -> list[int]:
    parts = [part for part in text.split(",") if part][:_MOST_DRAFTS]
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise Http404
    return [int(part) for part in parts]
