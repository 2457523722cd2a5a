"""The case: a complaint from intake to closed, in the order of the procedure's own text."""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.duties import BookDuties
    from models.case import Case, CaseResult, Event, Exit, Verdict
    from models.complaint import Complaint
    from models.names import COMPLAINT, TIMELINE
    from models.pages import OpenCase, Opened
    from models.stage import Stage
    from procedures import PACKS
    from rules.book import page, written
    from rules.intake import open_case
    from rules.messages import precheck
    from rules.remedy import finished, order_for
    from rules.view import result
    from workflows.casework import CaseDesk
    from workflows.door import knock
    from workflows.letters import Letter
    from workflows.starting import ask_the_register, carried_on, complaint_of, this_start
    from workflows.undeterred import beside, undeterred


@workflow.defn(name=COMPLAINT)
class ComplaintWorkflow(CaseDesk):
    """One complaint. Started with one Complaint as JSON under the id `complaint.NUMBER`."""

    @workflow.init
    def __init__(self, *args: Any) -> None:
        super().__init__()
        self._never_knew = False

    @workflow.run
    @undeterred
    async def run(self, *args: Any) -> CaseResult:
        """Intake, triage, the ask, the ruling, its execution, the customer's word; as often as it takes."""
        if (known := await self._take_in(args)) is not None:
            return known
        book = beside(self.keep_book())
        while not self.case.closed:
            await self._during(Stage.NEGOTIATING)  # customer and merchant talk first (S0-11)
            await self._during(Stage.WORKING)  # what departments do by their own clocks (S1-07, S1-08, S3-05 … S3-07)
            await self._during(Stage.EXPLAINING)  # by phone or in person before the mail (S0-04)
            await self._during(Stage.ASKED)  # 24 hours; silence rules for the customer (S0-15, S0-16)
            await self._during(Stage.VERIFYING)  # shared liability: verify, then promise (S0-14)
            await self._during(Stage.OFFERING)  # a settlement offered, accepted or countered (S3-08, S3-09)
            await self._during(Stage.APPROVING)  # more than its maker may authorise (S2-38 … S2-41)
            await self._during(Stage.PANEL)  # disputed determinations (S0-10)
            await self._during(Stage.REFUSED)  # told why, politely (S0-12)
            await self._during(Stage.LEADERSHIP)  # those who insist (S0-13)
            await self._during(Stage.EXECUTING)  # refund or exchange, the same day (S0-17)
            await self._during(Stage.TASK)  # what only a person can settle
            await self._during(Stage.FEEDBACK)  # told the result and asked (S0-18)
        await self.clear(book)
        return result(self.case)

    async def _take_in(self, args: tuple[Any, ...]) -> CaseResult | None:
        """Enter the complaint in the register. A number that is another run's case ends here, as that case."""
        if (earlier := carried_on(args, Case, self.inbox)) is not None:
            self.case, self.opened = earlier, True
            self._never_knew = earlier.forgotten
            return None
        complaint, number = complaint_of(args)
        known = await self._register(complaint, number)
        if known.duplicate:
            await self.turn_away()
            return CaseResult(number=number, exit=Exit.DUPLICATE, refunded=0, currency=complaint.order.currency)
        self.case, self.opened = known.reopened or self._filed(complaint, number, known), True
        # What was said while the register was asked is judged before time passes: it may have been in time.
        await self.catch_up()
        return None

    def _filed(self, complaint: Complaint, number: str, known: Opened) -> Case:
        """The case as it begins. Its first page stands in the register already, written with the number."""
        pack, at = PACKS.pinned(known.procedure), workflow.info().workflow_start_time
        case = open_case(complaint.model_copy(update={"token": None}), pack, number, at, known.calendar)
        return written(case, page(case, pack))

    async def _register(self, complaint: Complaint, number: str) -> Opened:
        entry = OpenCase(**this_start(), number=number, complaint=complaint)
        return await ask_the_register(BookDuties.open_case, entry)

    async def _during(self, stage: Stage) -> None:
        """Stay until the case has left the stage; at once if it is elsewhere."""
        while self.case.stage is stage:
            self._carry_out()
            self.set_alarm()
            await workflow.wait_condition(lambda: self.ready() or self.remedy.ended or self.may_renew())
            await self.catch_up()
            self.renew(self.case)

    async def absorb(self) -> None:
        """What became of the remedy."""
        await super().absorb()
        if (outcome := self.remedy.take()) is not None:
            now = workflow.now()
            self.case = await self.knowing_days(lambda: finished(self.case, self.pack, outcome, now))

    @property
    def outgrown(self) -> bool:
        """Many messages, a long history; or a forgotten customer: the run that knew can be deleted then."""
        wanted = self.inbox.full or (self.case.forgotten and not self._never_knew)
        return wanted and self.remedy.portable and not self.case.closed

    @property
    def settled(self) -> bool:
        """Nothing of the remedy's is on its way."""
        return self.remedy.settled

    def _carry_out(self) -> None:
        """Have a child do what was decided, once, and know which goods are back."""
        execution = self.case.under_way
        if execution is None:
            return
        if not self.remedy.under_way:
            self.remedy.begin(execution, order_for(self.case, self.pack), self.pack, self._child_started)
        self.remedy.pass_on_goods(execution.child)

    def _child_started(self) -> None:
        if self.case.execution is not None:
            self.case = self.case.but(execution=self.case.execution.model_copy(update={"started": True}))

    def at_the_door(self, letter: Letter) -> Verdict | None:
        """What the case would refuse as it stands, and who is not who the update says.

        While a child works its result may be on the way in this very task: then the case judges, not the door.
        """
        now, verdict = workflow.now(), None
        if self.opened and not self.inbox.waiting and not self.remedy.under_way:
            verdict = precheck(self.case, self.pack, letter.name, letter.content, now)
        return verdict or knock(letter, now)

    @workflow.query(name=TIMELINE)
    def _timeline(self) -> list[Event]:
        """What happened so far, in order."""
        return list(self.case.events) if self.opened else []
