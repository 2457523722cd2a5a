"""The supervision meeting: called, in session, over; its actions wait for their reports (S0-22 to S0-27)."""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.meeting import Call, Meeting, MeetingResult, MeetingStage
    from models.names import SUPERVISION_MEETING, meeting_id
    from procedures import PACKS
    from rules.meeting import opened, result
    from workflows.starting import named_start
    from workflows.table import Table
    from workflows.undeterred import beside, undeterred


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
        await self.begin(Meeting, args)
        book = beside(self.keep_book())
        await self.stay(MeetingStage.CALLED)  # the agenda is with the members (S0-26)
        await self.stay(MeetingStage.IN_SESSION)  # they attend, decide, give actions (S0-24, S0-25, S0-27)
        await self.stay(MeetingStage.REPORTING)  # the minutes are out, execution reports come in (S0-25)
        await self.clear(book)
        return result(self.state)

    async def open(self, args: tuple[Any, ...]) -> Meeting:
        """The agenda goes to the members."""
        call = named_start(args, Call, lambda call: meeting_id(call.procedure, call.name))
        agenda = await self.draw(call)
        return opened(call, agenda, PACKS.pinned(agenda.procedure), workflow.now())
