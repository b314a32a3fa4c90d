"""Schemathesis's engine against a running hub: what it sends, and what it says of the answers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis.engine import Status, from_schema
from schemathesis.engine.events import EngineEvent, NonFatalError, ScenarioFinished
from schemathesis.engine.recorder import ScenarioRecorder

from cvgorod_hub.api.limits import counter
from tests.api.contract_rows import Rows

# How often a generated number is one of a row that there is.
HIT = 0.6


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
                    failure = check.failure_info.failure
                    name = f"{label}: {check.name}: {failure.title}: {failure.message.splitlines()[0][:100]}"
                    self.unexpected.setdefault(name, f"{failure.message}\n{check.failure_info.code_sample}")

    @property
    def total(self) -> int:
        return self.calls.total()

    def told(self) -> str:
        return "\n\n".join(f"{name}\n{detail}" for name, detail in self.unexpected.items())


def attack(address: str, rows: Rows, *, key: str, examples: int, seed: int, phases: Iterable[str]) -> Findings:
    """Calls every operation of the hub's schema; `examples` generated calls each in a phase without an end."""
    config = schemathesis.Config.from_dict(_configuration(rows, key, examples, seed, frozenset(phases)))
    schema = schemathesis.openapi.from_url(f"{address}/api/schema?format=json", config=config)
    findings = Findings()
    for event in from_schema(schema).execute():
        counter.forget()  # or wrong keys, which are sent on purpose, get a 429 from the 21st on
        findings.take(event)
    return findings


def _configuration(rows: Rows, key: str, examples: int, seed: int, phases: frozenset[str]) -> dict[str, Any]:
    known = {
        "chats": [str(pk) for pk in rows.chats],
        "people": [str(pk) for pk in rows.people],
        "messages": [str(pk) for pk in rows.messages],
        "drafts": [str(pk) for pk in rows.drafts],
        "batches": rows.batches,
        "chat-numbers": rows.chats,
        "people-numbers": rows.people,
        "telegram-messages": rows.telegram_messages,
    }
    every_phase = ("examples", "coverage", "fuzzing", "stateful")
    return {
        "seed": seed,
        "dictionaries": {name: {"values": values} for name, values in known.items()},
        "headers": {"X-API-Key": rows.keys[key]},
        "continue-on-failure": True,
        "request-timeout": 30,
        "generation": {"max-examples": examples, "deterministic": True, "no-shrink": True, "database": "none"},
        "phases": {name: {"enabled": name in phases} for name in every_phase},
        "parameters": {
            "path.chat_id": {"dictionary": "chats", "probability": HIT},
            "path.client_id": {"dictionary": "people", "probability": HIT},
            "query.chat_id": {"dictionary": "chat-numbers", "probability": HIT},
            "query.user_id": {"dictionary": "people-numbers", "probability": HIT},
            "query.reply_to": {"dictionary": "telegram-messages", "probability": HIT},
            "body.chat_id": {"dictionary": "chat-numbers", "probability": HIT},
            "body.messages[*].chat_id": {"dictionary": "chat-numbers", "probability": HIT},
        },
        "operations": [
            {"include-path-regex": f"^/api/v1/{start}", "parameters": {"path.id": {"dictionary": name, "probability": HIT}}}
            for start, name in (
                ("chats/", "chats"),
                ("clients/", "people"),
                ("messages/", "messages"),
                ("sandbox/", "drafts"),
                ("send/batch/", "batches"),
            )
        ],
    }
