"""What `/metrics` tells of the database: collecting, work that waits, neighbours that the hub calls."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import Metric

from cvgorod_hub.common.together import Rows
from cvgorod_hub.watching.facts import OPEN, State
from cvgorod_hub.watching.samples import counter, each, each_number, gauge, of_all, one
from intents.llm.records import ModelState
from sandbox.models import ResponseEvent

Facts = Mapping[str, Rows]


def of_facts(facts: Facts) -> Iterator[Metric]:
    yield from _of_collecting(facts)
    yield from _of_queues(facts)
    yield from _of_replies(facts)
    yield from _of_model(facts)
    yield from _of_speech(facts)
    yield gauge("database_size_bytes", "Size of the hub's database.", each_number(facts["size"], "bytes"))


def _of_collecting(facts: Facts) -> Iterator[Metric]:
    bots = facts["bots"]
    yield gauge(
        "bot_last_poll_age_seconds",
        "Since Telegram last answered getUpdates; nothing of a bot with a webhook.",
        each(bots, "bot", "polled_ago"),
        "bot",
    )
    yield gauge(
        "bot_last_update_age_seconds",
        "Since Telegram last handed over an update.",
        each(bots, "bot", "updated_ago"),
        "bot",
    )
    yield gauge(
        "bot_webhook_waiting",
        "Updates that wait for the webhook.",
        each(bots, "bot", "webhook_waiting"),
        "bot",
    )
    yield gauge(
        "bot_token_refused",
        "1: Telegram refuses the token of this bot.",
        each(bots, "bot", "is_refused"),
        "bot",
    )
    yield gauge(
        "updates_unsettled",
        "Updates not read yet (pending), unreadable (failed) or set aside (dismissed); counted to 10,000.",
        each(facts["updates"], "state", "number"),
        "state",
    )
    yield gauge(
        "updates_lately",
        "Updates that came in the last five minutes, by what became of them.",
        of_all(State.values, facts["late_updates"], "state", "number"),
        "state",
    )
    yield gauge("messages", "Messages in the hub.", each_number(facts["messages"], "number"))


def _of_queues(facts: Facts) -> Iterator[Metric]:
    queues = facts["queues"]
    yield gauge(
        "queue_waiting",
        "What waits for the hub or, of drafts, for a person; counted to 10,000.",
        each(queues, "queue", "waiting"),
        "queue",
    )
    yield gauge(
        "queue_oldest_seconds",
        "For how long the first in line has waited; 0 where nothing waits.",
        [((row["queue"],), max(row["oldest"] or 0, 0)) for row in queues],
        "queue",
    )
    yield gauge(
        "clients_waiting",
        "Chats where a client waits for an answer.",
        each_number(facts["clients"], "number"),
    )
    yield gauge(
        "clients_waiting_oldest_seconds",
        "For how long the first of them has waited.",
        [((), row["oldest"] or 0) for row in facts["clients"]],
    )


def _of_replies(facts: Facts) -> Iterator[Metric]:
    yield gauge(
        "replies",
        "Replies that are not at their end, by state; counted to 10,000 each.",
        of_all(OPEN, facts["replies"], "state", "number"),
        "state",
    )
    yield gauge(
        "reply_moves_lately",
        "What happened to replies in the last five minutes: sent, failed, unknown …",
        of_all(ResponseEvent.Kind.values, facts["late_moves"], "kind", "number"),
        "kind",
    )
    yield gauge(
        "sending_paused",
        "1: nothing is sent, because Telegram asks for a pause or refuses the token.",
        one(any(row["is_paused"] or row["trouble"] == "token_refused" for row in facts["sending"])),
    )
    yield gauge(
        "webhook_endpoints",
        "Webhooks of agents: well, failing, paused after days of failing, off.",
        of_all(("well", "failing", "paused", "off"), facts["endpoints"], "state", "number"),
        "state",
    )


def _of_model(facts: Facts) -> Iterator[Metric]:
    [model] = facts["model"]
    yield counter("model_requests", "Requests to the language model.", one(model["requests"]))
    yield counter("model_failures", "Requests without a usable answer.", one(model["failures"]))
    yield counter("model_messages", "Messages that the model understood.", one(model["messages"]))
    yield counter(
        "model_tokens",
        "Tokens that it counted: of the prompt from its cache (hit) and not (miss), of the answer.",
        [((kind,), model[kind]) for kind in ("hit", "miss", "output")],
        "kind",
    )
    yield counter("model_cost_dollars", "What they cost, by the prices in the admin.", one(model["cost"]))
    yield gauge(
        "model_budget_used_ratio",
        "How much of the day's budget is used: 1 is all; nothing without a budget.",
        one(_budget_used(facts["model_today"])),
    )
    troubles = [row["trouble"] for row in facts["model_state"]]
    yield gauge(
        "model_trouble",
        "1: the key or the balance is refused, every request is, or the service does not answer.",
        [((kind,), float(kind in troubles)) for kind in ModelState.Trouble.values if kind],
        "kind",
    )


def _of_speech(facts: Facts) -> Iterator[Metric]:
    yield counter(
        "speech_recordings", "Recordings recognised.", each(facts["speech"], "api", "recordings"), "api"
    )
    yield counter(
        "speech_seconds", "Seconds that were paid for.", each(facts["speech"], "api", "seconds"), "api"
    )
    yield gauge(
        "voice_gate_failures",
        "Failures in a row of one kind of call for voices; 0: it works.",
        each(facts["gates"], "name", "failures"),
        "gate",
    )
    yield gauge(
        "speech_refused",
        "1: SpeechKit refuses the key.",
        one(any(row["is_refused"] for row in facts["gates"])),
    )
    yield gauge(
        "recordings_failed",
        "Recordings given up; counted to 10,000.",
        each_number(facts["voices"], "failed"),
    )


def _budget_used(rows: Rows) -> float | None:
    """The larger share, of dollars and of tokens."""
    [used] = rows
    tokens = used["hit"] + used["miss"] + used["output"]
    pairs = [(used["cost"], used["daily_cost"]), (tokens, used["daily_tokens"])]
    shares = [float(part) / float(whole) if whole else 1.0 for part, whole in pairs if whole is not None]
    return max(shares, default=None)
