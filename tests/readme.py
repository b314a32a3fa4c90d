"""What the README lets people paste."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

README = Path(__file__).parents[1] / "README.md"


def readme_function(name: str) -> Callable[..., Any]:
    """The function of this name in one of its blocks of Python, with the imports of that block."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    [block] = [block for block in blocks if f"def {name}(" in block]
    names: dict[str, Any] = {}
    exec(block, names)  # noqa: S102  (our own README)
    function: Callable[..., Any] = names[name]
    return function
