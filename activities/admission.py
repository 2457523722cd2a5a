"""Whether a complaint is fit to become a case, and under which procedure."""

from datetime import datetime

from pydantic import ValidationError
from sqlmodel import col, select

from activities.refusing import bad_input
from activities.store import Store
from models.base import AT_THE_DOOR, Problem, problems
from models.case import Basis
from models.complaint import Complaint
from models.names import case_id
from models.pages import OpenCase
from models.procedure import Procedure
from models.tables import CaseRow
from procedures import Packs
from rules.triage import filing_problems


class Admission:
    """What a complaint must be. `default`: the procedure of one that names none."""

    def __init__(self, store: Store, packs: Packs, default: str) -> None:
        self._store = store
        self._packs = packs
        self._default = default

    async def under(self, entry: OpenCase) -> Procedure:
        """The procedure its case will run under. Raises ApplicationError(type="bad_input"), not to be retried."""
        _fit_to_start(entry)
        _fit_for_the_door(entry.complaint)
        pack = self._pack_for(entry.complaint, entry.opened_at)
        await self._not_settled(entry, pack)
        return pack

    async def _not_settled(self, entry: OpenCase, pack: Procedure) -> None:
        """A claim the customer has settled by accepting an offer is not made a second time (S3-12)."""
        if pack.offers is None or not pack.offers.binding:
            return
        complaint = entry.complaint
        same = (
            col(CaseRow.order_number) == complaint.order.number,
            col(CaseRow.customer) == complaint.complainant.id,
            col(CaseRow.cause) == complaint.cause,
            col(CaseRow.basis) == Basis.SETTLEMENT.value,
        )
        async with self._store.read() as session:
            earlier = (await session.exec(select(CaseRow.number).where(*same).limit(1))).first()
        if earlier is not None:
            reason = f"this claim was settled by agreement in case {earlier}; the agreement stands"
            raise bad_input([Problem(field="cause", code="settled", reason=reason)])

    def _pack_for(self, complaint: Complaint, opened_at: datetime) -> Procedure:
        name = complaint.procedure or self._default
        pack = self._packs.newest(name)
        if pack is None:
            known = ", ".join(sorted({p.name for p in self._packs.all()}))
            raise bad_input([Problem(field="procedure", code="unknown", reason=f"is not known; use one of {known}")])
        if found := filing_problems(pack, complaint, opened_at):
            raise bad_input(found)
        return pack


def _fit_to_start(entry: OpenCase) -> None:
    """Raises ApplicationError for an id with a space behind the number: no message of ours would reach such a case."""
    if entry.workflow_id != case_id(entry.number):
        reason = "must be complaint.NUMBER without spaces around it; correct it"
        raise bad_input([Problem(field="workflow id", code="number", reason=reason)])


def _fit_for_the_door(complaint: Complaint) -> None:
    """Raises ApplicationError for what a stored complaint may hold and a new one may not."""
    try:
        Complaint.model_validate(complaint.model_dump(), context=AT_THE_DOOR)
    except ValidationError as error:
        raise bad_input(problems(error)) from None
