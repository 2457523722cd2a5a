"""Authority limits (S2-38 … S2-41): who must approve how much, by amount and by who is liable."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from models.case import Case, Pending
from models.commands import Share
from models.procedure import Procedure
from models.steps import Band
from rules.checks import lets_out
from rules.duties import issue
from rules.record import notify, stamp
from rules.spans import deadline
from rules.stages import task_overdue, to_approval
from rules.triage import Facts, holds


def band_of(pack: Procedure, amount: int, liable: Sequence[Share]) -> Band | None:
    """The band an amount falls into; with several liable parties the one of the highest authority."""
    parties = {share.party for share in liable}
    fitting = [band for band in pack.approvals if _fits(band, amount, parties)]
    ranks = _ranks(pack, parties)
    # Bands of one party after those of another: the last that fits need not be the highest.
    return max(reversed(fitting), key=lambda band: ranks.index(band.by) if band.by else -1, default=None)


def _fits(band: Band, amount: int, parties: set[str]) -> bool:
    return (
        (not band.liable or not parties.isdisjoint(band.liable))
        and (band.over is None or amount > band.over)
        and (band.up_to is None or amount <= band.up_to)
    )


def gate(
    case: Case, pack: Procedure, at: datetime, liable: Sequence[Share], pending: Pending, department: str | None
) -> Case | None:
    """The case before its approver; None where nobody needs to approve, or `department` itself may authorise it."""
    amount = lets_out(case, pack, case.demand)
    band = band_of(pack, amount, liable)
    if band is None or band.by is None or band.by == department:
        return None
    return to_approval(case.but(pending=pending), pack, at, band.by)


def approval_overdue(case: Case, pack: Procedure, now: datetime) -> Case:
    """An approval past its clock may be given by the next higher authority too, at last by the leadership.

    Whoever must approve may be away, or barred for a part of their own in the matter: the case must not wait for ever.
    """
    before = case.task
    case = task_overdue(case, pack, now)
    if before is None or case.task is None or case.task.overdue == before.overdue:
        return case
    higher = _higher(case, pack, before.holders)
    if higher is None:
        return case
    due = deadline(case, pack, now, (pack.clocks.approval or pack.clocks.task).within)
    task = case.task.model_copy(update={"helpers": (*before.helpers, higher), "due": due})
    return notify(case.but(task=task), pack, now, higher, "approval", due_at=stamp(task.due))


def _higher(case: Case, pack: Procedure, tried: Sequence[str]) -> str | None:
    """The authority above those who have been asked; None above the leadership."""
    offered = case.offered.liable if case.pending == "offer" and case.offered else ()
    parties = {share.party for share in offered or (case.ruling.liable if case.ruling else ())}
    ranks = _ranks(pack, parties)
    reached = max((ranks.index(name) for name in tried if name in ranks), default=-1)
    return next((name for name in ranks[reached + 1 :] if name not in tried), None)


def _ranks(pack: Procedure, parties: set[str]) -> list[str]:
    """Who may authorise what these parties bear, the lowest authority first."""
    bands = (band for band in pack.approvals if not band.liable or not parties.isdisjoint(band.liable))
    return list(dict.fromkeys([*(band.by for band in bands if band.by is not None), pack.leadership]))


def authorises(case: Case, pack: Procedure, liable: Sequence[Share], department: str) -> bool:
    """Whether a department is, or stands above, the authority that must approve what the case lets out."""
    band = band_of(pack, lets_out(case, pack, case.demand), liable)
    if band is None or band.by is None:
        return True
    ranks = _ranks(pack, {share.party for share in liable})
    return department in ranks[ranks.index(band.by) :]


def countersigned(case: Case, pack: Procedure, at: datetime) -> Case:
    """What must be signed after the fact is begun as a duty aside, where it is for what is given (S2-39)."""
    amount = lets_out(case, pack, case.demand)
    band = band_of(pack, amount, case.ruling.liable if case.ruling else ())
    if band is None or band.countersign is None:
        return case
    given = replace(Facts.of(case), complaint=case.complaint.model_copy(update={"demand": case.demand}))
    fits = holds(pack.duties[band.countersign].when, pack, given)
    return issue(case, pack, at, band.countersign) if fits else case
