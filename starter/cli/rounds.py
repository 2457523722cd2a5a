"""Having the regular reports of a week or month sent, for the first time or again."""

import secrets
from datetime import date
from typing import Annotated

from cyclopts import Parameter
from pydantic import TypeAdapter, ValidationError

from models.reporting import PeriodName, ReportCall
from starter.cli.session import Json, session
from starter.failures import BadInput

_PERIOD: TypeAdapter[str] = TypeAdapter(PeriodName)


async def send_reports(
    name: Annotated[str, Parameter(name="ROUND", help="A round of the procedure's [sending], such as weekly.")],
    /,
    *,
    period: str,
    procedure: Annotated[str | None, Parameter(help="The procedure; none: the configured one.")] = None,
    again: Annotated[bool, Parameter(negative="", help="Also if they have been sent before.")] = False,
    as_json: Json = False,
) -> int:
    """Send the regular reports of a week or month; what has been sent before is not sent again unasked.

    :param period: An ISO week such as 2026-W47, or a month such as 2026-10.
    """
    from starter.connection import connect
    from starter.reporting import send_round

    current = session()
    pack = current.default_pack if procedure is None else current.newest(procedure)
    sending = pack.sending.get(name)
    if sending is None:
        raise BadInput("no_round", choices=", ".join(pack.sending) or current.say("nobody"))
    call = ReportCall(
        procedure=pack.name,
        name=name,
        every=sending.every,
        time_zone=pack.time_zone,
        period=_period(period, sending.every),
        again=secrets.token_hex(6) if again else None,
    )
    client = await connect(current.settings)
    mails = await send_round(client, call, current.settings.task_queue)
    if as_json:
        current.print_json({"round": name, "period": call.period, "mails": mails})
    else:
        key = "round_sent" if mails else "round_there"
        current.out.print(current.say(key, name=name, period=call.period, n=mails), markup=False)
    return 0


def _period(text: str, every: str) -> str:
    try:
        found = _PERIOD.validate_python(text.strip().upper())
    except ValidationError:
        found = ""
    refusal = BadInput("round_week") if every == "week" else BadInput("round_month")
    if not found or ("W" in found) is not (every == "week"):
        raise refusal
    if "W" in found:
        try:
            date.fromisocalendar(int(found[:4]), int(found[6:]), 1)
        except ValueError:
            raise refusal from None
    return found
