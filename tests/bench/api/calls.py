"""Which calls are measured, with what in them, and what their goals are beside."""

from dataclasses import dataclass, replace
from urllib.parse import quote

from tests.bench.api.words import MIX, RARE

PREFIX = "/api/v1"
# The lean server's calls that others are measured beside.
LIST, DETAIL = "messages", "message_detail"
# How many different paths a call takes turns with.
VARIETY = 20
# Of two that are as fast as each other, either is ahead in half of the runs, by a few per cent.
AS_FAST = 0.95


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call by its paths, which requests take in turn.

    In a path stand {chat}, {client} and {message} (keys, VARIETY different ones in turn) and {deep} (a cursor
    half way down the history: one page, as the first page is one). `goal` is the least ratio of requests a
    second, beside `beside`: this call of the lean server ("lean"), the lean server's call of that name,
    "pgbench", or our own "first page".
    """

    name: str
    path: str
    goal: float
    beside: str = "lean"
    # Rows that a full page has; None where the count says nothing.
    rows: int | None = None
    words: tuple[str, ...] = ()
    posts: bool = False
    has_lean: bool = True
    has_history: bool = True

    @property
    def short_name(self) -> str:
        return self.name.removeprefix("api.")


CALLS = (
    Call(name="api.messages", path="/messages?limit=100", goal=1.0, rows=100),
    Call(name="api.messages_in_chat", path="/messages?limit=100&chat_id={chat}", goal=1.0, rows=100),
    Call(
        name="api.messages_deep",
        path="/messages?limit=100&cursor={deep}",
        goal=AS_FAST,
        beside="first page",
        rows=100,
    ),
    Call(
        name="api.client_messages",
        path="/clients/{client}/messages?limit=100",
        goal=1.0,
        beside=LIST,
        rows=100,
    ),
    Call(name="api.message_detail", path="/messages/{message}", goal=0.5),
    Call(name="api.search_rare", path="/messages?limit=100&search={word}", goal=0.5, words=(RARE[0],)),
    Call(
        name="api.search_mix",
        path="/messages?limit=100&search={word}",
        goal=0.5,
        beside="pgbench",
        words=tuple(word for word, _forms, _count in MIX),
    ),
    Call(name="api.clients", path="/clients?limit=100", goal=0.5, beside=LIST, rows=100),
    Call(name="api.chats", path="/chats?limit=100", goal=0.5, beside=LIST, rows=100),
    # Counts what a chat's people wrote, so it grows with the chat; the goal is that it reads that chat alone.
    Call(
        name="api.participants",
        path="/chats/{chat}/participants",
        goal=0.1,
        beside=LIST,
        has_lean=False,
        has_history=False,
    ),
    Call(name="api.stats_total", path="/messages/stats/total", goal=0.25, beside=DETAIL, has_lean=False),
    Call(
        name="api.stats_total_of_days",
        path="/messages/stats/total?days=30",
        goal=0.25,
        beside=DETAIL,
        has_lean=False,
    ),
    Call(name="api.intents", path="/intents", goal=0.25, beside=DETAIL, has_lean=False),
    Call(name="api.intents_daily", path="/intents/daily", goal=0.25, beside=DETAIL, has_lean=False),
    Call(name="api.clients_active", path="/clients/stats/active", goal=0.25, beside=DETAIL, has_lean=False),
    Call(name="api.urgent", path="/intents/urgent", goal=0.5, beside=LIST),
    Call(name="api.pending", path="/sandbox/pending", goal=0.5, beside=LIST, rows=100),
    Call(name="api.send", path="/send", goal=0.4, posts=True, has_history=False),
)
BY_NAME = {call.short_name: call for call in CALLS}
# Every word of the mix alone does at least so many requests a second.
LEAST_PER_WORD = 100


def words_in(path: str, words: tuple[str, ...]) -> list[str]:
    """The path with each of the words in turn."""
    return [path.replace("{word}", quote(word)) for word in words] if words else [path]


def alone(call: Call, word: str) -> Call:
    """The same call with one of its words."""
    return replace(call, words=(word,))
