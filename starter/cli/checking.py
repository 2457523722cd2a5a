"""Does everything hold that must hold?"""

from models.audit import Violation
from starter.cli.facts import in_brackets
from starter.cli.session import Flag, Json, Session, session

BROKEN = 3
AGAIN = 75


async def check(
    *,
    offline: Flag = False,
    quick: Flag = False,
    as_json: Json = False,
) -> int:
    """Check what must hold of every case, payment, booking and notice; changes nothing.

    Each breach is named with its case. Ends with 0 where there is none, with 3 where there is one, and with 75 where
    something could not be asked.

    :param offline: SQL, ledger and gateway only; Temporal is not asked.
    :param quick: Leave out the cases' histories.
    """
    from procedures import PACKS
    from starter.archive import opened
    from starter.connection import connect
    from starter.parts import real_parts
    from starter.reach import address_of
    from verify.oracle import Oracle

    current = session()
    _ = current.default_pack
    client = None if offline else await connect(current.settings)
    address = address_of(current.settings) if client is None else client.service_client.config.target_host
    async with opened(current.settings) as store, real_parts(current.settings, store, address) as parts:
        partner = parts.payment if current.settings.partners.payment.kind != "embedded" else None
        oracle = Oracle(store, PACKS.pinned, gateway=partner, client=client, histories=not quick)
        found = []
        async for wrong in oracle.violations():
            found.append(wrong)
            if not as_json:
                current.out.print(_line(current, wrong), markup=False)
    if as_json:
        totals = {currency: dict(sums) for currency, sums in oracle.totals.items()}
        report = {"cases": oracle.cases, "unchecked": oracle.unchecked, "totals": totals, "violations": found}
        current.print_json(report)
    else:
        key = "checked.broken" if found else "checked.holds"
        current.out.print(current.say(key, cases=oracle.cases, n=len(found)), markup=False)
        if oracle.unchecked:
            current.out.print(current.say("checked.unchecked", n=oracle.unchecked), markup=False)
    if found:
        return BROKEN
    return AGAIN if oracle.unchecked else 0


def _line(current: Session, wrong: Violation) -> str:
    text = current.named("violation", wrong.code)
    return f"{wrong.invariant}  {wrong.number}  {text}{in_brackets(current, wrong.facts)}"
