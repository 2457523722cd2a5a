"""The meeting's table: messages come in, time passes, decisions go out to their cases, the book is kept."""

import asyncio
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.duties import MeetingDuties
    from models.case import Verdict
    from models.commands import Command
    from models.meeting import Agenda, AgendaWish, Call, DecideCase, Meeting, MeetingPage, MeetingStage
    from models.names import Refused, meeting_id
    from models.procedure import Procedure
    from procedures import PACKS
    from rules import motions, replies
    from rules.checks import Refusal
    from rules.meeting import begun, done, ended, looked, minutes_of, next_due, reminded, to_look, undecided
    from texts.meeting import web_details
    from workflows import options
    from workflows.alarm import Alarm
    from workflows.inbox import Inbox
    from workflows.letters import TO_A_MEETING, Letter


class Table:
    """A meeting with its inbox, its clock and its book. What a meeting *is* stands in meeting.py."""

    meeting: Meeting

    def __init__(self) -> None:
        self.opened = False
        self.inbox = Inbox(TO_A_MEETING)
        self._written: Meeting | None = None
        self._alarm = Alarm()
        self._shown = ""
        self._book_open = True

    def pinned(self, ref: str) -> Procedure:
        """The procedure the meeting is held under."""
        return PACKS.pinned(ref)

    @property
    def _pack(self) -> Procedure:
        return self.pinned(self.meeting.procedure)

    @property
    def idle(self) -> bool:
        """Nothing to judge, nothing to write, nobody waiting for an answer."""
        return not self.inbox.waiting and not self._unwritten and workflow.all_handlers_finished()

    def ready(self) -> bool:
        """Whether something has happened that the meeting must look at."""
        return self.inbox.waiting or self._alarm.rang()

    def set_alarm(self) -> None:
        """Wake up when the session begins, ends, or the last report is not waited for any longer."""
        self._alarm.set(next_due(self.meeting, self._pack), self.meeting.stage.value)

    async def draw(self, call: Call) -> Agenda:
        """The agenda from live data."""
        wish = AgendaWish(call=call, at=workflow.now())
        return await workflow.execute_local_activity_method(MeetingDuties.draw_agenda, wish, **options.NEAR)

    async def catch_up(self) -> None:
        """Judge every waiting message at the instant the server received it, and let time pass between and after."""
        while self.inbox.waiting:
            for letter, origin in await self.inbox.take():
                at = origin.at or workflow.now()
                await self._pass_time(at)
                letter.verdict = await self._judge(letter, origin.departments, at)
        await self._pass_time(workflow.now())
        self.show()

    async def _pass_time(self, at: datetime) -> None:
        """Begin, end and close as far as the instant has brought it."""
        if self.meeting.stage is MeetingStage.CALLED and at >= self.meeting.starts_at:
            agenda = await self.draw(Call(procedure=self.meeting.procedure, name=self.meeting.name))
            self.meeting = begun(self.meeting, agenda, self._pack, workflow.now())
        if to_look(self.meeting, at):
            self.meeting = looked(self.meeting, at, await self._still_waiting())
        over = self.meeting.ending is not None or at >= self.meeting.ends_at
        if self.meeting.stage is MeetingStage.IN_SESSION and over:
            self.meeting = ended(self.meeting, self._pack, workflow.now(), await self._still_waiting())
        if self.meeting.stage is MeetingStage.REPORTING:
            self.meeting = reminded(self.meeting, at)
        if done(self.meeting, self._pack, at):
            self.meeting = self.meeting.but(stage=MeetingStage.CLOSED)

    async def _still_waiting(self) -> list[str]:
        return await workflow.execute_local_activity_method(
            MeetingDuties.still_waiting, list(undecided(self.meeting)), **options.NEAR
        )

    async def _judge(self, letter: Letter, departments: tuple[str, ...], at: datetime) -> Verdict:
        if letter.problem is not None:
            problem, sender = letter.problem, letter.sender(departments, at)
            self.meeting, verdict = replies.refused(self.meeting, Refused(problem.code), problem.reason, sender)
        elif isinstance(letter.content, DecideCase):
            verdict = await self._decide(letter.content, departments, at)
        elif not isinstance(letter.content, Command):
            self.meeting, verdict = replies.refused(self.meeting, Refused.UNKNOWN_COMMAND, "name: is not a command")
        else:
            self.meeting, verdict = motions.receive(
                self.meeting, self._pack, letter.name, letter.content, at, departments
            )
        return verdict

    async def _decide(self, command: DecideCase, departments: tuple[str, ...], at: datetime) -> Verdict:
        """The case resumes at once; what it refuses is not decided, and whoever decided is told why."""
        if (verdict := replies.repeated(self.meeting, "decide", command)) is not None:
            return verdict
        found = None
        if self.meeting.item(command.case) is None:
            found = await workflow.execute_local_activity_method(MeetingDuties.find_case, command.case, **options.NEAR)
        try:
            case = motions.may_decide(self.meeting, self._pack, command, found, departments)
        except Refusal as refusal:
            sender = replies.Sender("decide", command.actor, at, departments)
            self.meeting, verdict = replies.refused(self.meeting, refusal.code, refusal.reason, sender)
            return verdict
        answer = await workflow.execute_activity_method(
            MeetingDuties.put_decision,
            motions.order_for(self.meeting, command, case),
            **options.insistent(f"give the decision to {case.number}"),
        )
        self.meeting = motions.decided(self.meeting, command, case, at, answer)
        return answer.verdict

    def show(self) -> None:
        """What the Web UI shows of the meeting, if it changed."""
        details = web_details(self.meeting, self._pack)
        if details != self._shown:
            self._shown = details
            workflow.set_current_details(details)

    async def keep_book(self) -> None:
        """Write down what has happened, beside the meeting: a database that is down delays no decision."""
        while True:
            await workflow.wait_condition(lambda: self._unwritten or not self._book_open)
            if not self._unwritten:
                return
            writing = self.meeting
            await workflow.execute_local_activity_method(MeetingDuties.write_meeting, self._page(), **options.NEAR)
            unchanged = self.meeting is writing
            self.meeting = self.meeting.without(writing)
            self._written = self.meeting if unchanged else writing

    @property
    def _unwritten(self) -> bool:
        return self.opened and self.meeting is not self._written

    def _page(self) -> MeetingPage:
        before = {item.case.number: item for item in self._written.items} if self._written else {}
        known = self._written.actions if self._written else ()
        return MeetingPage(
            meeting_id=meeting_id(self.meeting.procedure, self.meeting.name),
            minutes=minutes_of(self.meeting.but(items=(), actions=())),
            items=tuple(
                (place, item)
                for place, item in enumerate(self.meeting.items)
                if before.get(item.case.number) is not item
            ),
            actions=tuple(action for action in self.meeting.actions if action not in known),
            mails=self.meeting.mails,
            denied=self.meeting.denied,
        )

    async def clear(self, book: asyncio.Task[None]) -> None:
        """Leave nothing behind: every message judged, every handler done, every line in the book."""
        while not self.idle:
            await self.catch_up()
            await workflow.wait_condition(lambda: self.inbox.waiting or self.idle)
        self._alarm.stop()
        self._book_open = False
        await workflow.wait([book])
