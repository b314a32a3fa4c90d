"""What a measure says."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: `value` beside `bound` (both in `unit`), and what their ratio should be."""

    name: str
    value: float
    bound: float
    unit: str
    goal: str

    @property
    def ratio(self) -> float:
        return self.value / self.bound
