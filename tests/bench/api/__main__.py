"""Take the measure: `python -m tests.bench.api RESULT.json NAME…` (started by `tests.bench`)."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from cvgorod_hub.embedded import EmbeddedServerError
from tests.bench.api import calls, databases, pgbench, population, servers, wrk
from tests.bench.api.calls import BY_NAME, CALLS, LEAST_PER_WORD, Call
from tests.bench.api.servers import Server
from tests.bench.api.targets import (
    Keys,
    Sizes,
    WrongAnswerError,
    check_alike,
    check_full,
    keys_of,
    load_of,
    probe,
    with_limits,
)
from tests.bench.rows import Goal, Row

SECONDS = int(os.environ.get("HUB_BENCH_SECONDS", "2"))
ROUNDS = int(os.environ.get("HUB_BENCH_ROUNDS", "3"))
WARM_UP_SECONDS = 1
# Requests that a round leaves unanswered end before the next one begins.
PAUSE_SECONDS = 0.2
# A round in which nothing was answered is taken again at this length.
PATIENCE_SECONDS = 15
MOST_GROWTH = 1.2


@dataclass(frozen=True)
class Bench:
    """Everything that is measured, running."""

    long_url: str
    ours: Server
    ours_short: Server
    lean: Server
    keys: Keys
    short_keys: Keys


def main(result: str, names: list[str]) -> None:
    if wrk.executable() is None:
        sys.exit(f"error: {wrk.INSTALL}")
    try:
        with running() as bench:
            rows, errors = measure_all([call for call in CALLS if call.name in names], bench)
    except (EmbeddedServerError, RuntimeError) as error:
        sys.exit(f"error: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {' '.join(map(str, error.cmd[1:4]))} failed, as said above")
    Path(result).write_text(json.dumps({"rows": [asdict(row) for row in rows], "errors": errors}))


@contextlib.contextmanager
def running() -> Iterator[Bench]:
    with contextlib.ExitStack() as stack:
        folder = Path(
            os.environ.get("HUB_BENCH_DIR")
            or stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-bench-"))
        ).resolve()
        url = stack.enter_context(servers.postgres(folder))
        settings = databases.prepare(url, stack.enter_context(servers.redis(folder)), folder)
        long, short = settings[databases.LONG], settings[databases.SHORT]
        yield Bench(
            long_url=long["DATABASE_URL"],
            ours=stack.enter_context(servers.ours(long, databases.make_key(long))),
            ours_short=stack.enter_context(servers.ours(short, databases.make_key(short))),
            lean=stack.enter_context(servers.lean(long["DATABASE_URL"], long)),
            keys=keys_of(long["DATABASE_URL"], population.LONG),
            short_keys=keys_of(short["DATABASE_URL"], population.SHORT),
        )


def measure_all(wanted: list[Call], bench: Bench) -> tuple[list[Row], list[str]]:
    """What was measured, and what was wrong with the calls that could not be."""
    rows: list[Row] = []
    errors: list[str] = []
    for call in wanted:
        try:
            rows += measure(call, bench)
        except (WrongAnswerError, ValueError) as error:
            errors.append(f"{call.name}: {error}")
    return rows, errors


def measure(call: Call, bench: Bench) -> list[Row]:
    print(f"measuring {call.name} …", flush=True)  # noqa: T201
    last = databases.last_draft(bench.long_url)
    try:
        return [*measure_side_by_side(call, bench), *measure_each_word(call, bench)]
    finally:
        if call.posts:
            databases.remove_what_was_sent(bench.long_url, last)


def measure_side_by_side(call: Call, bench: Bench) -> list[Row]:
    """Rounds of all who take part, in turns, so that whatever drifts drifts for all."""
    runs = runners(call, bench)
    figures: dict[str, list[float]] = {who: [] for who in runs}
    for _ in range(ROUNDS):
        for who, run in runs.items():
            figures[who].append(run())
            time.sleep(PAUSE_SECONDS)
    return rows_of(call, {who: statistics.median(found) for who, found in figures.items()})


def runners(call: Call, bench: Bench) -> dict[str, Callable[[], float]]:
    """Who takes part in this call's rounds, checked and warmed up."""
    from tests.bench.api.statements import scripts_of

    load = load_of(call, bench.keys, bench.ours)
    sizes, answers = probe(call, load, run="ours")
    check_full(call, answers, who="ours")
    runs = {"ours": loader("ours", load, sizes)}
    if call.has_lean:
        lean_load = load_of(call, bench.keys, bench.lean)
        lean_sizes, lean_answers = probe(call, lean_load, run="lean")
        check_alike(call, answers, lean_answers)
        runs["lean"] = loader("lean", lean_load, lean_sizes)
    if call.beside in BY_NAME:
        other = BY_NAME[call.beside]
        other_load = load_of(other, bench.keys, bench.lean)
        runs["beside"] = loader(
            f"lean's {other.short_name}", other_load, probe(other, other_load, run="beside")[0]
        )
    if call.beside == "first page":
        first = BY_NAME[calls.LIST]
        first_load = load_of(first, bench.keys, bench.ours)
        runs["beside"] = loader("the first page", first_load, probe(first, first_load, run="first")[0])
    if not call.posts:  # its documents hold keys that only the first statement gives
        scripts = scripts_of(load)
        runs["pgbench"] = lambda: pgbench.run(bench.long_url, scripts, seconds=SECONDS)
    if call.has_history:
        short_load = load_of(call, bench.short_keys, bench.ours_short)
        short_sizes, short_answers = probe(call, short_load, run="short")
        if call.words:
            # Of a rare word the short history finds fewer rows: both are asked for as many.
            like_load = with_limits(load, short_answers)
            runs["like"] = loader("a like page", like_load, probe(call, like_load, run="like")[0])
            short_load = with_limits(short_load, short_answers)
            short_sizes, _ = probe(call, short_load, run="short")
        runs["short"] = loader("the short history", short_load, short_sizes)
    return runs


def loader(who: str, load: wrk.Load, sizes: Sizes) -> Callable[[], float]:
    """Requests a second in one round, every answer checked as far as wrk counts. Warms up first."""
    runs = 0

    def run(seconds: int = SECONDS) -> float:
        nonlocal runs
        runs += 1
        outcome = wrk.run(load, seconds=seconds, name=f"{load.key[-8:]}-{runs}")
        if outcome.errors:
            raise WrongAnswerError(f"{who}: {outcome.errors} errors of {outcome.requests} requests")
        if not outcome.requests:
            if seconds >= PATIENCE_SECONDS:
                raise WrongAnswerError(f"{who}: nothing was answered in {seconds} s")
            return run(PATIENCE_SECONDS)
        if not sizes.least * 0.98 <= outcome.bytes_each <= sizes.most + wrk.HEADERS:
            raise WrongAnswerError(
                f"{who}: {outcome.bytes_each:.0f} bytes an answer, not {sizes.least} to {sizes.most}"
            )
        return outcome.per_second

    run(WARM_UP_SECONDS)
    return run


def rows_of(call: Call, found: dict[str, float]) -> list[Row]:
    beside = {"lean": found.get("lean"), "pgbench": found.get("pgbench")}
    bound = beside.get(call.beside) or found["beside"]
    against = f"lean's {call.beside}" if call.beside in BY_NAME else call.beside
    rows = [
        Row(
            name=call.name,
            value=found["ours"],
            bound=bound,
            unit="/s",
            goal=Goal(least=call.goal),
            against=against,
            **beside,
        )
    ]
    if "short" in found:
        rows.append(
            Row(
                name=f"{call.name}: growth of cost with history",
                value=1000 / found.get("like", found["ours"]),
                bound=1000 / found["short"],
                unit="ms",
                goal=Goal(most=MOST_GROWTH),
                against="100,000 messages",
            )
        )
    return rows


def measure_each_word(call: Call, bench: Bench) -> list[Row]:
    """The slowest of the words that a call takes turns with: a plan may fall off a cliff for one."""
    if len(call.words) < 2:
        return []
    figures = {}
    for word in call.words:
        load = load_of(calls.alone(call, word), bench.keys, bench.ours)
        run = loader(word, load, probe(call, load, run="word")[0])
        figures[word] = run()
        print(f"  {word}: {figures[word]:.0f}/s", flush=True)  # noqa: T201
    return [
        Row(
            name=f"{call.name}: slowest word alone",
            value=min(figures.values()),
            bound=LEAST_PER_WORD,
            unit="/s",
            goal=Goal(least=1.0),
        )
    ]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
