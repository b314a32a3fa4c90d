"""Characters that no reader sees and every compiler obeys, in any tracked text ("Trojan Source")."""

import subprocess
import unicodedata

from tests.audit.result import ROOT, Result

# Directions of writing (Unicode's bidirectional controls), and letters without width.
HIDDEN = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f\u2060\ufeff")


def check() -> Result:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    found: list[str] = []
    for name in filter(None, listed.decode().split("\0")):
        path = ROOT / name
        if path.is_file() and not path.is_symlink():
            found += [f"{name}:{where}" for where in hidden_in(path.read_bytes())]
    return Result(tuple(found))


def hidden_in(content: bytes) -> list[str]:
    """`line: name` of each; nothing in what is no text."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return []
    return [
        f"{number}: {unicodedata.name(letter)}"
        for number, line in enumerate(text.split("\n"), 1)
        for letter in line
        if letter in HIDDEN
    ]
