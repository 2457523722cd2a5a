"""A corrective action: the gates D1 to D8 with their clocks, approval, the reply to the customer (S2-15 to S2-37)."""

from datetime import datetime
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.duties import CorrectiveDuties
    from models.case import Verdict
    from models.commands import Command
    from models.corrective import Corrective, CorrectivePage, CorrectiveResult, CorrectiveView, Gate, RegisterCorrective
    from models.names import CORRECTIVE_ACTION, corrective_id
    from models.quality_complaint import QualityComplaint
    from procedures import PACKS
    from rules import corrective as rules
    from rules.corrective_acts import precheck, receive
    from rules.replies import Message
    from texts.corrective import web_details
    from workflows.dossier import DossierDesk
    from workflows.letters import TO_A_CORRECTIVE
    from workflows.options import insistent
    from workflows.starting import ask_the_register, named_start, this_start
    from workflows.undeterred import beside, undeterred


@workflow.defn(name=CORRECTIVE_ACTION)
class CorrectiveActionWorkflow(DossierDesk[Corrective]):
    """One 8D report. Started with one QualityComplaint as JSON under the id `8d.REFERENCE`."""

    @workflow.init
    def __init__(self, *args: Any) -> None:
        super().__init__(TO_A_CORRECTIVE)

    @workflow.run
    @undeterred
    async def run(self, *args: Any) -> CorrectiveResult:
        """Team, problem, containment; root cause and actions, as often as it takes; documents, approval, reply."""
        await self.begin(Corrective, args)
        book = beside(self.keep_book())
        await self.stay(Gate.D1, Gate.D2, Gate.D3)  # in any order: containment waits for no meeting (S2-20)
        while self.state.stage is not Gate.CLOSED:
            await self.stay(Gate.D4, Gate.D5)  # root causes, an action for each (S2-33, S2-34)
            await self.stay(Gate.D6, Gate.CHECK)  # carried out, effect checked; not reached: D4 (S2-28)
            await self.stay(Gate.D7, Gate.D8)  # documents updated, liability broken down (S2-35, S2-36)
            await self.stay(Gate.APPROVAL)  # valid only then (S2-18)
            await self.stay(Gate.REPLY, Gate.FEEDBACK)  # the customer's word; not satisfied: D4 (S2-19)
        await self.clear(book)
        return rules.result(self.state)

    async def open(self, args: tuple[Any, ...]) -> Corrective:
        """A number, and quality hears of it."""
        complaint = named_start(args, QualityComplaint, lambda complaint: corrective_id(complaint.reference))
        entry = RegisterCorrective(**this_start(), complaint=complaint)
        known = await ask_the_register(CorrectiveDuties.register_corrective, entry)
        proven = complaint.model_copy(update={"token": None})
        return rules.opened(proven, known, PACKS.pinned(known.procedure), entry.opened_at)

    async def errands(self) -> None:
        """Trace lots that have been named (S2-27)."""
        if self.state.to_trace:
            lots = list(self.state.to_trace)
            found = await workflow.execute_activity_method(CorrectiveDuties.trace_lots, lots, **insistent())
            self.state = self.state.but(trace=found, to_trace=())

    async def pass_time(self, at: datetime) -> None:
        """Missed clocks."""
        self.state = rules.pass_time(self.state, self.pack, at)

    def seen(self) -> CorrectiveView:
        """The report so far."""
        return rules.view_of(self.state)

    def next_due(self) -> datetime | None:
        """When a missed clock is told next."""
        return rules.next_due(self.state)

    def precheck(self, name: str, command: Command, at: datetime) -> Verdict | None:
        """By the rules."""
        return precheck(self.state, self.pack, name, command, at)

    async def receive(self, message: Message) -> Verdict:
        """By the rules."""
        self.state, verdict = receive(self.state, self.pack, message)
        return verdict

    def details(self) -> str:
        """What it waits for, and its clocks."""
        return web_details(self.state, self.pack)

    async def put_down(self, before: Corrective | None) -> None:
        """The action's page."""
        page = CorrectivePage(view=self.seen(), mails=self.state.mails, denied=self.state.denied)
        await workflow.execute_activity_method(CorrectiveDuties.write_corrective, page, **insistent("write it down"))
