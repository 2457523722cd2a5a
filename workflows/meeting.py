"""The supervision meeting: called, in session, over; its actions wait for their reports (S0-22 to S0-27)."""

import asyncio
from collections.abc import Sequence
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from models.case import Verdict
    from models.meeting import Meeting, MeetingResult, MeetingStage, Minutes
    from models.names import SUPERVISION_MEETING, VIEW
    from rules.meeting import minutes_of, opened, result
    from workflows.inbox import answered, refusal
    from workflows.intake import call_of, carried_on
    from workflows.letters import TO_A_MEETING, read
    from workflows.table import Table


@workflow.defn(name=SUPERVISION_MEETING)
class SupervisionMeetingWorkflow(Table):
    """One meeting. Started with one Call as JSON under the id `meeting.PROCEDURE.NAME`."""

    @workflow.init
    def __init__(self, *args: Any) -> None:
        super().__init__()

    @workflow.run
    async def run(self, *args: Any) -> MeetingResult:
        """Agenda to the members, session, minutes to the members; then until every action has its report."""
        await self._open(args)
        book = asyncio.create_task(self.keep_book())
        await self._during(MeetingStage.CALLED)  # the agenda is with the members (S0-26)
        await self._during(MeetingStage.IN_SESSION)  # they attend, decide, give actions (S0-24, S0-25, S0-27)
        await self._during(MeetingStage.REPORTING)  # the minutes are out, execution reports come in (S0-25)
        await self.clear(book)
        return result(self.meeting)

    async def _open(self, args: tuple[Any, ...]) -> None:
        if (earlier := carried_on(args, Meeting)) is not None:
            self.meeting = earlier
        else:
            call = call_of(args)
            agenda = await self.draw(call)
            self.meeting = opened(call, agenda, self.pinned(agenda.procedure), workflow.now())
        self.opened = True
        self.show()

    async def _during(self, stage: MeetingStage) -> None:
        """Stay until the meeting has left the stage; at once if it is elsewhere."""
        while self.meeting.stage is stage:
            await self.catch_up()
            if self.meeting.stage is not stage:
                return
            self.set_alarm()
            await workflow.wait_condition(lambda: self.ready() or self._may_renew())
            if self._may_renew():
                workflow.continue_as_new(args=[None, self.meeting])

    def _may_renew(self) -> bool:
        return workflow.info().is_continue_as_new_suggested() and self.idle

    @workflow.signal(dynamic=True)
    def _signalled(self, name: str, args: Sequence[RawValue]) -> None:
        """Every signal, whatever it is: judged by the rules, never fatal."""
        self.inbox.signalled(name, args)

    @workflow.update(dynamic=True)
    async def _updated(self, name: str, args: Sequence[RawValue]) -> Verdict:
        """The same messages with an answer."""
        return await answered(self.inbox.put(name, args))

    @_updated.validator
    def _refuse_at_the_door(self, name: str, args: Sequence[RawValue]) -> None:
        """What cannot be read costs the meeting no event."""
        if (problem := read(name, args, TO_A_MEETING).problem) is not None:
            raise refusal(problem)

    @workflow.query(name=VIEW)
    def _view(self) -> Minutes | None:
        """The meeting as it stands; null before its first agenda is drawn."""
        return minutes_of(self.meeting) if self.opened else None
