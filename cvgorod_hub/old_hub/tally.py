"""What became of the old rows, table by table: copied, merged or skipped, adding up to all there were."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Verdict = Literal["copied", "merged", "skipped"]
# Of each reason so many keys are named.
NAMED = 5
# (verdict, reason, how many, the first keys): as judging a batch tells it.
Counted = tuple[str, str, int, list[int] | None]


@dataclass(kw_only=True)
class Told:
    """How many rows for one reason, and the first of their keys."""

    count: int = 0
    keys: list[int | str] = field(default_factory=list)

    def add(self, count: int, keys: Iterable[int | str]) -> None:
        self.count += count
        self.keys = [*self.keys, *keys][:NAMED]


@dataclass(kw_only=True)
class Tally:
    """One old table. `notes` say more of rows that were counted already."""

    old: int = 0
    copied: int = 0
    merged: dict[str, Told] = field(default_factory=dict)
    skipped: dict[str, Told] = field(default_factory=dict)
    notes: dict[str, Told] = field(default_factory=dict)

    @property
    def settled(self) -> int:
        return self.copied + self.count("merged") + self.count("skipped")

    def count(self, kind: Literal["merged", "skipped"]) -> int:
        return sum(told.count for told in getattr(self, kind).values())

    def add(self, verdict: Verdict, reason: str = "", count: int = 1, keys: Iterable[int | str] = ()) -> None:
        if verdict == "copied":
            self.copied += count
        else:
            getattr(self, verdict).setdefault(reason, Told()).add(count, keys)

    def add_counted(self, rows: Iterable[Counted]) -> None:
        for verdict, reason, count, keys in rows:
            if verdict not in ("copied", "merged", "skipped"):
                raise ValueError(f"no such verdict: {verdict}")
            self.add(verdict, reason, count, keys or ())  # type: ignore[arg-type]

    def note(self, words: str, count: int = 1, keys: Iterable[int | str] = ()) -> None:
        if count:
            self.notes.setdefault(words, Told()).add(count, keys)

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> "Tally":
        kinds = {
            kind: {reason: Told(**told) for reason, told in kept[kind].items()}
            for kind in ("merged", "skipped", "notes")
        }
        return cls(old=kept["old"], copied=kept["copied"], **kinds)


Tallies = dict[str, Tally]


def as_json(tallies: Mapping[str, Tally]) -> dict[str, Any]:
    """{table: {"old", "copied", "merged": {reason: {"count", "keys"}}, "skipped": …, "notes": …}}"""
    return {table: asdict(tally) for table, tally in tallies.items()}


def of_json(kept: Mapping[str, Any], *, order: Iterable[str] = ()) -> Tallies:
    """What `as_json` said; jsonb keeps no order, so the tables come in this one, others behind."""
    tables = [*(table for table in order if table in kept), *(table for table in kept if table not in order)]
    return {table: Tally.of_json(kept[table]) for table in dict.fromkeys(tables)}


def unsettled(tallies: Mapping[str, Tally]) -> list[str]:
    """A sentence for each table whose rows do not add up."""
    return [
        f"{table}: {tally.old:,} rows there, {tally.settled:,} accounted for"
        for table, tally in tallies.items()
        if tally.old != tally.settled
    ]
