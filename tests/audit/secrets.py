"""Keys and passwords in the repository: in what is tracked, and in what any commit ever added.

What is plainly invented, as tests need it, stands in `invented.json` by its digest:

    python -m tests.audit.secrets    take what is found now for invented, after having looked at each
"""

import hashlib
import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from detect_secrets.core.scan import scan_line
from detect_secrets.settings import transient_settings

from tests.audit.result import ROOT, Result

INVENTED = Path(__file__).parent / "invented.json"
# detect-secrets' detectors of keys with a shape, of keys behind their names, and the hub's neighbours' keys.
_DETECTORS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector",
    "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector", "IbmCloudIamDetector",
    "JwtTokenDetector", "KeywordDetector", "MailchimpDetector", "NpmDetector", "OpenAIDetector",
    "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector", "SquareOAuthDetector",
    "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
_SETTINGS = {
    "plugins_used": [
        *({"name": name} for name in _DETECTORS),
        {"name": "NeighbourKeyDetector", "path": (Path(__file__).parent / "neighbours.py").as_uri()},
    ],
    "filters_used": [
        {"path": "detect_secrets.filters.heuristic.is_templated_secret"},
        {"path": "detect_secrets.filters.heuristic.is_indirect_reference"},
    ],
}
# Hashes of packages, and a table of weights.
_UNREAD = re.compile(r"requirements/[a-z]+\.txt$|\.(po|mo|png|svg|woff2)$|experience\.json$|invented\.json$")


class Line(NamedTuple):
    """A line of a file, and where it stands: `path:number`, or a commit and a path."""

    path: str
    place: str
    text: str


def check_files() -> Result:
    return _check(_tracked_lines(), "")


def check_history() -> Result:
    commits = _git("rev-list", "--all", "--count").strip()
    is_part = _git("rev-parse", "--is-shallow-repository").strip() == "true"
    return _check(
        _added_lines(), f"{commits} commits" + (", of a clone that is not whole" if is_part else "")
    )


def _check(lines: Iterable[Line], note: str) -> Result:
    invented = json.loads(INVENTED.read_text(encoding="utf-8"))
    found = [f"{place}: {kind}" for place, kind, digest in find(lines) if digest not in invented]
    return Result(tuple(dict.fromkeys(found)), note=note)


def find(lines: Iterable[Line]) -> Iterator[tuple[str, str, str]]:
    """Place, kind and digest of everything that looks like a secret; never the secret."""
    seen: set[str] = set()
    with transient_settings(_SETTINGS):
        for line in lines:
            if _UNREAD.search(line.path) or line.text in seen:
                continue
            seen.add(line.text)
            for secret in scan_line(line.text):
                yield line.place, secret.type, digest_of(secret.secret_value or "")


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:32]


def _tracked_lines() -> Iterator[Line]:
    for name in filter(None, _git("ls-files", "-z").split("\0")):
        path = ROOT / name
        if path.is_symlink() or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            yield Line(name, f"{name}:{number}", line)


def _added_lines() -> Iterator[Line]:
    commit = path = ""
    for line in _git("log", "--all", "-p", "-U0", "--no-color", "--format=commit %h", "--text").splitlines():
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif line.startswith("+++ "):
            path = line.removeprefix("+++ ").removeprefix("b/")
        elif line.startswith("+"):
            yield Line(path, f"{commit} {path}", line[1:])


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True)
    return done.stdout.decode("utf-8", "replace")


def note_invented() -> Mapping[str, str]:
    """Write down what is found now; returns it."""
    found = {
        digest: f"{kind}, {place}"
        for lines in (_added_lines(), _tracked_lines())
        for place, kind, digest in find(lines)
    }
    INVENTED.write_text(
        json.dumps(dict(sorted(found.items())), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return found


if __name__ == "__main__":
    print(*sorted(set(note_invented().values())), sep="\n")  # noqa: T201
