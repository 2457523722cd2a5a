"""Many cases: lists, counts and a department's inbox."""

from datetime import datetime
from typing import Annotated

from cyclopts import Parameter

from models.names import SYSTEM
from starter.cli.choosing import by_title
from starter.cli.parsing import nothing_beside
from starter.cli.reading_rights import reader
from starter.cli.session import Flag, Json, Session, Whole, session
from starter.failures import BadInput
from starter.listing import CaseLine, Filters, ListedStage, filters, nearest

Limit = Annotated[Whole, Parameter(help="At most so many cases.")]


async def list_cases(
    *,
    stage: Annotated[ListedStage | None, Parameter(metavar="STAGE"), by_title("stage")] = None,
    department: str | None = None,
    order: str | None = None,
    overdue: Flag = False,
    count: Flag = False,
    limit: Limit = 50,
    as_json: Json = False,
) -> int:
    """Cases, newest first.

    :param stage: Only those at this stage.
    :param department: Only those that wait for this department.
    :param order: Only those about this order.
    :param overdue: Only open ones with a missed deadline.
    :param count: Count by stage instead, from Temporal and from SQL.
    """
    current = session()
    who = reader(current)
    if count:
        given = {"--stage": stage, "--department": department, "--order": order, "--overdue": overdue}
        nothing_beside("--count", given)
        await who.everything("counts")
        return await _count(current, as_json=as_json)
    own = await who.department(_waiting(current, department) if department else None)
    wanted = filters(stage=stage, department=own, order=order, overdue=True if overdue else None, open_only=overdue)
    found, clocks = await load(current, wanted, checked_limit(limit))
    if as_json:
        current.print_json(found)
    elif found:
        _print(current, found, clocks)
    else:
        current.out.print(current.say("nothing"))
    return 0


def _waiting(current: Session, typed: str) -> str:
    """Whom a case can wait for: a department, the customer or the service itself. Raises BadInput for another."""
    name = current.spelt(typed, "departments")
    if name not in {SYSTEM, *(pack.customer for pack in current.packs())}:
        current.pack_with(filters(department=name).department or name, "--department")
    return name


def checked_limit(limit: int) -> int:
    """Raises BadInput for a limit that makes no sense."""
    if not 1 <= limit <= 100_000:
        raise BadInput("bad_limit")
    return limit


async def load(current: Session, wanted: Filters, limit: int) -> tuple[list[CaseLine], dict[str, datetime]]:
    """The cases that match, and the own time of those whose clock was forwarded."""
    async with current.lists() as lists:
        found = [line async for line in lists.listing(wanted, limit=limit)]
        return found, await lists.clocks(found)


def _print(current: Session, found: list[CaseLine], clocks: dict[str, datetime]) -> None:
    from starter.cli.tables import list_table

    current.out.print(list_table(current, found, clocks))


async def _count(current: Session, *, as_json: bool) -> int:
    from starter.archive import stored_counts
    from starter.cli.tables import counts_table

    async with current.lists() as lists:
        running = await lists.counts()
    columns = {"temporal": running, "sql": await stored_counts(current.settings)}
    if as_json:
        current.print_json(columns)
    else:
        current.out.print(counts_table(current, columns))
    return 0


async def inbox(
    department: Annotated[str, Parameter(name="DEPARTMENT", help="The department, such as merchandise or 商品部.")],
    /,
    *,
    limit: Limit = 200,
    as_json: Json = False,
) -> int:
    """What waits for a department, the nearest deadline first."""
    current = session()
    department = current.spelt(department, "departments")
    pack = current.pack_with(department)
    await reader(current).department(department)
    wanted = filters(department=department, open_only=True)
    async with current.lists() as lists:
        found, total = await nearest(lists.listing(wanted), checked_limit(limit))
        clocks = await lists.clocks(found)
    if as_json:
        current.print_json(found)
        return 0
    from texts.values import department as titled

    title = titled(department, pack, current.lang)
    key = "inbox_part" if total > len(found) else "inbox"
    current.out.print(current.say(key, department=title, n=total, shown=len(found)), style="bold")
    if found:
        _print(current, found, clocks)
    return 0
