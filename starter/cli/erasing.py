"""Erasing a customer."""

from typing import Annotated

from cyclopts import Parameter

from starter.cli.reading_rights import proven, reader
from starter.cli.session import Flag, Json, Session, session
from starter.failures import BadInput, NoSuchCase, NotAllowed

Customer = Annotated[str, Parameter(name="CUSTOMER", help="The customer's id, as complaints have it.")]


async def erase(
    customer: Customer,
    /,
    *,
    actor: Annotated[str | None, Parameter(name="--as", help="Your name in the directory; else REDRESS_ACTOR.")] = None,
    yes: Flag = False,
    as_json: Json = False,
) -> int:
    """Forget a customer: name, contacts and words leave cases, mails, SQL and Temporal; ledger and figures stay.

    Doing it again finds no case any more. Open cases go on, without an address to write to.

    :param yes: Needed: it cannot be undone.
    """
    current = session()
    who = proven(current, actor)
    if not yes:
        raise BadInput("erase_for_good")
    await _may(current, who)
    from starter.archive import opened
    from starter.connection import connect
    from starter.erasing import Eraser

    client = await connect(current.settings)
    own, mails = set(current.directory.departments_of(who)), current.settings.home / "mails"

    def may(procedure: str) -> bool:
        return not own.isdisjoint(current.pack(procedure).authority.get("forget", ()))

    async with current.cases() as cases, opened(current.settings) as store:
        done = await Eraser(store, client, cases, mails, who, may=may).erase(customer.strip())
    if not done.cases:
        raise NoSuchCase("no_customer")
    if as_json:
        current.print_json(done._asdict())
    else:
        current.out.print(current.say("erased", cases=done.cases, histories=done.histories))
    return 0


async def _may(current: Session, who: str) -> None:
    """Raises NotAllowed for somebody whom no procedure lets erase; the denial is recorded without the id."""
    reading = reader(current)
    allowed = {name for pack in current.packs() for name in pack.authority.get("forget", ())}
    if allowed.isdisjoint(current.directory.departments_of(who)):
        if reading.name is not None:
            await reading.deny("erasure")
        raise NotAllowed("not_yours")
