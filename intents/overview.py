"""What cannot wait."""

from functools import cache, lru_cache

from django.db.models import QuerySet

from cvgorod_hub.common.prepared import fetch_prepared
from cvgorod_hub.common.statements import IsOneOf, Statement, compile_documents, numbers
from intents.models import MessageAnalysis
from intents.serializers import UrgentRow

# SQL of its own: chat by chat, so that nothing is read but what is said since somebody waits there. The ORM
# knows no LATERAL, and as one join PostgreSQL takes it for a large part of all that was urgent ever.
_FIND = """
WITH unanswered AS MATERIALIZED (
    SELECT urgent.message_id, urgent.said_at
      FROM chats, LATERAL (
        SELECT message_id, said_at FROM urgent_messages
         WHERE chat_id = chats.id AND said_at >= chats.waiting_since
         ORDER BY said_at DESC, message_id DESC LIMIT {limit}
      ) AS urgent
     WHERE chats.waiting_since IS NOT NULL AND {visible}
     ORDER BY said_at DESC, message_id DESC LIMIT {limit}
), answered AS (
    SELECT urgent.message_id, urgent.said_at
      FROM urgent_messages AS urgent JOIN chats ON chats.id = urgent.chat_id
     WHERE (chats.waiting_since IS NULL OR urgent.said_at < chats.waiting_since) AND {visible} AND {answered}
     ORDER BY said_at DESC, message_id DESC LIMIT {limit}
)
SELECT message_id, is_unanswered FROM (
    SELECT message_id, said_at, true AS is_unanswered FROM unanswered
    UNION ALL SELECT message_id, said_at, false FROM answered
) AS listed
 ORDER BY is_unanswered DESC, said_at DESC, message_id DESC LIMIT {limit}
"""


def urgent_messages(
    *, limit: int, unanswered_only: bool = False, chat_ids: frozenset[int] | None = None
) -> list[str]:
    """Urgent messages as JSON texts (UrgentItem): those that still wait for an answer, then the others, each
    newest first; in these chats (None: in all).
    """
    statement = _statement(limit, unanswered_only=unanswered_only, is_limited=chat_ids is not None)
    found = fetch_prepared(statement, {} if chat_ids is None else {"chats": sorted(chat_ids)})
    documents = {number: text for text, number in _rows().rows({"ids": [number for number, _flag in found]})}
    return [
        f'{documents[number][:-1]},"unanswered":{"true" if is_unanswered else "false"}}}'
        for number, is_unanswered in found
        if number in documents
    ]


@lru_cache(maxsize=64)
def _statement(limit: int, *, unanswered_only: bool, is_limited: bool) -> str:
    # Written out: behind a parameter PostgreSQL would not know how few rows are wanted.
    return _FIND.format(
        limit=int(limit),
        visible="chats.id = ANY (%(chats)s::bigint[])" if is_limited else "true",
        answered="false" if unanswered_only else "true",
    )


@cache
def _rows() -> Statement:
    analyses: QuerySet[MessageAnalysis] = MessageAnalysis.objects.filter(
        IsOneOf("message_id", numbers("ids"))
    )
    return compile_documents(analyses, columns=UrgentRow.columns(), also=("message_id",))
