"""The goals, whether they hold, and where that is written down."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Goal:
    """One figure with its bound. `at_most`: the bound is an upper one."""

    name: str
    value: float
    unit: str
    bound: float | None = None
    at_most: bool = True
    note: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the value keeps to its bound; None for a figure without one."""
        if self.bound is None:
            return None
        return self.value <= self.bound if self.at_most else self.value >= self.bound


def kept(path: Path = RESULTS) -> list[Goal]:
    """What is written down."""
    if not path.exists():
        return []
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [Goal(**{name: value for name, value in row.items() if name != "holds"}) for row in rows]


def keep(goals: list[Goal], path: Path = RESULTS) -> None:
    """Write these down, each in the place of an earlier one of its name, new ones at the end."""
    figures = {goal.name: goal for goal in [*kept(path), *goals]}
    rows = [asdict(goal) | {"holds": goal.holds} for goal in figures.values()]
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def table(goals: list[Goal]) -> str:
    """The results as Markdown."""
    return "\n".join(["| figure | value | bound | holds | note |", "|---|---|---|---|---|", *map(line, goals)])


def line(goal: Goal) -> str:
    """One of its lines."""
    bound = "" if goal.bound is None else f"{'≤' if goal.at_most else '≥'} {goal.bound:g}"
    holds = {None: "", True: "yes", False: "**no**"}[goal.holds]
    return f"| {goal.name} | {goal.value:.3g} {goal.unit} | {bound} | {holds} | {goal.note} |"
