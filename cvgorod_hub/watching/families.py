"""What `/metrics` tells beside the facts of the database (fact_families.py): problems, counts of all
processes, the machine.

Labels are closed lists, our bots, and names of views and tasks; no chat, no person, no path.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from django.conf import settings
from prometheus_client.core import HistogramMetricFamily, Metric

from bots.problems import Problem
from cvgorod_hub.common.alive import Kind
from cvgorod_hub.watching.samples import counter, gauge, one
from cvgorod_hub.watching.tallies import BOUNDS, Count


def of_problems(problems: Iterable[Problem]) -> Metric:
    found: dict[tuple[str, str], float] = defaultdict(float)
    for problem in problems:
        found[problem.code, problem.severity.value] += 1
    return gauge(
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
    return counter(name, help_text, values, *labels)


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
    yield gauge(
        "celery_queue_length",
        "Tasks that no worker has taken yet.",
        [((name,), length) for name, length in lengths.items()],
        "queue",
    )
    yield gauge(
        "processes_alive",
        "Processes in the background that said so within a minute.",
        [((kind.value,), number) for kind, number in alive.items()],
        "kind",
    )


def of_machine(
    *, reachable: Mapping[str, bool], disk: tuple[int, int], build: Mapping[str, str]
) -> Iterator[Metric]:
    """`disk`: bytes free, and in all, where the hub's files are."""
    yield gauge(
        "reachable",
        "Whether this look reached the server; what it knows is missing otherwise.",
        [((server,), float(is_there)) for server, is_there in reachable.items()],
        "server",
    )
    yield gauge("disk_free_bytes", "Free where media and the embedded servers' data are.", one(disk[0]))
    yield gauge("disk_size_bytes", "In all, free or not.", one(disk[1]))
    yield gauge("build_info", "What runs here.", [(tuple(build.values()), 1.0)], *build)
