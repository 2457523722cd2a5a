"""What a list of cases is narrowed to and what it holds. Filters hold only checked ids, never raw input."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from heapq import nsmallest
from typing import Literal, NamedTuple

from pydantic import AwareDatetime, ValidationError

from models.base import Contract, Ref, Slug, in_one_line, problems
from models.names import COMPLAINT
from models.stage import NEW, Stage
from starter.failures import BadInput
from workflows.attributes import ORDER, OVERDUE, STAGE, WAITING_FOR

_CASES = f"WorkflowType = '{COMPLAINT}'"
SPARE = 1_000
"""Cases kept beyond those wanted before the farthest are let go."""
_OPEN = "ExecutionStatus = 'Running'"
ListedStage = Stage | Literal["new"]
"""A case's stage; "new" before it has told its first one."""


class Filters(Contract):
    """Which cases to list; what is None does not matter. Every value is an id of a checked pattern."""

    stage: ListedStage | None = None
    department: Slug | None = None
    """Waiting for this department."""
    order: Ref | None = None
    overdue: bool | None = None
    open_only: bool = False

    def query(self) -> str:
        """The visibility filter."""
        parts = [_CASES]
        if self.stage == NEW:
            parts.append(f"{STAGE.name} IS NULL")
        elif self.stage is not None:
            parts.append(_at(self.stage))
        if self.department is not None:
            parts.append(f"{WAITING_FOR.name} = '{self.department}'")
        if self.order is not None:
            parts.append(f"{ORDER.name} = '{self.order}'")
        if self.overdue is not None:
            parts.append(f"{OVERDUE.name} = {str(self.overdue).lower()}")
        # A terminated case keeps its last stage: an open stage counts only while the case runs.
        if self.open_only or self.stage not in {None, Stage.CLOSED}:
            parts.append(_OPEN)
        elif self.stage is None:
            # Neither a failed start nor a second one nor an earlier run of a case is a case.
            parts.append(f"({_OPEN} OR {_at(Stage.CLOSED)})")
        return " AND ".join(parts)


def _at(stage: str) -> str:
    return f"{STAGE.name} = '{stage}'"


class CaseLine(Contract):
    """One case in a list."""

    number: str
    procedure: str | None = None
    stage: str
    waiting_for: tuple[str, ...]
    deadline: AwareDatetime | None
    order: str | None
    overdue: bool
    opened_at: AwareDatetime
    open: bool


def filters(**values: object) -> Filters:
    """Checked filters. Raises BadInput with one line that names the field."""
    try:
        return Filters.model_validate(values)
    except ValidationError as error:
        raise BadInput("input", problem=in_one_line(problems(error), "--{}".format)) from None


class Nearest(NamedTuple):
    """The cases whose deadlines are nearest, nearest first, out of so many."""

    cases: list[CaseLine]
    total: int


async def nearest(listed: AsyncIterator[CaseLine], limit: int) -> Nearest:
    """The cases of a list to be looked at first. The server cannot sort by deadline, so all are read and few kept."""
    kept: list[CaseLine] = []
    total = 0
    async for line in listed:
        total += 1
        kept.append(line)
        if len(kept) >= limit + SPARE:
            kept = nsmallest(limit, kept, key=_due)
    return Nearest(nsmallest(limit, kept, key=_due), total)


def _due(line: CaseLine) -> datetime:
    return line.deadline or datetime.max.replace(tzinfo=UTC)
