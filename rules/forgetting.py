"""Forgetting a person: the case keeps what happened and what it cost, not who and in which words."""

from datetime import datetime
from typing import TypeVar

from models.case import Ask, Case, Event, Mail, Verdict, Work
from models.commands import Forget
from models.complaint import Complaint
from models.procedure import Procedure
from models.steps import FIELD
from rules.checks import ACCEPTED
from rules.record import acted

WORDS = frozenset({"reason", "note", "text"})
"""Under these names the record and the notices carry what people wrote."""
GONE = "-"
Wordy = TypeVar("Wordy", Event, Mail)


def forget(case: Case, pack: Procedure, command: Forget, at: datetime, department: str) -> tuple[Case, Verdict]:
    """The customer is forgotten; the case goes on under a made-up id, clocks and money as before."""
    case = case.but(
        complaint=anonymous(case.complaint, command.pseudonym),
        ruling=case.ruling.model_copy(update={"reason": ""}) if case.ruling else None,
        asks=tuple(map(_ask, case.asks)),
        past_asks=tuple(map(_ask, case.past_asks)),
        works=tuple(map(_work, case.works)),
        offers=tuple(offer.model_copy(update={"basis": GONE, "fields": {}}) for offer in case.offers),
        found_reason="",
        events=tuple(_anew(event, data=without_words(event.data)) for event in case.events),
        mails=tuple(_anew(mail, values=without_words(mail.values)) for mail in case.mails),
        forgotten=True,
    )
    return acted(case, at, "forgotten", command, department), ACCEPTED


def anonymous(complaint: Complaint, pseudonym: str) -> Complaint:
    """The complaint without who and in which words."""
    person = complaint.complainant.model_copy(
        update={"id": pseudonym, "name": None, "email": None, "phone": None},
    )
    contact = complaint.contact.model_copy(update={"note": None}) if complaint.contact else None
    return complaint.model_copy(
        update={"complainant": person, "text": GONE, "evidence": (), "details": {}, "contact": contact}
    )


def without_words(data: dict[str, str | int]) -> dict[str, str | int]:
    """A line's data without what people wrote."""
    return {name: value for name, value in data.items() if name not in WORDS and not name.startswith(FIELD)}


def _anew(entry: Wordy, **bare: dict[str, str | int]) -> Wordy:
    """The line or notice without its words; a copy would keep the size it had with them."""
    return entry.model_validate(entry.model_dump() | bare)


def _work(work: Work) -> Work:
    report = work.report.model_copy(update={"fields": {}, "evidence": ()}) if work.report else None
    return work.model_copy(update={"report": report})


def _ask(ask: Ask) -> Ask:
    bare = {"reason": GONE, "evidence": ()}
    return ask.model_copy(
        update={
            name: given.model_copy(update=bare)
            for name in ("answer", "late_answer")
            if (given := getattr(ask, name)) is not None
        }
    )
