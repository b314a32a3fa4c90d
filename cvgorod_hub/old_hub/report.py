"""The closing report, for people in lines, for programs as one object."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cvgorod_hub.old_hub.errors import OldHubError
from cvgorod_hub.old_hub.models import LegacyMigration
from cvgorod_hub.old_hub.shape import KNOWN
from cvgorod_hub.old_hub.tally import Tallies, Tally, Told, as_json, of_json, unsettled


@dataclass(kw_only=True)
class MigrationReport:
    """`left_alone`: other tables with their rows, None where they must not be read."""

    source: str
    is_dry_run: bool
    tallies: Tallies
    left_alone: dict[str, int | None] = field(default_factory=dict)

    @property
    def broken(self) -> list[str]:
        return unsettled(self.tallies)

    def as_json(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "is_dry_run": self.is_dry_run,
            "tables": as_json(self.tallies),
            "left_alone": self.left_alone,
            "broken": self.broken,
        }

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> "MigrationReport":
        """From what `as_json` made."""
        return cls(
            source=kept["source"],
            is_dry_run=kept["is_dry_run"],
            tallies=of_json(kept["tables"], order=KNOWN),
            left_alone=dict(sorted(kept["left_alone"].items())),
        )

    def lines(self) -> Iterator[str]:
        yield f"From {self.source}:"
        for table, tally in self.tallies.items():
            yield from _table_lines(table, tally, is_dry_run=self.is_dry_run)
        if self.left_alone:
            listed = (
                f"{table} ({'not readable' if count is None else f'{count:,}'})"
                for table, count in self.left_alone.items()
            )
            yield f"Left alone, with so many rows: {', '.join(listed)}."
        if not self.broken:
            yield "Every row is accounted for."
        if self.is_dry_run:
            yield "Nothing was written: a dry run."


def _table_lines(table: str, tally: Tally, *, is_dry_run: bool) -> Iterator[str]:
    copied = "to be copied" if is_dry_run else "copied"
    yield (
        f"{table}: {tally.old:,} rows = {tally.copied:,} {copied} + {tally.count('merged'):,} merged "
        f"+ {tally.count('skipped'):,} skipped"
    )
    for kind, reasons in (("merged", tally.merged), ("skipped", tally.skipped), ("note", tally.notes)):
        for reason, told in sorted(reasons.items()):
            yield f"    {kind} {told.count:,}: {reason}{_keys(told)}"


def _keys(told: Told) -> str:
    if not told.keys:
        return ""
    more = ", …" if told.count > len(told.keys) else ""
    return f" ({', '.join(map(str, told.keys))}{more})"


def last_report() -> MigrationReport:
    """Of the last migration that came to its end. Raises OldHubError where there is none."""
    last = LegacyMigration.objects.exclude(report={}).first()
    if last is None:
        raise OldHubError("nothing has come from the old hub yet")
    return MigrationReport.of_json(last.report)
