"""The load generator: wrk (C, Lua for what it asks). Nothing on PyPI does this without a share of the cores
that would count against whoever is measured.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

CONNECTIONS = 16
INSTALL = "wrk, the load generator, is missing: apt-get install wrk (or brew install wrk)"
MARK = "RESULT "
# Of an answer's headers, at the most.
HEADERS = 1500
SCRIPT = """
local paths, headers, turn = {paths}, {headers}, 0
local body, run = {body}, {run}
local ready = {{}}

function init()
    for place, path in ipairs(paths) do
        if not body then ready[place] = wrk.format("GET", path, headers) end
    end
end

function request()
    turn = turn + 1
    local place = turn % #paths + 1
    if not body then return ready[place] end
    headers["Idempotency-Key"] = run .. "-" .. turn
    return wrk.format("POST", paths[place], headers, body[turn % #body + 1])
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{mark}{{"requests": %d, "microseconds": %d, "bytes": %d, "connect": %d, "read": %d, '
        .. '"write": %d, "status": %d, "timeout": %d, "p99": %d}}\\n',
        summary.requests, summary.duration, summary.bytes, errors.connect, errors.read,
        errors.write, errors.status, errors.timeout, latency:percentile(99)))
end
"""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What is asked: paths in turn, or bodies to one path, each POST with an idempotency key of its own."""

    url: str
    paths: Sequence[str]
    key: str
    bodies: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What wrk counted. `errors` names what went wrong, empty where nothing did."""

    requests: int
    seconds: float
    bytes: int
    errors: str

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def bytes_each(self) -> float:
        return self.bytes / self.requests


def executable() -> str | None:
    return shutil.which("wrk")


def run(load: Load, *, seconds: int, name: str) -> Outcome:
    """Ask for so long; `name` makes idempotency keys of this run unlike those of others."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as file:
        file.write(script_for(load, name))
        file.flush()
        command = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s"]
        done = subprocess.run(
            [*command, "--timeout", "30s", "--script", file.name, load.url],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise ValueError(f"wrk failed: {(done.stderr or done.stdout).strip()[:300]}")
    return parse(done.stdout)


def script_for(load: Load, name: str) -> str:
    headers = {"X-API-Key": load.key}
    if load.bodies:
        headers["Content-Type"] = "application/json"
    return SCRIPT.format(
        paths=_lua_list(load.paths),
        headers="{" + ", ".join(f"[{json.dumps(k)}] = {json.dumps(v)}" for k, v in headers.items()) + "}",
        body=_lua_list(load.bodies) if load.bodies else "nil",
        run=json.dumps(name),
        mark=MARK,
    )


def _lua_list(texts: Sequence[str]) -> str:
    """Lua reads a JSON string as its own as long as no \\u stands in it."""
    return "{" + ", ".join(json.dumps(text, ensure_ascii=False) for text in texts) + "}"


def parse(output: str) -> Outcome:
    """Raises ValueError where wrk did not say what it counted."""
    lines = [line for line in output.splitlines() if line.startswith(MARK)]
    if len(lines) != 1:
        raise ValueError(f"wrk did not say what it counted: {output.strip()[:300]!r}")
    counted = json.loads(lines[0].removeprefix(MARK))
    kinds = ("connect", "read", "write", "status", "timeout")
    errors = ", ".join(f"{counted[kind]} {kind}" for kind in kinds if counted[kind])
    return Outcome(
        requests=counted["requests"],
        seconds=counted["microseconds"] / 1_000_000,
        bytes=counted["bytes"],
        errors=errors,
    )
