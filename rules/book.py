"""The case's book: which of its record lines and notices do not stand in SQL yet, and the page that puts them there."""

from models.base import lean
from models.case import Case
from models.names import Refused
from models.pages import Page
from models.procedure import Procedure
from rules.checks import Refusal
from rules.record import KEPT_BYTES, trimmed
from rules.view import summary

_FEW = 50
"""Lines and notices that fit in memory however long they are."""


def unwritten(case: Case) -> bool:
    """Whether the case has lines or notices that SQL lacks."""
    return case.event_count > case.written or bool(case.mails)


def page(case: Case, pack: Procedure) -> Page:
    """All that SQL lacks, with the case's row as it is now."""
    return Page(
        summary=summary(case, pack),
        events=tuple(event for event in case.events if event.seq > case.written),
        mails=case.mails,
    )


def room_for_more(case: Case) -> None:
    """Raises Refusal where what SQL lacks is all that a page and a hand-over have room for: SQL has long been down."""
    if case.event_count - case.written + len(case.mails) <= _FEW:
        return
    lines = sum(event.size for event in case.events if event.seq > case.written)
    if lines + sum(mail.size for mail in case.mails) > KEPT_BYTES:
        reason = "database: is down, and the case holds all it can; send it again in some minutes"
        raise Refusal(Refused.TRY_LATER, reason)


def written(case: Case, done: Page) -> Case:
    """The case once a page stands in SQL; what has happened since stays to be written."""
    sent = {mail.id for mail in done.mails}
    left = case.but(
        written=max(case.written, *(event.seq for event in done.events), 0),
        mails=tuple(mail for mail in case.mails if mail.id not in sent),
    )
    return lean(trimmed(left))
