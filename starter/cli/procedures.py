"""Procedure packs: list, show, check and try them, and move a running case to another version."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.table import Table
from rich.text import Text

from models.procedure import Procedure
from procedures import HERE, PackError, read_pack, read_trials
from procedures.workdays import Workdays
from rules.spans import years_needed
from rules.trial import START, differences
from starter.cli.procedure_table import rows
from starter.cli.sending import NOBODY, Number, Sender, act
from starter.cli.session import Json, Session, Whole, session
from starter.cli.simulating import simulate
from starter.failures import BadInput
from texts import values
from texts.reasons import reason as localised

WRONG = 1
procedure = App(
    name="procedure",
    help="Procedures: list, show, check, test, simulate, move a case.",
    result_action="return_value",
)
procedure.command(name="simulate")(simulate)
PackName = Annotated[str, Parameter(name="NAME", help="A procedure by name, or name.version, or its file.")]


@procedure.command(name="list")
def list_packs(*, as_json: Json = False) -> int:
    """The procedures this service knows, the newest version of each marked."""
    current = session()
    packs = current.packs()
    if as_json:
        current.print_json([{"ref": pack.ref, "title": pack.title, "source": pack.source} for pack in packs])
        return 0
    table = Table(box=None, pad_edge=False)
    for heading in ("procedure", "title", "newest", "source"):
        table.add_column(current.say(f"procedure.{heading}"))
    newest = {pack.name: pack.ref for pack in packs}
    for pack in packs:
        mark = "✓" if newest[pack.name] == pack.ref else ""
        table.add_row(Text(pack.ref), Text(values.title(pack.title, current.lang)), Text(mark), Text(pack.source))
    current.out.print(table)
    return 0


@procedure.command(name="show")
def show_pack(name: PackName, /, *, as_json: Json = False) -> int:
    """A procedure's parameters, return rules, routes, duties, clocks, limits and papers, each with its clause."""
    current = session()
    pack = _found(current, name)
    if as_json:
        current.print_json(pack)
        return 0
    current.out.print(Text(f"{pack.ref}  {values.title(pack.title, current.lang)}", style="bold"))
    table = Table(box=None, pad_edge=False)
    for heading in ("what", "value", "source"):
        table.add_column(current.say(f"procedure.{heading}"))
    for row in rows(current, pack):
        table.add_row(*(Text(cell) for cell in row))
    current.out.print(table)
    return 0


@procedure.command(name="check")
def check_pack(
    files: Annotated[list[Path] | None, Parameter(name="FILE", help="Their files; none: all we know.")] = None,
    /,
) -> int:
    """Check procedures as a whole: one line per mistake, and per year whose working days are not known."""
    current = session()
    unusable: list[str] = []
    packs: list[Procedure] = []
    for file in files or []:
        try:
            packs.append(read_pack(file))
        except PackError as error:
            unusable += str(error).splitlines()
    if files is None:
        packs = current.packs()
    gaps = [line for pack in packs for line in _gaps(current, pack)]
    for line in (*unusable, *gaps):
        current.err.print(f"redress: {localised(line, current.lang)}", markup=False)
    if unusable:
        return BadInput.code
    if not gaps:
        current.out.print(current.say("procedure.fine", refs=", ".join(pack.ref for pack in packs)), markup=False)
    return WRONG if gaps else 0


def _gaps(current: Session, pack: Procedure) -> list[str]:
    now = datetime.now(UTC)
    known = Workdays(current.settings.calendar_file)(now.year).years
    return [
        f"{pack.ref}: {current.say('procedure.gap', year=year)}"
        for year in sorted(years_needed(now, pack.working_days) - set(known))
    ]


@procedure.command(name="test")
def try_pack(
    name: PackName,
    cases: Annotated[Path | None, Parameter(name="CASES", help="Its cases; none: NAME.cases.toml beside it.")] = None,
    /,
) -> int:
    """Try a procedure's own cases: each complaint's route, clocks and ruling as the file expects them."""
    current = session()
    file = _file(current, name)
    pack = read_pack(file)
    trials = read_trials(cases or file.with_name(file.name.replace(".procedure.", ".cases."))).cases
    calendar = Workdays(current.settings.calendar_file)(START.year)
    failed = 0
    for trial in trials:
        wrong = differences(pack, trial, calendar)
        failed += bool(wrong)
        current.out.print(f"{'✗' if wrong else '✓'} {trial.name}", markup=False)
        for line in wrong:
            current.out.print(f"    {line}", markup=False)
    current.out.print(current.say("procedure.tried", n=len(trials), failed=failed), markup=False)
    return WRONG if failed else 0


@procedure.command(name="move")
async def move_case(
    number: Number,
    version: Annotated[Whole, Parameter(name="VERSION", help="The version to go on under.")],
    /,
    *,
    reason: str,
    by: Sender = NOBODY,
) -> int:
    """Have a running case go on under another version of its procedure.

    :param reason: Why.
    """
    return await act(number, "move", by, version=version, reason=reason)


def _found(current: Session, name: str) -> Procedure:
    if name.endswith(".toml"):
        return read_pack(Path(name))
    wanted = current.procedure_called(name)
    packs = [pack for pack in current.packs() if wanted in (pack.ref, pack.name)]
    if not packs:
        raise current.no_procedure()
    return packs[-1]


def _file(current: Session, name: str) -> Path:
    """The file of a pack: its own path, or where the folders have it."""
    if name.endswith(".toml"):
        return Path(name)
    wanted = _found(current, name)
    own = current.settings.procedures_dir
    for folder in (*([own] if own else []), HERE):
        for file in sorted(folder.glob("*.procedure.toml")):
            if read_pack(file).ref == wanted.ref:
                return file
    raise current.no_procedure()
