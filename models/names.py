"""Every name that crosses a process boundary. Change one and running cases or other teams' programs break."""

from enum import StrEnum
from urllib.parse import quote

TASK_QUEUE = "redress"
DOOR = "redress.door"
"""What the validator of a case's updates asks its worker."""
COMPLAINT = "Complaint"
REFUND = "Refund"
EXCHANGE = "Exchange"
MAILROOM = "Mailroom"
SUPERVISION_MEETING = "SupervisionMeeting"
MEETING_CALL = "MeetingCall"
REPORT_ROUND = "ReportRound"
SWEEP = "Sweep"
BATCH_RETURN = "BatchReturn"
CORRECTIVE_ACTION = "CorrectiveAction"
REFUND_TAKEN_BACK = "RefundTakenBack"

SYSTEM = "system"
"""Who a case waits for while the service itself is at work."""
COMMAND_NAMES = (
    "contact", "triage", "negotiated", "confirm", "verify", "contest", "decide", "insist", "goods", "resolve",
    "feedback", "withdraw", "forget", "record", "offer", "respond", "approve", "extend", "move",
)  # fmt: skip
"""Signals and updates: what people have a case know. What each of them says: models.commands."""
VIEW = "view"
"""Query: the case as JSON (CaseView)."""
TIMELINE = "timeline"
"""Query: what happened, in order (list of Event)."""
GOODS = "goods"
"""Signal: what came back to the returns centre; the case passes it on to its child under the same name."""
MAIL_REPORT = "mail"
"""Signal of the mailroom to a case: a mail could not be delivered, or could after all."""
REMEDY_REPORT = "remedy"
"""Signal of a remedy to its case: it takes longer than a moment."""

ERASED = "erased-"
"""What the name begins with that stands for a customer who has been erased."""
UNDECODABLE = "\u0000undecodable"
"""Stands for an argument that could not be read. No message of ours holds it: control characters are refused."""
SEALED_PAYLOAD = b"binary/encrypted"
"""Encoding of a payload as the service seals it."""
UNSEALED_PAYLOAD = b"json/unsealed"
"""Encoding of a payload that came without the service's seal where one is required; its content is gone."""
UNDECODABLE_PAYLOAD = b"binary/undecodable"
"""Encoding of a payload whose seal is broken; its content is gone."""
INCIDENT_DECISION = "incident"
"""Signal and update of a batch incident to a case: its one decision (IncidentDecision)."""
TAKEN_BACK = "taken_back"
"""Signal and update of the service to a case: the gateway has taken a refund back (TakenBack)."""
CASE_JOINED = "joined"
"""Signal of the register to an incident: a case has joined (CaseJoined)."""


class Queue(StrEnum):
    """What a worker can be there for. Each has a task queue, so that one that is held up holds up no other."""

    RULINGS = "rulings"
    """Cases, meetings and our own SQL."""
    PARTNERS = "partners"
    """Payment, warehouse, carrier."""
    NOTICES = "notices"
    """Mail and chat, and the making of the reports that mails enclose."""


def task_queue(base: str, queue: Queue) -> str:
    """The task queue's name on the server: programs start cases on `base`, which is the rulings' own."""
    return base if queue is Queue.RULINGS else f"{base}.{queue}"


MAILROOM_ID = "redress.mailroom"
SWEEP_SCHEDULE = "redress.sweep"
"""The id of the schedule that has the service look after itself."""
_PREFIX = "complaint."
# Dots, because the server's HTTP API cannot reach an id with a slash; a case number has none.


def case_id(number: str) -> str:
    """The workflow id of a case."""
    return f"{_PREFIX}{number}"


def case_number(workflow_id: str) -> str | None:
    """The inverse of `case_id`; None for the id of anything else, a case's child included."""
    number = workflow_id.removeprefix(_PREFIX)
    return number if workflow_id.startswith(_PREFIX) and "." not in number else None


def meeting_id(procedure: str, name: str) -> str:
    """The workflow id of a meeting: `procedure` by its name or ref, `name` an ISO week or "urgent." and a case."""
    return f"{meeting_schedule(procedure)}.{name}"


def meeting_schedule(procedure: str) -> str:
    """The id of the schedule that calls a procedure's weekly meeting."""
    return f"meeting.{procedure.partition('.')[0]}"


def report_id(procedure: str, name: str, period: str) -> str:
    """What the mails of a round of reports go by in the outbox."""
    return f"{report_schedule(procedure, name)}.{period}"


def report_schedule(procedure: str, name: str) -> str:
    """The id of the schedule that sends reports."""
    return f"report.{procedure}.{name}"


def incident_id(procedure: str, scope: str, *, drill: bool = False) -> str:
    """The workflow id of an incident: `procedure` by its name or ref, `scope` its key. One scope has one open one."""
    return f"{'drill' if drill else 'incident'}.{procedure.partition('.')[0]}.{scope}"


def taken_back_id(reference: str) -> str:
    """The workflow id of the news that a refund was taken back, by the gateway's number as a URL has it."""
    return f"takenback.{quote(reference, safe=':')}"


def corrective_id(reference: str) -> str:
    """The workflow id of a corrective action, by the reference of the complaint it answers."""
    return f"8d.{reference}"


def remedy_id(number: str, decision: int, attempt: int, kind: str) -> str:
    """The workflow id of the child that carries out a decision. The money's key is `remedy_key`, not this."""
    suffix = f"-{attempt}" if attempt > 1 else ""
    return f"{_PREFIX}{number}.{kind.lower()}-{decision}{suffix}"


def remedy_key(number: str, decision: int, step: str) -> str:
    """The business key of one step of one decision: the same over every attempt, worker and restart."""
    return f"{number}:{decision}:{step}"


class Refused(StrEnum):
    """Why a message was not accepted: the `type` of the error an update's sender gets. Text is for people only."""

    BAD_INPUT = "bad_input"
    UNKNOWN_COMMAND = "unknown_command"
    UNKNOWN_ACTOR = "unknown_actor"
    WRONG_DEPARTMENT = "wrong_department"
    WRONG_STAGE = "wrong_stage"
    NOT_ASKED = "not_asked"
    ALREADY_ANSWERED = "already_answered"
    CLOSED = "closed"
    TOO_MUCH = "too_much"
    NO_QUORUM = "no_quorum"
    NOT_ON_AGENDA = "not_on_agenda"
    NOT_PROVEN = "not_proven"
    WRONG_STANDING = "wrong_standing"
    OVER_LIMIT = "over_limit"
    SAME_PERSON = "same_person"
    TRY_LATER = "try_later"


CALENDAR_GAP = "calendar_gap"
"""The `type` of an activity's error while nobody knows a year's working days."""


DENIALS = frozenset(
    {
        Refused.UNKNOWN_ACTOR,
        Refused.WRONG_DEPARTMENT,
        Refused.NOT_PROVEN,
        Refused.WRONG_STANDING,
        Refused.OVER_LIMIT,
        Refused.SAME_PERSON,
    }
)
"""The refusals that are about who somebody is: each goes into the audit trail."""
