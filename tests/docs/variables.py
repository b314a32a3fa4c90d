"""Which variables of the environment the hub reads, by its own code."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.docs.pages import ROOT

# Read by an object of these names: env.str("NAME"), environment.days("NAME"), os.environ.get("NAME").
_READERS = frozenset({"env", "environment", "environ"})
_NAME = re.compile(r"[A-Z][A-Z0-9_]+")
# A demo's processes tell each other: nobody sets it.
_INTERNAL = frozenset({"DEMO_AGENT_KEY"})


def settings_modules() -> list[Path]:
    return [*sorted((ROOT / "cvgorod_hub/settings").glob("*.py")), ROOT / "cvgorod_hub/environment.py"]


@cache
def read_variables() -> dict[str, object]:
    """Each with its default where that is written down as a constant; None where it is not."""
    return dict(pair for path in settings_modules() for pair in _reads(ast.parse(path.read_text("utf-8"))))


def sample_variables() -> set[str]:
    """Those of .env.example."""
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))


def documented_somewhere() -> set[str]:
    return read_variables().keys() | sample_variables()


def of_the_tests() -> set[str]:
    """Those that change how the tests run."""
    return set(
        re.findall(r'"(HUB_TEST_[A-Z_]+)" in os\.environ', (ROOT / "tests/partitions.py").read_text("utf-8"))
    )


def _reads(tree: ast.AST) -> Iterator[tuple[str, object]]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and _is_reader(node.func.value)
        ):
            first = node.args[0] if node.args else None
        elif isinstance(node, ast.Subscript) and _is_reader(node.value):
            first = node.slice
        else:
            continue
        if (
            isinstance(first, ast.Constant)
            and _NAME.fullmatch(str(first.value))
            and first.value not in _INTERNAL
        ):
            yield str(first.value), _default(node)


def _is_reader(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in _READERS


def _default(node: ast.Call | ast.Subscript) -> object:
    for keyword in node.keywords if isinstance(node, ast.Call) else ():
        if keyword.arg == "default":
            try:
                return ast.literal_eval(keyword.value)
            except ValueError:
                return None
    return None
