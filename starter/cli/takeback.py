"""The news that the payment gateway has taken a refund back."""

from typing import Annotated

from cyclopts import Parameter

from models.commands import TakenBack
from starter.cli.actors import may_instead
from starter.cli.sending import NOBODY, Sender, composed, tell
from starter.cli.session import session


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
    reason = may_instead(current, verdict.reason, [current.default_pack, *current.packs()])
    return tell(current, reference, verdict, key="reference", reason=reason, as_json=by.as_json)
