"""What each of the measured servers is asked, and whether it answers as it should."""

import http.client
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.bench.api import population
from tests.bench.api.calls import PREFIX, VARIETY, Call, words_in
from tests.bench.api.servers import Server
from tests.bench.api.words import make_text
from tests.bench.api.wrk import Load


class WrongAnswerError(Exception):
    """A server answered something else than the call promises."""


@dataclass(frozen=True)
class Keys:
    """What stands in paths: keys of chats, people, messages, and a cursor half way down."""

    chat: list[int]
    client: list[int]
    message: list[int]
    deep: list[str]


def keys_of(database_url: str, size: int) -> Keys:
    from cvgorod_hub.api.keysets import Cursor

    dice = random.Random(5)  # noqa: S311  (the same for everybody)
    with psycopg.connect(database_url) as connection:
        middle = "SELECT timestamp, id FROM messages WHERE id = %s"
        keys: list[tuple[datetime, int]] = connection.execute(middle, [size // 2]).fetchall()
    chats = range(0, population.CHATS, population.CHATS // VARIETY)
    return Keys(
        chat=[population.chat_id(place) for place in chats],
        client=[population.person_id(population.client_of(place)) for place in range(VARIETY)],
        message=[dice.randrange(1, size + 1) for _ in range(VARIETY)],
        deep=[Cursor(key).encode() for key in keys],
    )


def paths_of(call: Call, keys: Keys) -> list[str]:
    paths = words_in(f"{PREFIX}{call.path}", call.words)
    for name in ("chat", "client", "message", "deep"):
        if f"{{{name}}}" in call.path:
            paths = [
                path.replace(f"{{{name}}}", str(value)) for path in paths for value in getattr(keys, name)
            ]
    return paths


def load_of(call: Call, keys: Keys, server: Server) -> Load:
    return Load(
        url=server.url, paths=paths_of(call, keys), key=server.key, bodies=bodies(keys) if call.posts else ()
    )


def bodies(keys: Keys) -> list[str]:
    dice = random.Random(9)  # noqa: S311
    return [
        json.dumps({"chat_id": chat, "text": f"Да, {make_text(n, dice)}", "context": "Спросили о цене."},
                   ensure_ascii=False)
        for n, chat in enumerate(keys.chat)
    ]  # fmt: skip


def with_limits(load: Load, answers: Sequence[Any]) -> Load:
    """The same pages, each with as many rows as its answer has; without those that found none."""
    counted = zip(load.paths, (len(rows_in(answer)) for answer in answers), strict=True)
    return replace(
        load, paths=[re.sub(r"(?<=\blimit=)\d+", str(rows), path) for path, rows in counted if rows]
    )


@dataclass(frozen=True)
class Sizes:
    """The bytes of the smallest and the largest answer."""

    least: int
    most: int


def probe(call: Call, load: Load, *, run: str) -> tuple[Sizes, list[Any]]:
    """Ask once for each path (or body), and check what comes. Returns the parsed answers, too."""
    parts = urlsplit(load.url)
    client = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    answers, sizes = [], []
    for place, path in enumerate(load.paths if not load.bodies else list(load.paths) * len(load.bodies)):
        headers = {"X-API-Key": load.key}
        body = None
        if load.bodies:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": f"{run}-probe-{place}"}
            body = load.bodies[place].encode()
        client.request("POST" if load.bodies else "GET", path, body, headers)
        response = client.getresponse()
        content = response.read()
        if response.status != (201 if load.bodies else 200):
            raise WrongAnswerError(f"{response.status} for {path}: {content[:300]!r}")
        sizes.append(len(content))
        answers.append(json.loads(content))
    client.close()
    return Sizes(min(sizes), max(sizes)), answers


def check_full(call: Call, answers: Sequence[Any], *, who: str) -> None:
    if call.rows is None:
        return
    counts = {len(answer["results"]) for answer in answers}
    if counts != {call.rows}:
        raise WrongAnswerError(f"{who} gives pages of {sorted(counts)} rows, not {call.rows}")


def check_alike(call: Call, ours: Sequence[Any], lean: Sequence[Any]) -> None:
    """Raises where the lean server does other work than ours: the same rows and fields, a POST's fields."""
    for our_answer, lean_answer in zip(ours, lean, strict=True):
        our_rows, lean_rows = rows_in(our_answer), rows_in(lean_answer)
        if call.posts and our_rows[0].keys() == lean_rows[0].keys():
            continue
        if our_rows != lean_rows:
            raise WrongAnswerError(f"lean.py answers otherwise: {_difference(our_rows, lean_rows)}")


def rows_in(answer: dict[str, Any]) -> list[dict[str, Any]]:
    for name in ("results", "urgent"):
        if name in answer:
            rows: list[dict[str, Any]] = answer[name]
            return rows
    return [answer]


def _difference(ours: list[dict[str, Any]], lean: list[dict[str, Any]]) -> str:
    if len(ours) != len(lean):
        return f"{len(lean)} rows, ours {len(ours)}"
    for row, other in zip(ours, lean, strict=True):
        for name in row | other:
            if name not in row or name not in other or row[name] != other[name]:
                return f"{name} is {other.get(name)!r}, ours {row.get(name)!r}"
    return "nothing"
