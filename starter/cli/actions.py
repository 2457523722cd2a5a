"""Human actions on the way to a decision."""

from typing import Annotated, Literal

from cyclopts import Parameter

from models.complaint import DemandKind
from starter.cli.choosing import by_title
from starter.cli.parsing import Remedy, demand, nothing_beside, one_of, shares
from starter.cli.sending import NOBODY, Number, Sender, act
from starter.cli.session import Flag, Many, case_number, session


async def contact(
    number: Number,
    /,
    *,
    mode: Annotated[Literal["phone", "in_person"], by_title("mode")] = "phone",
    note: str | None = None,
    by: Sender = NOBODY,
) -> int:
    """Record that the matter was explained to the customer before the mail.

    :param mode: How.
    :param note: What was said.
    """
    return await act(number, "contact", by, mode=mode, note=note)


async def triage(
    number: Number,
    /,
    *,
    grant: Flag = False,
    refuse: Flag = False,
    own: Flag = False,
    ask: Many = None,
    route: str | None = None,
    reason: str,
    by: Sender = NOBODY,
) -> int:
    """Correct the triage of a case.

    :param grant: Grant at once.
    :param refuse: Refuse.
    :param own: Customer service determines itself.
    :param ask: A department to ask; again for another one.
    :param route: Another route of the procedure, such as complex.
    :param reason: Why.
    """
    way = one_of({"grant": grant, "refuse": refuse, "own": own, "ask": bool(ask), "route": route is not None})
    handling = None if way == "route" else way
    route = session().route(route) if route is not None else None
    return await act(number, "triage", by, handling=handling, route=route, ask=ask or [], reason=reason)


async def negotiated(
    number: Number, /, *, agreed: Flag = False, failed: Flag = False, note: str | None = None, by: Sender = NOBODY
) -> int:
    """Report how the talk between customer and merchant ended.

    :param agreed: They found a solution.
    :param failed: They did not.
    :param note: What was agreed.
    """
    outcome = one_of({"agreed": agreed, "failed": failed})
    return await act(number, "negotiated", by, agreed=outcome == "agreed", note=note)


async def confirm(
    number: Number, /, *, liable: Many = None, reason: str, evidence: Many = None, by: Sender = NOBODY
) -> int:
    """Answer an ask: who is liable.

    :param liable: `merchant`, or `merchant=60` and again for the others; together 100.
    :param reason: Why.
    :param evidence: A reference to evidence (URL, object key, SHA-256); again for more.
    """
    found = shares("--liable", liable or [])
    return await act(number, "confirm", by, liable=found, reason=reason, evidence=evidence or [])


async def verify(number: Number, /, *, note: str | None = None, by: Sender = NOBODY) -> int:
    """Confirm a shared liability; the customer gets the promise.

    :param note: What was checked.
    """
    return await act(number, "verify", by, note=note)


async def contest(
    number: Number,
    /,
    *,
    party: Annotated[str, Parameter(name="--by", help="The party or department that disputes it.")],
    reason: str,
    by: Sender = NOBODY,
) -> int:
    """Dispute a determination; the panel decides.

    :param reason: Why.
    """
    disputing = session().choice("--by", party, "parties", "departments")
    return await act(number, "contest", by, by=disputing, reason=reason)


async def decide(
    number: Number,
    /,
    *,
    grant: Flag = False,
    refuse: Flag = False,
    reason: str,
    remedy: Remedy = None,
    amount: str | None = None,
    line: Many = None,
    liable: Many = None,
    by: Sender = NOBODY,
) -> int:
    """Decide as panel or leadership; the decision is final.

    :param grant: For the customer.
    :param refuse: Against the customer.
    :param reason: Why; the customer reads it in a refusal.
    :param remedy: What the customer gets instead of what was asked for.
    :param amount: How much of it, such as 12.50.
    :param line: A part of the order, as SKU=2; again for more.
    :param liable: Who bears the cost, as in confirm.
    """
    verdict = one_of({"grant": grant, "refuse": refuse})
    if verdict == "refuse":
        nothing_beside("--refuse", {"--remedy": remedy, "--amount": amount, "--line": line})
    plan = await handling_plan(number, remedy, amount, line, liable)
    return await act(number, "decide", by, grant=verdict == "grant", reason=reason, **plan)


async def handling_plan(
    number: str, remedy: DemandKind | None, amount: str | None, line: Many, liable: Many
) -> dict[str, object]:
    """What a decision gives and who bears it, as its message has it. Raises BadInput, NoSuchCase, TryAgain."""
    currency = await currency_of(number) if remedy and amount is not None else "CNY"
    return {"demand": demand(remedy, amount, line or [], currency), "liable": shares("--liable", liable or [])}


async def insist(number: Number, /, *, reason: str, by: Sender = NOBODY) -> int:
    """Record that the customer does not accept a refusal.

    :param reason: What the customer says.
    """
    return await act(number, "insist", by, reason=reason)


async def currency_of(number: str) -> str:
    """The currency an amount is meant in: the case's."""
    async with session().cases() as cases:
        return (await cases.view(case_number(number))).currency
