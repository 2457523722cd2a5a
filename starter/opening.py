"""What a case's start tells the server: how the case will be listed, and the Web UI's one line."""

from datetime import UTC, datetime

from temporalio.common import SearchAttributePair, TypedSearchAttributes

from models.complaint import Complaint
from models.language import Language
from procedures import PACKS
from rules.intake import open_case
from rules.money import stake
from rules.spans import CalendarGap
from rules.view import view
from texts import money, named
from workflows.attributes import ORDER, initial


def expected(number: str, complaint: Complaint, default_procedure: str) -> TypedSearchAttributes:
    """How the case will be listed, told at its start: there it costs nothing. The case corrects what is otherwise.

    The order alone where the procedure is not known here, or counts at once in working days: only a case has them.
    """
    order_alone = TypedSearchAttributes([SearchAttributePair(ORDER, complaint.order.number)])
    pack = PACKS.newest(complaint.procedure or default_procedure)
    if pack is None or complaint.cause not in pack.causes or complaint.demand.kind not in pack.remedies:
        return order_alone
    try:
        return initial(view(open_case(complaint, pack, number, datetime.now(UTC)), pack))
    except CalendarGap:
        return order_alone


def summary(complaint: Complaint, default_procedure: str) -> str:
    """Order, demand, amount, in the procedure's language where it is known here. No personal data."""
    order, demand = complaint.order, complaint.demand
    pack = PACKS.newest(complaint.procedure or default_procedure)
    language = pack.language if pack is not None else Language.EN
    amount = money(stake(order, demand), order.currency, language)
    return f"{order.number}: {named('demand_kind', demand.kind.value, language)}, {amount}"
