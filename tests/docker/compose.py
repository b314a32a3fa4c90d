"""docker-compose.yml as Docker Compose reads it: what is shared merged, variables filled in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
GIVEN = {"POSTGRES_PASSWORD": "given-password", "DJANGO_SECRET_KEY": "given-key"}
# One that holds no other, so that of nested ones the inner comes first.
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<mark>:-|:\?)(?P<rest>[^${}]*))?\}")


class RefusedError(Exception):
    """Compose would say this and start nothing."""


def read() -> dict[str, Any]:
    """The file as it stands."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return document


def resolve(environment: Mapping[str, str] = GIVEN) -> dict[str, Any]:
    """The file with these variables; raises RefusedError for one that must be set and is not."""
    resolved: dict[str, Any] = _resolve(read(), environment)
    return resolved


def services(environment: Mapping[str, str] = GIVEN) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = resolve(environment)["services"]
    return found


def variables() -> set[str]:
    """The names of all variables that the file asks for."""
    return set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))


def seconds(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([sm])", text).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1, "m": 60}[unit]


def _resolve(value: Any, environment: Mapping[str, str]) -> Any:  # noqa: ANN401  (any YAML)
    if isinstance(value, dict):
        return {key: _resolve(item, environment) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item, environment) for item in value]
    return _fill(value, environment) if isinstance(value, str) else value


def _fill(text: str, environment: Mapping[str, str]) -> str:
    def filled(found: re.Match[str]) -> str:
        value = environment.get(found["name"], "")
        if not value and found["mark"] == ":?":
            raise RefusedError(f"{found['name']}: {found['rest']}")
        return value or (found["rest"] if found["mark"] == ":-" else "")

    parts = text.split("$$")  # a dollar, for the shell in the container
    while any(_VARIABLE.search(part) for part in parts):
        parts = [_VARIABLE.sub(filled, part) for part in parts]
    return "$".join(parts)
