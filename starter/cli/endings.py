"""Human actions on carrying out and ending a case."""

from starter.cli.actions import currency_of
from starter.cli.parsing import Remedy, demand, nothing_beside, one_of, parts
from starter.cli.sending import NOBODY, Number, Sender, act
from starter.cli.session import Flag, Many


async def goods(
    number: Number,
    /,
    *,
    accepted: Flag = False,
    rejected: Flag = False,
    line: Many = None,
    note: str | None = None,
    by: Sender = NOBODY,
) -> int:
    """Report returned goods after inspection.

    :param accepted: They are as agreed.
    :param rejected: They are not.
    :param line: What came, as SKU=2; again for more.
    :param note: What the inspection found.
    """
    found = one_of({"accepted": accepted, "rejected": rejected})
    came = parts("--line", line or [])
    return await act(number, "goods", by, accepted=found == "accepted", lines=came, note=note)


async def resolve(
    number: Number,
    /,
    *,
    retry: Flag = False,
    settled: Flag = False,
    refund_instead: Flag = False,
    abandon: Flag = False,
    not_sent: Flag = False,
    reference: str | None = None,
    note: str | None = None,
    by: Sender = NOBODY,
) -> int:
    """Settle a task the service could not do by itself.

    :param retry: Try again; what was paid is not paid again.
    :param settled: It was paid or sent by other means; needs --reference.
    :param refund_instead: The customer gets the money instead of the goods.
    :param abandon: Give up; needs --note.
    :param not_sent: The warehouse says so: no parcel is on its way, and none will be.
    :param reference: The number of the payment or parcel.
    :param note: Why.
    """
    choices = {"retry": retry, "settled": settled, "refund-instead": refund_instead, "abandon": abandon}
    outcome = one_of(choices).replace("-", "_")
    return await act(number, "resolve", by, outcome=outcome, not_sent=not_sent, reference=reference, note=note)


async def feedback(
    number: Number,
    /,
    *,
    satisfied: Flag = False,
    dissatisfied: Flag = False,
    not_reached: Flag = False,
    reason: str | None = None,
    remedy: Remedy = None,
    amount: str | None = None,
    by: Sender = NOBODY,
) -> int:
    """Record whether the customer is satisfied; if not, the case is examined again.

    :param satisfied: The customer is.
    :param dissatisfied: The customer is not.
    :param not_reached: The customer was called and did not answer; the call counts.
    :param reason: What the customer says.
    :param remedy: What the customer asks for now.
    :param amount: How much, such as 12.50.
    """
    said = one_of({"satisfied": satisfied, "dissatisfied": dissatisfied, "not-reached": not_reached})
    if said != "dissatisfied":
        nothing_beside(f"--{said}", {"--remedy": remedy, "--amount": amount})
    if said == "not-reached":
        return await act(number, "feedback", by, reached=False, reason=reason)
    other = demand(remedy, amount, [], await currency_of(number) if remedy and amount is not None else "CNY")
    return await act(number, "feedback", by, satisfied=said == "satisfied", reason=reason, demand=other)


async def withdraw(number: Number, /, *, reason: str | None = None, by: Sender = NOBODY) -> int:
    """Record that the customer takes the complaint back.

    :param reason: What the customer says.
    """
    return await act(number, "withdraw", by, reason=reason)
