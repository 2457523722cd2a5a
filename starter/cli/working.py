"""Human actions on duties, offers, approvals and deadlines."""

from collections.abc import Iterable
from typing import Annotated

from cyclopts import Parameter

from models.complaint import DemandKind
from models.procedure import Procedure
from models.steps import FormField
from starter.cli.actions import handling_plan
from starter.cli.parsing import form, one_of
from starter.cli.sending import NOBODY, Number, Sender, act
from starter.cli.session import Flag, Many, Whole, case_number, session

Fields = Annotated[list[str] | None, Parameter(name="--field", negative="", help="NAME=VALUE; again for more.")]


async def record(
    number: Number,
    duty: Annotated[str | None, Parameter(name="DUTY", help="Which, where the department has several.")] = None,
    /,
    *,
    field: Fields = None,
    liable: Many = None,
    remedy: DemandKind | None = None,
    amount: str | None = None,
    assign: Many = None,
    evidence: Many = None,
    note: str | None = None,
    by: Sender = NOBODY,
) -> int:
    """Report on a duty of the procedure: its form, and who is liable where it says so.

    :param liable: Who is, as in confirm, where the duty determines that.
    :param remedy: What the customer gets instead of what was asked for.
    :param amount: How much, such as 12.50.
    :param assign: A department to hand the next duty to, or DEPARTMENT=2wd with its time limit; again for more.
    :param evidence: A reference to evidence; again for more.
    :param note: The finding in words.
    """
    duties = (await _procedure(number)).duties if field else {}
    known = [part for name, known in duties.items() if duty in (None, name) for part in known.form]
    plan = await handling_plan(number, remedy, amount, None, liable)
    more = {"assign": [_assignment(text) for text in assign or []], "evidence": evidence or [], "note": note}
    return await act(number, "record", by, duty=duty, fields=form("--field", field or [], known), **plan, **more)


def _assignment(text: str) -> dict[str, str]:
    department, _, within = text.strip().partition("=")
    return {"department": department} | ({"within": within} if within else {})


async def offer(
    number: Number,
    /,
    *,
    remedy: DemandKind,
    amount: str | None = None,
    line: Many = None,
    basis: str,
    liable: Many = None,
    field: Fields = None,
    by: Sender = NOBODY,
) -> int:
    """Make the customer an offer that settles the case.

    :param remedy: What the customer gets.
    :param amount: How much, such as 12.50.
    :param line: Of which product, as SKU=2; again for more.
    :param basis: The rule and the facts it rests on.
    :param liable: Who bears it, as in confirm; needed where nothing has been determined.
    """
    offers = (await _procedure(number)).offers if field else None
    known: Iterable[FormField] = offers.form if offers else ()
    plan = await handling_plan(number, remedy, amount, line, liable)
    return await act(number, "offer", by, basis=basis, fields=form("--field", field or [], known), **plan)


async def respond(
    number: Number,
    version: Annotated[Whole, Parameter(name="VERSION", help="The offer's number in the case.")],
    /,
    *,
    accept: Flag = False,
    counter: Flag = False,
    reason: str | None = None,
    by: Sender = NOBODY,
) -> int:
    """Record the customer's answer to an offer.

    :param accept: The customer accepts it; the matter is settled.
    :param counter: The customer wants something else; give --reason.
    :param reason: What the customer says.
    """
    answer = one_of({"accept": accept, "counter": counter})
    return await act(number, "respond", by, version=version, accept=answer == "accept", reason=reason)


async def approve(
    number: Number, /, *, approve: Flag = False, refuse: Flag = False, reason: str | None = None, by: Sender = NOBODY
) -> int:
    """Approve, or not, what somebody else determined or offers.

    :param approve: It goes on.
    :param refuse: It does not; needs --reason.
    :param reason: Why.
    """
    answer = one_of({"approve": approve, "refuse": refuse})
    return await act(number, "approve", by, approve=answer == "approve", reason=reason)


async def extend(
    number: Number,
    /,
    *,
    of: str,
    duty: str | None = None,
    more: Annotated[str, Parameter(name="--by")],
    asked_by: str,
    reason: str,
    by: Sender = NOBODY,
) -> int:
    """Give a department more time; the customer is told. Nobody extends what is their own.

    :param of: The department.
    :param duty: Which of its clocks, where it has several.
    :param more: How much, such as 2h or 1wd.
    :param asked_by: Who asks for it.
    :param reason: Why.
    """
    return await act(number, "extend", by, of=of, duty=duty, by=more, asked_by=asked_by, reason=reason)


async def _procedure(number: str) -> Procedure:
    """The procedure the case runs on: it says of what kind each field is."""
    current = session()
    async with current.cases() as cases:
        view = await cases.view(case_number(number))
    return current.pack(view.procedure)
