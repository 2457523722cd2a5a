"""A batch incident: verified, decided once, carried out on every case, summed up (S2-01 to S2-05)."""

import asyncio
from datetime import datetime
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.duties import IncidentDuties
    from models.base import Contract
    from models.case import Verdict
    from models.commands import Command
    from models.incident import (
        CaseJoined,
        Incident,
        IncidentPage,
        IncidentResult,
        IncidentStage,
        IncidentView,
        OpenIncident,
        Progress,
        RegisterIncident,
    )
    from models.names import BATCH_RETURN
    from procedures import PACKS
    from rules import incident as rules
    from rules.incident_acts import precheck, receive
    from rules.replies import Message
    from texts.incident import web_details
    from workflows.dossier import DossierDesk
    from workflows.letters import TO_AN_INCIDENT
    from workflows.options import insistent, watching
    from workflows.starting import ask_the_register, named_start, this_start
    from workflows.undeterred import beside, undeterred


@workflow.defn(name=BATCH_RETURN)
class BatchReturnWorkflow(DossierDesk[Incident]):
    """One incident. Started with one OpenIncident as JSON under the id `incident.PROCEDURE.SCOPE`."""

    @workflow.init
    def __init__(self, *args: Any) -> None:
        super().__init__(TO_AN_INCIDENT)
        self._work: asyncio.Task[None] | None = None
        self._news: Progress | None = None

    @workflow.run
    @undeterred
    async def run(self, *args: Any) -> IncidentResult:
        """Both groups told; quality control, the one decision, every case, the summary."""
        await self.begin(Incident, args)
        book = beside(self.keep_book())
        while self.state.stage is not IncidentStage.CLOSED:
            await self.stay(IncidentStage.VERIFYING)  # quality control looks at the goods (S2-02)
            await self.stay(IncidentStage.DECIDING)  # one decision for all (S2-03)
            await self.stay(IncidentStage.CARRYING_OUT)  # returns and refunds, so many at once (S2-02)
            await self.stay(IncidentStage.SUMMING_UP)  # causes and improvements; later cases go back one line
        await self.clear(book)
        return rules.result(self.state)

    async def open(self, args: tuple[Any, ...]) -> Incident:
        """A number, the open cases of its scope, and both groups hear of it."""
        wish = named_start(args, OpenIncident, lambda wish: wish.workflow_id)
        entry = RegisterIncident(**this_start(), wish=wish)
        known = await ask_the_register(IncidentDuties.register_incident, entry)
        return rules.opened(wish, known, PACKS.pinned(known.procedure), entry.opened_at)

    def proceed(self) -> None:
        """Have the decision given to the next cases, unless a new run is due first."""
        due = self.state.stage is IncidentStage.CARRYING_OUT and self._work is None
        if due and not self.inbox.full:
            self._work = beside(self._give_out())

    def woken(self) -> bool:
        """Cases have the decision."""
        return self._news is not None

    @property
    def at_work(self) -> bool:
        """The decision is on its way to cases."""
        return self._work is not None

    async def _give_out(self) -> None:
        self._news = await workflow.execute_activity_method(
            IncidentDuties.carry_out, rules.order_for(self.state), **watching("give the decision to the cases")
        )

    async def errands(self) -> None:
        """Count cases that have joined, take in how far the decision has come, close when asked."""
        if self._news is not None:
            news, self._news, self._work = self._news, None, None
            self.state = rules.progressed(self.state, news)
        if self.state.gather:
            self.state = self.state.but(gather=False)
            await self._count()
        if self.state.ending is not None:
            await self._count()
            self.state = rules.closed(self.state, self.pack, workflow.now())

    async def _count(self) -> None:
        if self.state.drill is None:
            number = self.state.number
            found = await workflow.execute_activity_method(IncidentDuties.gather_cases, number, **insistent())
            self.state = rules.progressed(self.state, found)

    async def pass_time(self, at: datetime) -> None:
        """Missed clocks, and situation reports with figures of now."""
        if rules.report_due(self.state, at):
            await self._count()
        self.state = rules.pass_time(self.state, self.pack, at)

    def seen(self) -> IncidentView:
        """The incident as its groups read it."""
        return rules.view_of(self.state)

    def next_due(self) -> datetime | None:
        """The nearest of its clocks."""
        return rules.next_due(self.state)

    def precheck(self, name: str, command: Command, at: datetime) -> Verdict | None:
        """By the rules."""
        return precheck(self.state, self.pack, name, command, at)

    async def receive(self, message: Message) -> Verdict:
        """By the rules."""
        self.state, verdict = receive(self.state, self.pack, message)
        return verdict

    def notice(self, content: Contract) -> None:
        """A case has joined."""
        if isinstance(content, CaseJoined):
            self.state = self.state.but(gather=True)

    def details(self) -> str:
        """Stage, decision and how far it is."""
        return web_details(self.state, self.pack)

    async def put_down(self, before: Incident | None) -> None:
        """The incident's page."""
        page = IncidentPage(
            view=self.seen(),
            reports=self.state.reports,
            mails=self.state.mails,
            denied=self.state.denied,
        )
        await workflow.execute_activity_method(IncidentDuties.write_incident, page, **insistent("write it down"))

    def without(self, written: Incident) -> Incident:
        """Without notices and situation reports handed over."""
        stand = {report.number for report in written.reports}
        rest = tuple(report for report in self.state.reports if report.number not in stand)
        return super().without(written).but(reports=rest)
