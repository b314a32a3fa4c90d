"""What a report says of a table, as numbers."""

from cvgorod_hub.old_hub.report import MigrationReport

# Rows copied; merged, and skipped, by reason.
Sums = tuple[int, dict[str, int], dict[str, int]]


def sums(report: MigrationReport, table: str) -> Sums:
    tally = report.tallies[table]
    return (
        tally.copied,
        {reason: told.count for reason, told in tally.merged.items()},
        {reason: told.count for reason, told in tally.skipped.items()},
    )


def notes(report: MigrationReport, table: str) -> dict[str, int]:
    return {words: told.count for words, told in report.tallies[table].notes.items()}
