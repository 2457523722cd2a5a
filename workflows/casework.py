"""The case worker's desk: a case judges its messages, keeps its clocks and record. The procedure is in complaint.py."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.duties import BookDuties, CalendarDuties
    from models.case import Case, Verdict
    from models.commands import Command, MailReport, Move, RemedyReport
    from models.names import GOODS, Refused
    from models.pages import Origin
    from models.procedure import Procedure
    from models.span import WorkCalendar
    from models.views import CaseView
    from procedures import PACKS
    from rules.book import page, unwritten, written
    from rules.clock import next_due, pass_time
    from rules.messages import mail_report, receive, refused
    from rules.remedy import at_once
    from rules.replies import Message
    from rules.spans import CalendarGap, TypedGap
    from rules.view import view
    from workflows import attributes, options, present
    from workflows.desk import HEARD, Desk
    from workflows.following import RemedyUnderWay
    from workflows.letters import TO_A_CASE, Letter


Decided = TypeVar("Decided")


class CaseDesk(Desk):
    """A case at its desk."""

    case: Case

    def __init__(self) -> None:
        super().__init__(TO_A_CASE, guarded=True)
        self.remedy = RemedyUnderWay()
        self._shown = ("", False)

    @property
    def pack(self) -> Procedure:
        """The procedure the case is pinned to."""
        return PACKS.pinned(self.case.procedure)

    def seen(self) -> CaseView:
        """The case as it stands."""
        return view(self.case, self.pack)

    @property
    def passing(self) -> bool:
        """Whether a remedy is under way that is done in a moment, as nearly all are.

        Then the stage is neither listed nor timed nor written down by itself but together with what follows it: a
        quarter of a case's cost. A remedy that takes longer says so.
        """
        execution = self.case.execution
        return execution is not None and execution.child != self.remedy.slow and at_once(self.case, self.pack)

    def set_alarm(self) -> None:
        """Wake up when the next thing is due. A passing stage keeps the alarm it found, unless that has rung."""
        if self.passing:
            if self.alarm.rang():
                self.alarm.stop()
            return
        due = next_due(self.case, self.pack)
        self.alarm.set(due.at if due else None, present.timer_name(due, self.pack) if due else "")

    async def go_on(self) -> None:
        """Let time pass until now."""
        now = workflow.now()
        self.case = await self.knowing_days(lambda: pass_time(self.case, self.pack, now))
        self.show()

    async def knowing_days(self, decide: Callable[[], Decided]) -> Decided:
        """A decision of the rules; where it needs the working days of a year the case has not, once they are known.

        What the case has of a year is never changed. Raises TypedGap for one nobody knows that a message asks for.
        """
        while True:
            try:
                return decide()
            except CalendarGap as gap:
                more = await self._days_of(gap)
                known = self.case.calendar or WorkCalendar()
                self.case = self.case.but(calendar=WorkCalendar(years=more.years | known.years))

    async def _days_of(self, gap: CalendarGap) -> WorkCalendar:
        what, typed = f"the working days of {gap.year}", isinstance(gap, TypedGap)
        insisting = options.unless_unknown(what) if typed else options.insistent(what)
        try:
            return await workflow.execute_activity_method(CalendarDuties.working_days, gap.year, **insisting)
        except ActivityError as error:
            if typed and isinstance(error.cause, ApplicationError):
                raise gap from None
            raise

    def wanted(self, command: Command) -> str | None:
        """The version a move asks for."""
        return f"{self.pack.name}.{command.version}" if isinstance(command, Move) else None

    async def absorb(self) -> None:
        """Notice that a remedy takes longer."""
        if self.alarm.rang() and self.passing and self.case.execution is not None:
            self.remedy.slow = self.case.execution.child  # an earlier stage's alarm has run out meanwhile

    async def judge(self, letter: Letter, origin: Origin) -> Verdict:
        """By the rules, after the time that has passed until then."""
        at = origin.at or workflow.now()
        try:
            return await self.knowing_days(lambda: self._judge(letter, origin, at))
        except TypedGap as gap:
            self.case, verdict = refused(self.case, letter.name, Refused.BAD_INPUT, gap.reason, at)
            return verdict

    def _judge(self, letter: Letter, origin: Origin, at: datetime) -> Verdict:
        self.case = pass_time(self.case, self.pack, at)
        if letter.problem is not None:
            problem = letter.problem
            actor = letter.content.actor if isinstance(letter.content, Command) and origin.departments else None
            self.case, verdict = refused(self.case, letter.name, Refused(problem.code), problem.reason, at, actor)
            return verdict
        if isinstance(letter.content, MailReport):
            self.case = mail_report(self.case, self.pack, letter.content, at)
        elif isinstance(letter.content, RemedyReport):
            self.remedy.slow = letter.content.child
        elif isinstance(letter.content, Command):
            wanted = self.wanted(letter.content)
            other = PACKS.pinned(wanted) if wanted is not None and origin.has_pack else None
            message = Message(letter.name, letter.content, at, origin.departments, origin.limits, other)
            self.case, verdict = receive(self.case, self.pack, message)
            if letter.name == GOODS and verdict.code == "accepted":
                self.remedy.goods_back(letter.content)
            return verdict
        return HEARD

    def show(self) -> None:
        """What the Web UI and the lists show of the case, if it changed."""
        seen = self.seen()
        details = present.details(seen, self.pack)
        if (details, self.passing) == self._shown:
            return
        self._shown = (details, self.passing)
        workflow.set_current_details(details)
        if self.passing:
            return
        if changed := attributes.updates(seen, workflow.info().typed_search_attributes):
            workflow.upsert_search_attributes(changed)

    @property
    def unwritten(self) -> bool:
        """Whether the book lacks lines or notices."""
        return self.opened and unwritten(self.case)

    @property
    def page_due(self) -> bool:
        """Not while a stage passes."""
        return not self.passing and super().page_due

    async def write(self) -> None:
        """All that SQL lacks."""
        news = page(self.case, self.pack)
        await workflow.execute_activity_method(BookDuties.write_down, news, **options.insistent())
        self.case = written(self.case, news)

    async def turn_away(self) -> None:
        """Answer whoever writes to a start that is not a case of its own."""
        self.inbox.turn_away(Verdict(accepted=False, code=Refused.CLOSED, reason="the number is an earlier case's"))
        await workflow.wait_condition(workflow.all_handlers_finished)
