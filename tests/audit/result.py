from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Result:
    """What a check found: findings, a line each; or why it could not be made."""

    findings: tuple[str, ...] = ()
    not_checked: str = ""
    note: str = ""

    @property
    def was_checked(self) -> bool:
        return not self.not_checked

    @property
    def is_bad(self) -> bool:
        return bool(self.findings)

    @property
    def verdict(self) -> str:
        if self.is_bad:
            return f"FAILED, {len(self.findings)} found"
        return "ok" if self.was_checked else f"NOT CHECKED: {self.not_checked}"

    @property
    def lines(self) -> tuple[str, ...]:
        return (*self.findings, *filter(None, [self.note]))
