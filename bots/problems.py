"""What keeps the hub from hearing its clients, in words that say what to do."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    CRITICAL = "critical"  # clients' words are not arriving, or are being lost
    WARNING = "warning"


@dataclass(frozen=True)
class Problem:
    """One thing that a person should mend.

    `code` is stable, for programs; `title` and `advice` are in the reader's language; `link` is the path of
    the admin's page about it, `since` is unknown (None) for what has no beginning that anybody saw.
    """

    code: str
    severity: Severity
    title: str
    advice: str
    since: datetime | None
    link: str


def find_problems() -> list[Problem]:
    """Everything that is wrong now, the worst first."""
    return []
