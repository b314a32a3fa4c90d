"""What `/metrics` tells, by name: facts of the database, and counts of all processes.

Labels are closed lists, our bots, and names of views and tasks; no chat, no person, no path.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any

from django.conf import settings
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from bots.problems import Problem
from cvgorod_hub.common.alive import Kind
from cvgorod_hub.common.together import Rows
from cvgorod_hub.watching.facts import OPEN, State
from cvgorod_hub.watching.tallies import BOUNDS, Count
from intents.llm.records import ModelState
from sandbox.models import ResponseEvent

Facts = Mapping[str, Rows]
Values = Iterable[tuple[tuple[str, ...], float | None]]


def _family(
    kind: type[CounterMetricFamily | GaugeMetricFamily],
    name: str,
    help_text: str,
    values: Values,
    labels: tuple[str, ...] = (),
) -> Metric:
    """One family; a value that is not known has no sample."""
    family = kind(f"hub_{name}", help_text, labels=labels)
    for label_values, value in values:
        if value is not None:
            family.add_metric(label_values, float(value))
    return family


def _gauge(name: str, help_text: str, values: Values, *labels: str) -> Metric:
    return _family(GaugeMetricFamily, name, help_text, values, labels)


def _counter(name: str, help_text: str, values: Values, *labels: str) -> Metric:
    return _family(CounterMetricFamily, name, help_text, values, labels)


def _one(value: Any) -> Values:  # noqa: ANN401  (a number, as JSON has it)
    return [((), value)]


def _each(rows: Rows, label: str, value: str) -> Values:
    return [((str(row[label]),), row[value]) for row in rows]


def _of_all(names: Iterable[str], rows: Rows, label: str, value: str) -> Values:
    """Of every name there is; those without a row have none."""
    known = {row[label]: row[value] for row in rows}
    return [((str(name),), known.get(name, 0)) for name in names]


def of_facts(facts: Facts) -> Iterator[Metric]:
    yield from _of_collecting(facts)
    yield from _of_work(facts)
    yield from _of_neighbours(facts)
    yield _gauge("database_size_bytes", "Size of the hub's database.", _each_number(facts["size"], "bytes"))


def _each_number(rows: Rows, column: str) -> Values:
    return [((), row[column]) for row in rows]


def _of_collecting(facts: Facts) -> Iterator[Metric]:
    bots = facts["bots"]
    yield _gauge(
        "bot_last_poll_age_seconds",
        "Since Telegram last answered getUpdates; nothing of a bot with a webhook.",
        _each(bots, "bot", "polled_ago"),
        "bot",
    )
    yield _gauge(
        "bot_last_update_age_seconds",
        "Since Telegram last handed over an update.",
        _each(bots, "bot", "updated_ago"),
        "bot",
    )
    yield _gauge(
        "bot_webhook_waiting",
        "Updates that wait for the webhook.",
        _each(bots, "bot", "webhook_waiting"),
        "bot",
    )
    yield _gauge(
        "bot_token_refused",
        "1: Telegram refuses the token of this bot.",
        _each(bots, "bot", "is_refused"),
        "bot",
    )
    yield _gauge(
        "updates_unsettled",
        "Updates not read yet (pending), unreadable (failed) or set aside (dismissed); counted to 10,000.",
        _each(facts["updates"], "state", "number"),
        "state",
    )
    yield _gauge(
        "updates_lately",
        "Updates that came in the last five minutes, by what became of them.",
        _of_all(State.values, facts["late_updates"], "state", "number"),
        "state",
    )
    yield _gauge("messages", "Messages in the hub.", _each_number(facts["messages"], "number"))


def _of_work(facts: Facts) -> Iterator[Metric]:
    queues = facts["queues"]
    yield _gauge(
        "queue_waiting",
        "What waits for the hub or, of drafts, for a person; counted to 10,000.",
        _each(queues, "queue", "waiting"),
        "queue",
    )
    yield _gauge(
        "queue_oldest_seconds",
        "For how long the first in line has waited; 0 where nothing waits.",
        [((row["queue"],), max(row["oldest"] or 0, 0)) for row in queues],
        "queue",
    )
    yield _gauge(
        "clients_waiting",
        "Chats where a client waits for an answer.",
        _each_number(facts["clients"], "number"),
    )
    yield _gauge(
        "clients_waiting_oldest_seconds",
        "For how long the first of them has waited.",
        [((), row["oldest"] or 0) for row in facts["clients"]],
    )
    yield _gauge(
        "replies",
        "Replies that are not at their end, by state; counted to 10,000 each.",
        _of_all(OPEN, facts["replies"], "state", "number"),
        "state",
    )
    yield _gauge(
        "reply_moves_lately",
        "What happened to replies in the last five minutes: sent, failed, unknown …",
        _of_all(ResponseEvent.Kind.values, facts["late_moves"], "kind", "number"),
        "kind",
    )
    yield _gauge(
        "sending_paused",
        "1: nothing is sent, because Telegram asks for a pause or refuses the token.",
        _one(any(row["is_paused"] or row["trouble"] == "token_refused" for row in facts["sending"])),
    )
    yield _gauge(
        "webhook_endpoints",
        "Webhooks of agents: well, failing, paused after days of failing, off.",
        _of_all(("well", "failing", "paused", "off"), facts["endpoints"], "state", "number"),
        "state",
    )


def _of_neighbours(facts: Facts) -> Iterator[Metric]:
    [model] = facts["model"]
    yield _counter("model_requests", "Requests to the language model.", _one(model["requests"]))
    yield _counter("model_failures", "Requests without a usable answer.", _one(model["failures"]))
    yield _counter("model_messages", "Messages that the model understood.", _one(model["messages"]))
    yield _counter(
        "model_tokens",
        "Tokens that it counted: of the prompt from its cache (hit) and not (miss), of the answer.",
        [((kind,), model[kind]) for kind in ("hit", "miss", "output")],
        "kind",
    )
    yield _counter("model_cost_dollars", "What they cost, by the prices in the admin.", _one(model["cost"]))
    yield _gauge(
        "model_budget_used_ratio",
        "How much of the day's budget is used: 1 is all; nothing without a budget.",
        _one(_budget_used(facts["model_today"])),
    )
    troubles = [row["trouble"] for row in facts["model_state"]]
    yield _gauge(
        "model_trouble",
        "1: the key or the balance is refused, every request is, or the service does not answer.",
        [((kind,), float(kind in troubles)) for kind in ModelState.Trouble.values if kind],
        "kind",
    )
    yield _counter(
        "speech_recordings", "Recordings recognised.", _each(facts["speech"], "api", "recordings"), "api"
    )
    yield _counter(
        "speech_seconds", "Seconds that were paid for.", _each(facts["speech"], "api", "seconds"), "api"
    )
    yield _gauge(
        "voice_gate_failures",
        "Failures in a row of one kind of call for voices; 0: it works.",
        _each(facts["gates"], "name", "failures"),
        "gate",
    )
    yield _gauge(
        "speech_refused",
        "1: SpeechKit refuses the key.",
        _one(any(row["is_refused"] for row in facts["gates"])),
    )
    yield _gauge(
        "recordings_failed",
        "Recordings given up; counted to 10,000.",
        _each_number(facts["voices"], "failed"),
    )


def _budget_used(rows: Rows) -> float | None:
    """The larger share, of dollars and of tokens."""
    [used] = rows
    tokens = used["hit"] + used["miss"] + used["output"]
    pairs = [(used["cost"], used["daily_cost"]), (tokens, used["daily_tokens"])]
    shares = [float(part) / float(whole) if whole else 1.0 for part, whole in pairs if whole is not None]
    return max(shares, default=None)


def of_problems(problems: Iterable[Problem]) -> Metric:
    found: dict[tuple[str, str], float] = defaultdict(float)
    for problem in problems:
        found[problem.code, problem.severity.value] += 1
    return _gauge(
        "problems",
        "What a person should mend, as the admin says it (bots/problems.py).",
        list(found.items()),
        "code",
        "severity",
    )


def of_tallies(counted: Mapping[Count, int]) -> Iterator[Metric]:
    counts = {**_not_yet(counted), **counted}
    yield _counted(counts, "requests", "http_requests", "HTTP requests.", "view", "method", "status")
    yield _timed(counts, "requests_seconds", "http_request_seconds", "How long requests took.", "view")
    yield _counted(counts, "tasks", "tasks", "Tasks of workers, by what became of them.", "task", "outcome")
    yield _timed(counts, "tasks_seconds", "task_seconds", "How long tasks took.", "task")


def _not_yet(counts: Mapping[Count, int]) -> dict[Count, int]:
    """Failures that have not happened, as 0: Prometheus sees what grows from 0, not what begins with 1."""
    asked = {count[1:3] for count in counts if count[0] == "requests"}
    tasks = {*settings.CELERY_BEAT_SCHEDULE, *(count[1] for count in counts if count[0] == "tasks")}
    return {("requests", *view_and_method, "5xx"): 0 for view_and_method in asked} | {
        ("tasks", task, outcome): 0 for task in tasks for outcome in ("success", "failure")
    }


def _counted(counts: Mapping[Count, int], kind: str, name: str, help_text: str, *labels: str) -> Metric:
    values = sorted((count[1:], number) for count, number in counts.items() if count[0] == kind)
    return _counter(name, help_text, values, *labels)


def _timed(counts: Mapping[Count, int], kind: str, name: str, help_text: str, *labels: str) -> Metric:
    family = HistogramMetricFamily(f"hub_{name}", help_text, labels=labels)
    parts: dict[Count, dict[str, int]] = defaultdict(dict)
    for count, number in counts.items():
        if count[0] == kind:
            parts[count[1:-1]][count[-1]] = number
    bounds = [*map(str, BOUNDS), "+Inf"]
    for label_values, part in sorted(parts.items()):
        upto = accumulate(part.get(str(place), 0) for place in range(len(bounds)))
        family.add_metric(label_values, list(zip(bounds, upto, strict=True)), part.get("sum", 0) / 1_000_000)
    return family


def of_redis(lengths: Mapping[str, int], alive: Mapping[Kind, int]) -> Iterator[Metric]:
    yield _gauge(
        "celery_queue_length",
        "Tasks that no worker has taken yet.",
        [((name,), length) for name, length in lengths.items()],
        "queue",
    )
    yield _gauge(
        "processes_alive",
        "Processes in the background that said so within a minute.",
        [((kind.value,), number) for kind, number in alive.items()],
        "kind",
    )


def of_machine(
    *, reachable: Mapping[str, bool], disk: tuple[int, int], build: Mapping[str, str]
) -> Iterator[Metric]:
    """`disk`: bytes free, and in all, where the hub's files are."""
    yield _gauge(
        "reachable",
        "Whether this look reached the server; what it knows is missing otherwise.",
        [((server,), float(is_there)) for server, is_there in reachable.items()],
        "server",
    )
    yield _gauge("disk_free_bytes", "Free where media and the embedded servers' data are.", _one(disk[0]))
    yield _gauge("disk_size_bytes", "In all, free or not.", _one(disk[1]))
    yield _gauge("build_info", "What runs here.", [(tuple(build.values()), 1.0)], *build)
