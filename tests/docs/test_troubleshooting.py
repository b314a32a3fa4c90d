"""Every problem that the hub can tell has its remedy on the page."""

import ast
from pathlib import Path

import pytest

from intents.models import ModelState
from tests.docs.pages import DOCS, ROOT, read


def codes() -> set[str]:
    """Of bots/problem_kinds.py, where each stands as a constant, and of the model's troubles."""
    tree = ast.parse((ROOT / "bots/problem_kinds.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found = {
        argument.value
        for call in calls
        for argument in (
            *(keyword.value for keyword in call.keywords if keyword.arg == "code"),
            *(call.args[1:2] if getattr(call.func, "id", "") == "_of_bot" else ()),
        )
        if isinstance(argument, ast.Constant)
    }
    return (
        {str(code) for code in found}
        | {f"model_{each}" for each in ModelState.Trouble.values if each}
        | {"model_budget"}
    )


@pytest.mark.parametrize(
    "path", [DOCS / "troubleshooting.md", DOCS / "ru" / "troubleshooting.md"], ids=["en", "ru"]
)
def test_every_problem_has_its_remedy(path: Path) -> None:
    told = {
        row[0].code[0]: row[1].words
        for row in read(path).rows
        if len(row) == 2 and row[0].words.endswith(")")
    }

    assert told.keys() == codes()
    assert all(told.values())
