"""What workflows may ask of the world: names and types only, so that a workflow never imports a database.

Each class is a contract; the class that does the work derives from it and registers under the same names.
"""

from abc import ABC, abstractmethod

from temporalio import activity

from models.audit import Swept
from models.case import Verdict
from models.corrective import CorrectiveEntry, CorrectivePage, RegisterCorrective, Trace
from models.incident import CarryOut, IncidentPage, Progress, Registered, RegisterIncident
from models.meeting import Agenda, AgendaWish, CaseAnswer, CaseDecision, FoundCase, MeetingPage
from models.pages import Envelope, GoodsWord, OpenCase, Opened, Origin, Page, StepResult
from models.remedy import RemedyOrder, RemedyResult
from models.reporting import ReportCall
from models.span import WorkCalendar
from models.takeback import BackNews


class BookDuties(ABC):
    """The register of cases and the record in SQL."""

    @activity.defn(name="open_case")
    @abstractmethod
    async def open_case(self, entry: OpenCase) -> Opened:
        """Enter a complaint in the register with its case's first page, or learn that the number is another run's.

        Raises ApplicationError(type="bad_input") for an unknown procedure, channel or cause, or an incomplete form; a
        retryable one of type "calendar_gap" while the working days its clocks need are not known.
        """

    @activity.defn(name="write_down")
    @abstractmethod
    async def write_down(self, page: Page) -> None:
        """Write the case's row, new events and notices in one transaction; writing twice changes nothing."""


class OriginDuties(ABC):
    """Where messages come from."""

    @activity.defn(name="examine")
    @abstractmethod
    async def examine(self, envelopes: list[Envelope]) -> list[Origin]:
        """When the server received each message, and for whom its sender may act."""

    @activity.defn(name="passed_on")
    @abstractmethod
    async def passed_on(self, word: GoodsWord) -> list[int]:
        """Which of the signals the case has passed on; one that came past it is denied."""


class CalendarDuties(ABC):
    """The working days that clocks count."""

    @activity.defn(name="working_days")
    @abstractmethod
    async def working_days(self, year: int) -> WorkCalendar:
        """The working days of this year, and of the next if they are known.

        Raises ApplicationError(type="calendar_gap"), to be retried, while this year's are not known.
        """


class TakeBackDuties(ABC):
    """What the news that the gateway has taken a refund back asks of the world."""

    @activity.defn(name="take_back")
    @abstractmethod
    async def take_back(self, news: BackNews) -> Verdict:
        """Note it with the payment and tell the case, or open it again; the case's verdict. Safe to do twice.

        Raises ApplicationError, not to be retried, of type `bad_input` for a refund the gateway never made for us, and
        of type `not_proven`, `unknown_actor` or `wrong_department` for somebody who may not tell it.
        """


class FollowDuties(ABC):
    """Following a child that an earlier run of the case started."""

    @activity.defn(name="await_remedy")
    @abstractmethod
    async def await_remedy(self, child: str) -> RemedyResult:
        """The child's result. Raises a retryable error while the child works."""


class RemedyDuties(ABC):
    """The steps of a remedy. Every one is idempotent by its business key and returns what it did the first time."""

    @activity.defn(name="pay")
    @abstractmethod
    async def pay(self, order: RemedyOrder) -> StepResult:
        """Refund or compensate once. Raises a retryable error while the outcome is in doubt."""

    @activity.defn(name="pay_state")
    @abstractmethod
    async def pay_state(self, order: RemedyOrder) -> StepResult:
        """Whether the money has moved, after the patience for `pay` ran out."""

    @activity.defn(name="reserve")
    @abstractmethod
    async def reserve(self, order: RemedyOrder) -> StepResult:
        """Reserve replacement goods."""

    @activity.defn(name="release")
    @abstractmethod
    async def release(self, order: RemedyOrder) -> StepResult:
        """Give reserved goods back; the undoing of `reserve`."""

    @activity.defn(name="label")
    @abstractmethod
    async def label(self, order: RemedyOrder) -> StepResult:
        """Have the carrier collect the goods from the customer."""

    @activity.defn(name="void_label")
    @abstractmethod
    async def void_label(self, order: RemedyOrder) -> StepResult:
        """Cancel the collection; the undoing of `label`."""

    @activity.defn(name="ship")
    @abstractmethod
    async def ship(self, order: RemedyOrder) -> StepResult:
        """Send replacement or repaired goods to the customer. Cannot be undone."""


class PostDuties(ABC):
    """The mailroom's work."""

    @activity.defn(name="deliver_mails")
    @abstractmethod
    async def deliver_mails(self, max_seconds: float) -> int:
        """Send waiting notices for so long; returns how many went out. Heartbeats."""


class ReportDuties(ABC):
    """Reports that go out by themselves."""

    @activity.defn(name="post_reports")
    @abstractmethod
    async def post_reports(self, call: ReportCall) -> int:
        """Leave the mails of a period in the outbox; returns how many were not there yet.

        Raises ApplicationError(type="bad_input") for a round the procedure does not have.
        """


class SweepDuties(ABC):
    """The service looks after itself."""

    @activity.defn(name="sweep")
    @abstractmethod
    async def sweep(self) -> Swept:
        """Mend what is safe to mend, and count what people must look at. Moves no money, decides nothing."""


class IncidentDuties(ABC):
    """What a batch incident asks of the world."""

    @activity.defn(name="register_incident")
    @abstractmethod
    async def register_incident(self, entry: RegisterIncident) -> Registered:
        """Give it a number and link the open cases of its scope; asked again by the same run it answers the same.

        Raises ApplicationError(type="bad_input") for a procedure without a plan.
        """

    @activity.defn(name="gather_cases")
    @abstractmethod
    async def gather_cases(self, number: str) -> Progress:
        """Link cases that have joined, and count all."""

    @activity.defn(name="carry_out")
    @abstractmethod
    async def carry_out(self, order: CarryOut) -> Progress:
        """Give the decision to cases, a bounded number at once, until there is news. Heartbeats."""

    @activity.defn(name="write_incident")
    @abstractmethod
    async def write_incident(self, page: IncidentPage) -> None:
        """Write incident, situation reports and notices in one transaction; writing twice changes nothing."""


class CorrectiveDuties(ABC):
    """What a corrective action asks of the world."""

    @activity.defn(name="register_corrective")
    @abstractmethod
    async def register_corrective(self, entry: RegisterCorrective) -> CorrectiveEntry:
        """Give it a number without gap or double; asked again by the same run it answers the same.

        Raises ApplicationError(type="bad_input") for a procedure without 8D, and a retryable one of type "calendar_gap"
        while the working days its clocks need are not known.
        """

    @activity.defn(name="trace_lots")
    @abstractmethod
    async def trace_lots(self, lots: list[str]) -> Trace:
        """In how many cases and orders these lots are named."""

    @activity.defn(name="write_corrective")
    @abstractmethod
    async def write_corrective(self, page: CorrectivePage) -> None:
        """Write action, notices and an approved report's costs in one transaction; writing twice changes nothing."""


class MeetingDuties(ABC):
    """What a supervision meeting asks of the world."""

    @activity.defn(name="draw_agenda")
    @abstractmethod
    async def draw_agenda(self, wish: AgendaWish) -> Agenda:
        """The five items from live data.

        Raises ApplicationError(type="bad_input") for an unknown procedure, or one that holds no meeting.
        """

    @activity.defn(name="find_case")
    @abstractmethod
    async def find_case(self, number: str) -> FoundCase:
        """A case that is not on the agenda: where it stands, and whether it waits for a decision."""

    @activity.defn(name="still_waiting")
    @abstractmethod
    async def still_waiting(self, numbers: list[str]) -> list[str]:
        """Those of the cases that wait for a decision now."""

    @activity.defn(name="put_decision")
    @abstractmethod
    async def put_decision(self, order: CaseDecision) -> CaseAnswer:
        """Give a decision to its case; twice is once. A case that does not answer keeps it and answers later."""

    @activity.defn(name="write_meeting")
    @abstractmethod
    async def write_meeting(self, page: MeetingPage) -> None:
        """Write meeting, agenda, actions and notices in one transaction; writing twice changes nothing."""
