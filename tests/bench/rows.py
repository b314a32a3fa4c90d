"""What a measure says: a figure, what it stands beside, and how their ratio should be."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Goal:
    """Limits of the ratio, both included; None where there is none."""

    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        if self.least is not None and self.most is not None:
            return f"{self.least:.2f} to {self.most:.2f}"
        if self.least is not None:
            return f"at least {self.least:.2f}"
        return "" if self.most is None else f"at most {self.most:.2f}"

    def is_met(self, ratio: float) -> bool:
        """As far as two decimals tell, which is what the table shows."""
        shown = round(ratio, 2)
        return (self.least is None or shown >= self.least) and (self.most is None or shown <= self.most)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: `value` beside `bound` (both in `unit`), and what their ratio should be.

    `lean` and `pgbench` are what these did in the same run, where they take part; `against` says which
    figure the bound is.
    """

    name: str
    value: float
    bound: float
    unit: str
    goal: Goal
    lean: float | None = None
    pgbench: float | None = None
    against: str = "bound"

    @property
    def ratio(self) -> float:
        return self.value / self.bound

    @property
    def verdict(self) -> str:
        if str(self.goal) == "":
            return ""
        return "ok" if self.goal.is_met(self.ratio) else "below goal"


def as_document(rows: list[Row]) -> dict[str, dict[str, Any]]:
    """bench.json: `{name: {"ours", "lean", "pgbench", "ratio", "unit", …}}`."""
    return {
        row.name: {
            "ours": row.value,
            "lean": row.lean,
            "pgbench": row.pgbench,
            "bound": row.bound,
            "against": row.against,
            "ratio": row.ratio,
            "unit": row.unit,
            "goal": str(row.goal),
            "verdict": row.verdict,
        }
        for row in rows
    }


def as_table(rows: list[Row]) -> str:
    width = max(len(row.name) for row in rows)
    lines = [
        f"{'measure':{width}} {'ours':>9} {'lean':>9} {'pgbench':>9} {'bound':>9} {'':6} {'ratio':>6}  goal"
    ]
    lines += [
        f"{row.name:{width}} {row.value:9.2f} {_figure(row.lean)} {_figure(row.pgbench)} {row.bound:9.2f} "
        f"{row.unit:6} {row.ratio:6.2f}  {_goal(row)}"
        for row in rows
    ]
    return "\n".join(lines)


def _figure(value: float | None) -> str:
    return f"{'–':>9}" if value is None else f"{value:9.2f}"


def _goal(row: Row) -> str:
    if not row.verdict:
        return ""
    beside = "" if row.against == "bound" else f" × {row.against}"
    return f"{row.goal}{beside}: {row.verdict}"
