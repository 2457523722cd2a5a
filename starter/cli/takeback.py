"""The news that the payment gateway has taken a refund back."""

from typing import Annotated

from cyclopts import Parameter

from models.commands import TakenBack
from starter.cli.sending import NOBODY, REFUSED, Sender, composed
from starter.cli.session import session
from texts.reasons import reason as localised


async def taken_back(
    reference: Annotated[str, Parameter(name="REFERENCE", help="The gateway's number for the refund.")],
    /,
    *,
    code: str,
    by: Sender = NOBODY,
) -> int:
    """Tell that a refund did not reach the customer after all; its case, closed or not, gives the cashier a task.

    :param code: Why, in the gateway's word, such as account_closed.
    """
    from starter.takeback import tell_taken_back

    current = session()
    told = TakenBack.model_validate(composed(current, TakenBack, by, {"reference": reference, "code": code}))
    async with current.cases() as cases:
        verdict = await tell_taken_back(
            cases.client,
            told,
            task_queue=current.settings.task_queue,
            tokens=current.login.token,
            wait=by.wait,
        )
    if by.as_json:
        current.print_json({"reference": reference, **verdict.model_dump(mode="json")})
    elif verdict.accepted:
        current.out.print(f"{reference}: {current.named('code', verdict.code)}", markup=False)
    if not verdict.accepted:
        line = f"redress: {reference}: {current.named('code', verdict.code)}; {localised(verdict.reason, current.lang)}"
        current.err.print(" ".join(line.split()), markup=False)
    return 0 if verdict.accepted else REFUSED
