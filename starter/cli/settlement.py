"""Monthly statements of costs: read, export, confirm, object, close."""

import sys
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar
from zoneinfo import ZoneInfo

from cyclopts import App, Parameter

from models.commands import Share
from models.ledger import MONTH_PATTERN
from starter.cli.parsing import shares
from starter.cli.reading_rights import proven, reader
from starter.cli.reporting import FormatName, format_of
from starter.cli.session import WHOLE, Json, Many, Session, Whole, session
from starter.failures import BadInput, NoSuchCase, NotAllowed, TryAgain
from texts import values, when

if TYPE_CHECKING:
    from activities.statements import Statements
    from models.procedure import Procedure
    from reports.document import Document

    Allowed = Sequence[tuple[Procedure, Sequence[str]]]

PartyName = Annotated[
    str, Parameter(name="PARTY", help="merchant:ID, carrier:ID, one of our own parties, or the id alone.")
]
MonthName = Annotated[str, Parameter(name="--month", help="The month, such as 2026-11.")]
Line = Annotated[int | None, WHOLE, Parameter(help="The line; none: every line not answered yet.")]
Actor = Annotated[str | None, Parameter(name="--as", help="Your name in the directory; else REDRESS_ACTOR.")]
LONGEST_REASON = 500
T = TypeVar("T")

settlement = App(
    name="settlement", help="What complaints cost, by who bears it: monthly statements.", result_action="return_value"
)


@settlement.command(name="statement")
async def show_statement(
    party: Annotated[str | None, Parameter(name="PARTY", help="Whose; none: the totals of all.")] = None,
    /,
    *,
    month: MonthName,
    form: Annotated[FormatName | None, Parameter(name="--format")] = None,
    out: Path | None = None,
    as_json: Json = False,
) -> int:
    """What a party bears of a month, line by line.

    :param form: How to write it; none: as the file is called, else a table.
    :param out: The file to write; xlsx and pdf need one.
    """
    current = session()
    _checked(month)
    chosen = format_of(form, out, as_json=as_json)
    from reports.catalogue import FOR_PROGRAMS
    from reports.statement import overview, statement

    async with _statements(current) as book:
        who = reader(current)
        if party is None:
            await who.everything("statements")
            document = overview(
                month,
                lambda: book.parties(month),
                current.pack_of_party,
                current.lang,
                now(),
                for_programs=chosen in FOR_PROGRAMS,
            )
        else:
            head = await book.head(await _party(current, book, party), month)
            settling = _procedures(current, await book.procedures(month, head.party))
            await who.party(head.party, {name for pack in settling for name in pack.settlement.clerks})
            pack = current.pack_of_party(head.party)
            document = statement(
                head, lambda: book.lines(head), pack, current.lang, now(), for_programs=chosen in FOR_PROGRAMS
            )
        await _deliver(current, document, chosen, out)
    return 0


@settlement.command
async def confirm(party: PartyName, /, *, month: MonthName, line: Line = None, actor: Actor = None) -> int:
    """Enter that a party agrees with its statement, or with one line."""
    return await _answer(party, month, line, actor, None)


@settlement.command(name="object")
async def object_to(
    party: PartyName, /, *, month: MonthName, reason: str, line: Line = None, actor: Actor = None
) -> int:
    """Enter that a party objects to its statement, or to one line.

    :param reason: Why.
    """
    return await _answer(party, month, line, actor, _reason(reason))


def _reason(text: str) -> str:
    if not text.strip() or len(text) > LONGEST_REASON or not text.isprintable():
        raise BadInput("bad_objection")
    return text.strip()


@settlement.command
async def decide(
    party: PartyName,
    /,
    *,
    month: MonthName,
    line: Whole,
    liable: Many = None,
    keep: Annotated[bool, Parameter(negative="", help="The party bears it as before.")] = False,
    reason: str,
    actor: Actor = None,
) -> int:
    """Decide an objection as the panel: the cost held moves in the open month, the statement stays as issued.

    :param line: The line of the statement.
    :param liable: Who bears it, as in confirm: `merchant=60` and again for the others; together 100.
    :param reason: Why.
    """
    current = session()
    _checked(month)
    if keep == bool(liable):
        raise BadInput("objection_choice")
    found = [Share.model_validate(share) for share in shares("--liable", liable or [])]
    # Any procedure's parties here: only the ledger knows which one the line's case runs on.
    known = dict.fromkeys(name for pack in current.packs() for name in pack.parties)
    if found and (sum(share.percent for share in found) != 100 or not {share.party for share in found} <= set(known)):
        raise BadInput("objection_liable", known=", ".join(known))
    async with _statements(current, writing=True) as book:
        head = await book.head(await _party(current, book, party), month)
        pack = _own(current, await _told(book.procedure(head, line)))
        who, _ = await _of(current, actor, [(pack, (pack.panel,))])
        await _told(book.rule(head, line, found, _reason(reason), who))
        current.out.print(current.say("settled.ruled", party=head.party, month=month, line=line), markup=False)
    return 0


@settlement.command
async def close(*, month: MonthName, actor: Actor = None) -> int:
    """Close a month: issue every party's statement. What comes later is settled in the next open month."""
    current = session()
    _checked(month)
    async with _statements(current, writing=True) as book:
        settled = _procedures(current, await book.procedures(month))
        who, _ = await _of(current, actor, _clerks(settled))
        window = max(pack.settlement.window for pack in settled)
        last = min(
            (pack.time_zone for pack in settled), key=lambda zone: f"{now().astimezone(ZoneInfo(zone)):%Y%m%d%H%M}"
        )
        closed, fresh = await _told(book.close(month, who, window, last))
        until = when(closed.answer_by or now(), current.default_pack.time_zone, current.lang)
        key = "settled.closed" if fresh else "settled.closed_before"
        current.out.print(current.say(key, month=month, until=until), markup=False)
    return 0


async def _answer(party: str, month: str, line: int | None, actor: str | None, objection: str | None) -> int:
    current = session()
    _checked(month)
    async with _statements(current, writing=True) as book:
        head = await book.head(await _party(current, book, party), month)
        behind = await _told(book.of_lines(head, line))
        packs = _procedures(current, behind)
        who, mine = await _of(current, actor, _clerks(packs))
        on = [ref for ref in behind if ref in {name for pack in mine for name in (pack.ref, pack.name)}]
        new = await _told(book.answer(head, line, who, objection=objection, on=on))
        key = "settled.confirmed" if objection is None else "settled.objected"
        current.out.print(current.say(key, party=head.party, month=month, n=new), markup=False)
    if others := [pack for pack in packs if pack.ref not in {each.ref for each in mine}]:
        told = current.say("settled.for_others", who=_titles(current, _clerks(others)))
        current.err.print(told, style="yellow", markup=False)
    return 0


@asynccontextmanager
async def _statements(current: Session, *, writing: bool = False) -> AsyncIterator["Statements"]:
    """The statements of the configured database. Raises TryAgain."""
    from activities.statements import Statements
    from starter.archive import opened

    async with opened(current.settings) as store:
        if writing:
            await store.create()
        yield Statements(store, now, current.pack)


async def _party(current: Session, book: "Statements", name: str) -> str:
    """The ledger's name for a party; an id alone is enough where only one has it. Raises NoSuchCase, BadInput."""
    name = _as_booked(current, name.strip())
    roles = {role for pack in current.packs() for role, party in pack.parties.items() if party.settles}
    found = await book.known((name, *(f"{role}:{name}" for role in sorted(roles))))
    if not found:
        raise NoSuchCase("no_party")
    if len(found) > 1 and name not in found:
        raise BadInput("parties", known=", ".join(found))
    return name if name in found else found[0]


def _as_booked(current: Session, typed: str) -> str:
    """The ledger's name for a party typed by its title, with the id behind it as the totals show it; else as typed."""
    title, _, who = typed.rpartition(" ")
    role = current.spelt(title, "parties")
    return f"{role}:{who}" if role != title else current.spelt(typed, "parties")


def _procedures(current: Session, behind: Sequence[str]) -> "list[Procedure]":
    """Those behind costs; the default one where there are no costs. Raises BadInput where none of them is here."""
    if not behind:
        return [current.default_pack]
    known = {name: pack for pack in current.packs() for name in (pack.name, pack.ref)}  # the newest under a name
    packs = {pack.ref: pack for ref in behind if (pack := known.get(ref)) is not None}
    if not packs:
        raise current.no_procedure()
    return list(packs.values())


def _clerks(packs: "Sequence[Procedure]") -> "Allowed":
    return [(pack, pack.settlement.clerks) for pack in packs]


def _own(current: Session, ref: str) -> "Procedure":
    """The procedure of this name and version: another one's panel does not do. Raises BadInput."""
    pack = current.pack(ref)
    if pack.ref != ref:
        raise current.no_procedure()
    return pack


async def _of(current: Session, actor: str | None, allowed: "Allowed") -> "tuple[str, list[Procedure]]":
    """The proven name of somebody of one of these departments, and of which procedures. Raises BadInput, NotAllowed."""
    name = proven(current, actor)
    own = set(current.directory.departments_of(name))
    if mine := [pack for pack, clerks in allowed if own.intersection(clerks)]:
        return name, mine
    await reader(current).was_denied("settlement", "write")
    raise NotAllowed("other_people" if own else "stranger", who=_titles(current, allowed) or current.say("nobody"))


def _titles(current: Session, allowed: "Allowed") -> str:
    found = (values.department(one, pack, current.lang) for pack, clerks in allowed for one in clerks)
    return ", ".join(dict.fromkeys(found))


async def _told(asked: Awaitable[T]) -> T:
    """The answer, or the refusal as a line and exit code 3."""
    from activities.statements import StatementRefusal

    try:
        return await asked
    except StatementRefusal as refusal:
        raise NotAllowed(f"statement_{refusal.code}") from None


async def _deliver(current: Session, document: "Document", form: FormatName, out: Path | None) -> None:
    from reports.catalogue import Format, print_text, save

    if out is None:
        await print_text(document, Format(form), sys.stdout, current.out)
        return
    try:
        await save(document, Format(form), out)
    except OSError as error:
        raise TryAgain("report_unwritable", problem=error.strerror or type(error).__name__) from None
    current.err.print(current.say("settled.saved", file=out), markup=False)


def _checked(month: str) -> None:
    if not MONTH_PATTERN.fullmatch(month):
        raise BadInput("bad_month")


def now() -> datetime:
    """The time by which windows end."""
    return datetime.now(UTC)
