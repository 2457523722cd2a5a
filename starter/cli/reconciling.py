"""Do gateway, ledger and cases agree on the customers' money?"""

from collections.abc import Mapping

from starter.cli.session import Json, Session, session
from texts import money

DIFFERENT = 3


async def reconcile(*, as_json: Json = False) -> int:
    """Compare the gateway's refunds, the ledger and the cases, case by case and in total; changes nothing.

    Ends with 0 where they agree to the cent and with 3 where they do not.
    """
    from activities.reconcile import Reconciliation
    from reports.statement import difference_line
    from starter.archive import opened

    current = session()
    embedded = current.settings.partners.payment.kind == "embedded"
    async with opened(current.settings) as store:
        run = Reconciliation(store, embedded=embedded)
        wrong, listed = 0, []
        async for found in run.differences():
            wrong += not found.under_way
            if as_json:
                listed.append(found)
            else:
                current.out.print(difference_line(found, current.lang), markup=False)
    if as_json:
        totals = {currency: dict(sums) for currency, sums in run.totals.items()}
        current.print_json({"cases": run.cases, "clean": not wrong, "totals": totals, "differences": listed})
    else:
        _summary(current, run.totals, run.cases, wrong)
    return DIFFERENT if wrong else 0


def _summary(current: Session, totals: Mapping[str, Mapping[str, int]], cases: int, wrong: int) -> None:
    for currency, sums in sorted(totals.items()):
        figures = {name: money(amount, currency, current.lang) for name, amount in sums.items()}
        current.out.print(current.say("settled.totals", currency=currency, **figures), markup=False)
    key = "settled.different" if wrong else "settled.clean"
    current.out.print(current.say(key, cases=cases, n=wrong), markup=False)
