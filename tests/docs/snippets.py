"""What docs/api.md lets people paste."""

from typing import Any

from tests.docs.pages import DOCS, read

API_PAGES = (DOCS / "api.md", DOCS / "ru" / "api.md")


def snippet(page: str, function: str) -> dict[str, Any]:
    """The names that the block of Python with this function defines, with the imports of that block."""
    path = next(path for path in API_PAGES if str(path.relative_to(DOCS)) == page)
    blocks = [text for language, text in read(path).blocks if language == "python"]
    [block] = [block for block in blocks if f"def {function}(" in block]
    names: dict[str, Any] = {}
    exec(block, names)  # noqa: S102  (our own page)
    return names
