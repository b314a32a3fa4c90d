"""Schemathesis's engine against a running hub: what it sends, and what it says of the answers."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.engine import Status, from_schema
from schemathesis.engine.events import EngineEvent, NonFatalError, ScenarioFinished
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.hooks import unregister

from clients.models import RoleName
from cvgorod_hub.api.keys.limits import counter
from intents.models import Intent, Sentiment
from tests.api.contract_rows import Rows

PHASES = ("examples", "coverage", "fuzzing", "stateful")
# How often a generated number is one of a row that there is.
HIT = 0.6
WORDS = {
    "role": RoleName.values,
    "has_intent": ["true", "false", *Intent.values],
    "sentiment": Sentiment.values,
}


@dataclass
class Findings:
    """How many calls were made of each operation and answered how, and what was unexpected of them."""

    calls: Counter[str] = field(default_factory=Counter)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    unexpected: dict[str, str] = field(default_factory=dict)

    def take(self, event: EngineEvent) -> None:
        if isinstance(event, ScenarioFinished):
            self._take_recorder(event.recorder)
        elif isinstance(event, NonFatalError):
            self.unexpected.setdefault(f"{event.label}: {event.info.title}", event.info.format())

    def _take_recorder(self, recorder: ScenarioRecorder) -> None:
        for case_id, interaction in recorder.interactions.items():
            node = recorder.cases.get(case_id)
            label = node.value.operation.label if node else recorder.label
            self.calls[label] += 1
            if interaction.response is not None:
                self.answers[label, interaction.response.status_code] += 1
            for check in recorder.checks.get(case_id, []):
                if check.status == Status.FAILURE and check.failure_info is not None:
                    self._note(label, check.name, check.failure_info.failure, check.failure_info.code_sample)

    def _note(self, label: str, check: str, failure: Failure, sample: str) -> None:
        name = f"{label}: {check}: {failure.title}: {failure.message[:100]}"
        self.unexpected.setdefault(name, f"{failure.message}\n{sample}")

    def told(self) -> str:
        """A table of the calls by their answers, then everything unexpected with how to do it again."""
        lines = [f"{self.calls.total()} calls"]
        for label, count in sorted(self.calls.items()):
            answers = {status: n for (name, status), n in sorted(self.answers.items()) if name == label}
            lines.append(f"{count:6} {label} {answers}")
        return "\n".join([*lines, *(f"\n{name}\n{detail}" for name, detail in self.unexpected.items())])


def attack(
    address: str, rows: Rows, *, key: str, examples: int, seed: int, phases: Iterable[str] = PHASES
) -> Findings:
    """Calls every operation of the hub's schema, with `examples` random calls of each in a phase."""
    config = schemathesis.Config.from_dict(_configuration(rows, key, examples, seed, frozenset(phases)))
    schema = schemathesis.openapi.from_url(f"{address}/api/schema?format=json", config=config)
    chance = random.Random(seed)  # noqa: S311  (the same calls for the same seed)
    hook = _possible(chance, _cursors(address, rows.keys[key]))
    schemathesis.hook("before_call")(hook)
    findings = Findings()
    try:
        for event in from_schema(schema).execute():
            counter.forget()  # or wrong keys, which are sent on purpose, get a 429 from the 21st on
            findings.take(event)
    finally:
        unregister(hook)
    return findings


def _possible(chance: random.Random, cursors: Mapping[str, str]) -> Any:  # noqa: ANN401  (a hook of any shape)
    """Schemas cannot say which parameters exclude each other, nor which cursors and roles there are.

    Calls that break no rule are brought in line with these; the others stay as they were generated.
    """

    def before_call(_context: object, case: schemathesis.Case, _kwargs: object) -> None:
        if case.meta is None or not case.meta.generation.mode.is_positive:
            return
        _agree(case.body)
        if not case.query:
            return
        query = case.query
        for name, words in WORDS.items():
            if name in query:
                query[name] = chance.choice(words)
        if "search" not in query:
            query.pop("highlight", None)
            if query.get("ordering") == "rank":
                del query["ordering"]
        if "since" in query and "stats" in case.operation.path:
            query.pop("days", None)
        _place(query, case.operation.path, cursors, chance)

    return before_call


def _agree(body: object) -> None:
    """A proposal expires after the time it is meant for, and holds something to see."""
    for proposal in body.get("messages", [body]) if isinstance(body, dict) else ():
        if proposal.get("scheduled_at"):
            proposal.pop("expires_at", None)
        if proposal.get("text"):
            proposal["text"] = f"{proposal['text'][:4000]}!"


def _place(query: dict[str, Any], path: str, cursors: Mapping[str, str], chance: random.Random) -> None:
    """A cursor of this list in this order, or of the feed, or none."""
    if "after" in query:
        query.pop("cursor", None)
        query.pop("ordering", None)
        query["after"] = chance.choice(["", "latest", cursors["feed"]])
    elif "cursor" in query:
        name = "rank" if query.get("ordering") == "rank" else path
        if name in cursors:
            query["cursor"] = cursors[name]
        else:
            del query["cursor"]


def _cursors(address: str, key: str) -> dict[str, str]:
    """A cursor of each list by its path, of a search by rank, and of the feed."""
    lists = {
        "/api/v1/messages": "messages",
        "/api/v1/clients/{client_id}/messages": "messages",
        "/api/v1/chats": "chats",
        "/api/v1/clients": "clients",
        "/api/v1/sandbox/pending": "sandbox/pending",
        "rank": "messages?search=роза&ordering=rank",
        "feed": "messages?after=",
    }
    found = {}
    for name, call in lists.items():
        url = f"{address}/api/v1/{call}{'&' if '?' in call else '?'}limit=1"
        following = requests.get(url, headers={"X-API-Key": key}, timeout=10).json()["next"]
        if following is not None:
            given = parse_qs(urlsplit(following).query)
            found[name] = given["after" if name == "feed" else "cursor"][0]
    return found


def _configuration(rows: Rows, key: str, examples: int, seed: int, phases: frozenset[str]) -> dict[str, Any]:
    known = {
        "chats": rows.chats,
        "people": rows.people,
        "messages": rows.messages,
        "drafts": rows.drafts,
        "batches": rows.batches,
        "telegram-messages": rows.telegram_messages,
    }
    of_path = (
        ("chats/", "chats"),
        ("clients/", "people"),
        ("messages/", "messages"),
        ("sandbox/", "drafts"),
        ("send/batch/", "batches"),
    )
    named = {
        "path.chat_id": "chats",
        "path.client_id": "people",
        "query.chat_id": "chats",
        "query.user_id": "people",
        "query.reply_to": "telegram-messages",
        "body.chat_id": "chats",
        "body.messages[*].chat_id": "chats",
    }
    return {
        "seed": seed,
        "dictionaries": {name: {"values": values} for name, values in known.items()},
        "headers": {"X-API-Key": rows.keys[key]},
        "cache": {"enabled": False},
        "continue-on-failure": True,
        "request-timeout": 30,
        "output": {"sanitization": {"enabled": False}},
        "generation": {
            "max-examples": examples,
            "deterministic": True,
            "no-shrink": True,
            "database": "none",
        },
        "phases": {name: {"enabled": name in phases} for name in PHASES},
        "parameters": {place: _from(name) for place, name in named.items()},
        "operations": [
            {"include-path-regex": f"^/api/v1/{start}", "parameters": {"path.id": _from(name)}}
            for start, name in of_path
        ],
    }


def _from(dictionary: str) -> dict[str, Any]:
    return {"dictionary": dictionary, "probability": HIT}
