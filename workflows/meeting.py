"""The supervision meeting: called, in session, over; its actions wait for their reports (S0-22 to S0-27)."""

import asyncio
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.meeting import Meeting, MeetingResult, MeetingStage
    from models.names import SUPERVISION_MEETING
    from procedures import PACKS
    from rules.meeting import opened, result
    from workflows.starting import call_of, carried_on
    from workflows.table import Table
    from workflows.undeterred import undeterred


@workflow.defn(name=SUPERVISION_MEETING)
class SupervisionMeetingWorkflow(Table):
    """One meeting. Started with one Call as JSON under the id `meeting.PROCEDURE.NAME`."""

    @workflow.init
    def __init__(self, *args: Any) -> None:
        super().__init__()

    @workflow.run
    @undeterred
    async def run(self, *args: Any) -> MeetingResult:
        """Agenda to the members, session, minutes to the members; then until every action has its report."""
        await self._open(args)
        book = asyncio.create_task(self.keep_book())
        await self.stay(MeetingStage.CALLED)  # the agenda is with the members (S0-26)
        await self.stay(MeetingStage.IN_SESSION)  # they attend, decide, give actions (S0-24, S0-25, S0-27)
        await self.stay(MeetingStage.REPORTING)  # the minutes are out, execution reports come in (S0-25)
        await self.clear(book)
        return result(self.state)

    async def _open(self, args: tuple[Any, ...]) -> None:
        if (earlier := carried_on(args, Meeting, self.inbox)) is not None:
            self.state = earlier
        else:
            call = call_of(args)
            agenda = await self.draw(call)
            self.state = opened(call, agenda, PACKS.pinned(agenda.procedure), workflow.now())
        self.opened = True
        self.show()
