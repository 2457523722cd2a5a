"""Human actions on duties, offers, approvals and deadlines."""

from collections.abc import Callable, Iterable, Iterator
from typing import Annotated

from cyclopts import Parameter

from models.base import Detail
from models.procedure import Procedure
from models.steps import FormField
from starter.cli.actions import handling_plan
from starter.cli.choosing import half_width
from starter.cli.parsing import Remedy, form, one_of
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
    remedy: Remedy = None,
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
    which = session().choice("DUTY", duty, "duties") if duty is not None else None
    plan = await handling_plan(number, remedy, amount, None, liable)
    more = {"assign": [_assignment(text) for text in assign or []], "evidence": evidence or [], "note": note}
    fields = await _fields(number, field, lambda pack: _forms(pack, which))
    return await act(number, "record", by, duty=which, fields=fields, **plan, **more)


def _forms(pack: Procedure, duty: str | None) -> Iterator[FormField]:
    """What a duty's report must say; none: those of every duty."""
    return (part for name, known in pack.duties.items() if duty in (None, name) for part in known.form)


def _assignment(text: str) -> dict[str, str]:
    department, _, within = half_width(text).strip().partition("=")
    whom = session().choice("--assign", department, "departments")
    return {"department": whom} | ({"within": within} if within else {})


async def offer(
    number: Number,
    /,
    *,
    remedy: Remedy,
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
    fields = await _fields(number, field, lambda pack: pack.offers.form if pack.offers else ())
    plan = await handling_plan(number, remedy, amount, line, liable)
    return await act(number, "offer", by, basis=basis, fields=fields, **plan)


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


async def _fields(
    number: str, texts: list[str] | None, forms: Callable[[Procedure], Iterable[FormField]]
) -> dict[str, Detail]:
    """A form's fields as typed; the procedure that the case runs on says of what kind each is."""
    if not texts:
        return {}
    current = session()
    async with current.cases() as cases:
        view = await cases.view(case_number(number))
    return form("--field", texts, forms(current.pack(view.procedure)), view.currency)
