"""The pages of docs/ and the READMEs, taken apart: what they link to, name and show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
READMES = (ROOT / "README.md", ROOT / "README.ru.md")
_MARKDOWN = MarkdownIt("commonmark").enable("table")
_IMAGE = re.compile(r'<img\b[^>]*\bsrc="([^"]+)"')


@dataclass(frozen=True)
class Heading:
    """`anchor` as GitHub makes it of the words."""

    level: int
    words: str

    @property
    def anchor(self) -> str:
        return re.sub(r"[^\w\- ]", "", self.words.lower()).replace(" ", "-")


@dataclass
class Cell:
    """One cell of a table: what it says, and what of it is code."""

    words: str
    code: list[str]


@dataclass
class Page:
    """`links` are targets as written, pictures among them; `strong` is what stands in bold."""

    path: Path
    headings: list[Heading] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    strong: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    blocks: list[tuple[str, str]] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def is_russian(self) -> bool:
        return self.path.parent.name == "ru" or self.path.name == "README.ru.md"

    @property
    def everything_in_code(self) -> str:
        """Inline code and blocks, a line each."""
        return "\n".join([*self.code, *(text for _language, text in self.blocks)])

    def target(self, link: str) -> tuple[Path, str]:
        """The file and the anchor that a link within the repository leads to."""
        name, _hash, anchor = link.partition("#")
        return (self.path.parent / name).resolve() if name else self.path, anchor


def pages() -> list[Page]:
    """The READMEs and everything below docs/."""
    return [read(path) for path in (*READMES, *sorted(DOCS.rglob("*.md")))]


@cache
def read(path: Path) -> Page:
    page = Page(path)
    tokens = _MARKDOWN.parse(path.read_text(encoding="utf-8"))
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "inline":
            _read_inline(page, token, before)
        elif token.type in {"fence", "code_block"}:
            page.blocks.append((token.info.strip(), token.content))
        elif token.type == "html_block":
            page.pictures += _IMAGE.findall(token.content)
        elif token.type == "tr_open":
            page.rows.append([])
    page.links += page.pictures
    return page


def _read_inline(page: Page, token: Token, before: Token | None) -> None:
    parts = token.children or []
    words, code = _words(parts), [part.content for part in parts if part.type == "code_inline"]
    if before is not None and before.type == "heading_open":
        page.headings.append(Heading(int(before.tag[1]), words))
    if before is not None and before.type in {"td_open", "th_open"}:
        page.rows[-1].append(Cell(words, code))
    page.code += code
    page.strong += _strong(parts)
    for part in parts:
        if part.type == "link_open":
            page.links.append(str(part.attrs["href"]))
        elif part.type == "image":
            page.pictures.append(str(part.attrs["src"]))
        elif part.type == "html_inline":
            page.pictures += _IMAGE.findall(part.content)


def _words(parts: list[Token]) -> str:
    return "".join(
        part.content if part.type in {"text", "code_inline"} else " " * (part.type == "softbreak")
        for part in parts
    )


def _strong(parts: list[Token]) -> Iterator[str]:
    begin = None
    for place, part in enumerate(parts):
        if part.type == "strong_open":
            begin = place
        elif part.type == "strong_close":
            yield _words(parts[begin:place])
