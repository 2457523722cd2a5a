"""`redress procedure simulate`: a changed procedure over past cases."""

import json
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from models.procedure import Procedure
from procedures import PACKS, read_pack
from procedures.workdays import Workdays
from rules.replay import Undecided
from rules.simulation import Compared, Ending, Tally, compare
from starter.cli.reading_rights import reader
from starter.cli.session import Json, Session, session
from starter.failures import BadInput
from texts import money, values

if TYPE_CHECKING:
    from rules.past import Past


async def simulate(
    file: Annotated[Path, Parameter(name="FILE", help="The changed procedure.")],
    /,
    *,
    since: str | None = None,
    as_json: Json = False,
) -> int:
    """Run a changed procedure over past cases: which would end otherwise, and the cost per party, old and new.

    Cases whose record does not tell what the changed procedure wants to know are counted by reason, never guessed.

    :param since: Only cases opened from this day on, such as 2026-03-01.
    """
    current = session()
    await reader(current).everything("simulate")
    pack, tally = read_pack(file), Tally()
    begin = _day(since, pack.time_zone)
    before = '{"otherwise": ['
    async with aclosing(_compared(current, pack, begin, tally)) as found:
        async for number, case in found:
            if as_json:
                # One by one, so that no number of cases fills the memory.
                line = {"number": number, "old": asdict(case.old), "new": asdict(case.new)}
                sys.stdout.write(f"{before}\n{json.dumps(line, ensure_ascii=False)}")
                before = ","
            else:
                current.out.print(Text(f"{number}  {_difference(current, case, pack)}"))
    if as_json:
        totals = {"same": tally.same, "otherwise": tally.otherwise, "undecided": dict(tally.undecided)}
        costs = json.dumps(_costs(tally), ensure_ascii=False)
        opening = "" if before == "," else before
        sys.stdout.write(f'{opening}\n], "totals": {json.dumps(totals)}, "costs": {costs}}}\n')
    else:
        _print_totals(current, tally, pack)
    return 0


def _day(text: str | None, zone: str) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(f"{text}T00:00:00").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except ValueError:
        raise BadInput("period_day", field="--since") from None


async def _compared(
    current: Session, pack: Procedure, since: datetime | None, tally: Tally
) -> AsyncGenerator[tuple[str, Compared], None]:
    """The cases that end otherwise; every case is counted."""
    from activities.store import at_one_moment
    from reports.past_cases import past_cases
    from starter.archive import reading

    current.packs()
    days = Workdays(current.settings.calendar_file)
    async with reading(current.settings) as opened:
        async for number, past in past_cases(await at_one_moment(opened), pack.name, since):
            try:
                found = _compare(past, pack, days)
            except Undecided as why:
                tally.undecided[why.code] += 1
                continue
            tally.add(found)
            if found.old != found.new:
                yield number, found


def _compare(past: "Past | None", pack: Procedure, days: Workdays) -> Compared:
    if past is None:
        raise Undecided("open")
    if not PACKS.has(past.procedure):
        raise Undecided("no_pack")
    return compare(past, PACKS.pinned(past.procedure), pack, days)


def _difference(current: Session, case: Compared, pack: Procedure) -> str:
    return "; ".join(
        f"{current.say(f'simulate.{name}')}: {_shown(current, name, case.old, pack)} → "
        f"{_shown(current, name, case.new, pack)}"
        for name in Ending.__dataclass_fields__
        if getattr(case.old, name) != getattr(case.new, name)
    )


def _shown(current: Session, name: str, ending: Ending, pack: Procedure) -> str:
    value = getattr(ending, name)
    if name == "liable" and value:
        return values.liable(value, pack, current.lang)
    if name == "refunded":
        return money(value, ending.currency, current.lang)
    if name == "route" and value:
        return values.route(value, pack, current.lang)
    if name in {"basis", "exit"} and value:
        return current.named(name, value)
    return value or "-"


def _costs(tally: Tally) -> list[dict[str, str | int]]:
    return [
        {"currency": currency, "party": party, "old": tally.old[currency, party], "new": tally.new[currency, party]}
        for currency, party in sorted({*tally.old, *tally.new})
    ]


def _print_totals(current: Session, tally: Tally, pack: Procedure) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("party", "old", "new"):
        table.add_column(current.say(f"simulate.{heading}"), justify="left" if heading == "party" else "right")
    for currency, party in sorted({*tally.old, *tally.new}):
        amounts = (money(costs[currency, party], currency, current.lang) for costs in (tally.old, tally.new))
        table.add_row(Text(values.party(party, pack, current.lang)), *(Text(amount) for amount in amounts))
    current.out.print(table)
    undecided = sum(tally.undecided.values())
    totals = current.say("simulate.totals", same=tally.same, otherwise=tally.otherwise, undecided=undecided)
    current.out.print(totals, markup=False)
    for why, cases in sorted(tally.undecided.items()):
        current.out.print(f"  {cases}  {current.say(f'simulate.why_{why}')}", markup=False)
