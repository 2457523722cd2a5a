"""The meeting's table: messages come in, time passes, decisions go out to their cases, the book is kept."""

from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.duties import MeetingDuties
    from models.case import Verdict
    from models.meeting import Agenda, AgendaWish, Call, DecideCase, Meeting, MeetingPage, MeetingStage, Minutes
    from models.names import meeting_id
    from rules import motions, replies
    from rules.checks import Refusal
    from rules.meeting import begun, done, ended, looked, minutes_of, next_due, reminded, to_look, undecided
    from rules.replies import Message
    from texts.meeting import web_details
    from workflows import options
    from workflows.dossier import DossierDesk
    from workflows.letters import TO_A_MEETING
    from workflows.starting import ask_the_register


class Table(DossierDesk[Meeting]):
    """What a meeting does with messages and time, and what it writes down. Its course stands in meeting.py."""

    def __init__(self) -> None:
        super().__init__(TO_A_MEETING)

    def seen(self) -> Minutes:
        """The meeting as it stands."""
        return minutes_of(self.state)

    def next_due(self) -> datetime | None:
        """When the session begins, ends, or the last report is not waited for any longer."""
        return next_due(self.state, self.pack)

    async def draw(self, call: Call) -> Agenda:
        """The agenda from live data."""
        wish = AgendaWish(call=call, at=workflow.now())
        return await ask_the_register(MeetingDuties.draw_agenda, wish)

    async def pass_time(self, at: datetime) -> None:
        """Begin, end and close as far as the instant has brought it."""
        if self.state.stage is MeetingStage.CALLED and at >= self.state.starts_at:
            agenda = await self.draw(Call(procedure=self.state.procedure, name=self.state.name))
            self.state = begun(self.state, agenda, self.pack, workflow.now())
        if to_look(self.state, at):
            waiting = await self._still_waiting()
            self.state = looked(self.state, at, waiting)
        over = self.state.ending is not None or at >= self.state.ends_at
        if self.state.stage is MeetingStage.IN_SESSION and over:
            waiting = await self._still_waiting()
            self.state = ended(self.state, self.pack, workflow.now(), waiting)
        if self.state.stage is MeetingStage.REPORTING:
            self.state = reminded(self.state, at)
        if done(self.state, self.pack, at):
            self.state = self.state.but(stage=MeetingStage.CLOSED)

    async def _still_waiting(self) -> list[str]:
        return await workflow.execute_activity_method(
            MeetingDuties.still_waiting, list(undecided(self.state)), **options.insistent()
        )

    async def receive(self, message: Message) -> Verdict:
        """By the rules; a decision goes to its case first."""
        if isinstance(message.command, DecideCase):
            return await self._decide(message, message.command)
        self.state, verdict = motions.receive(self.state, self.pack, message)
        return verdict

    async def _decide(self, message: Message, command: DecideCase) -> Verdict:
        """The case resumes at once; what it refuses is not decided, and whoever decided is told why."""
        if (verdict := replies.repeated(self.state, message.name, command)) is not None:
            return verdict
        found = None
        if self.state.item(command.case) is None:
            found = await workflow.execute_activity_method(MeetingDuties.find_case, command.case, **options.insistent())
        try:
            case = motions.may_decide(self.state, self.pack, command, found, message.departments)
        except Refusal as refusal:
            self.state, verdict = replies.refused(self.state, refusal.code, refusal.reason, message.sender)
            return verdict
        answer = await workflow.execute_activity_method(
            MeetingDuties.put_decision,
            motions.order_for(self.state, command, case),
            **options.insistent(f"give the decision to {case.number}"),
        )
        self.state = motions.decided(self.state, command, case, message.at, answer)
        return answer.verdict

    def details(self) -> str:
        """What it is about and how far it is."""
        return web_details(self.state, self.pack)

    async def put_down(self, before: Meeting | None) -> None:
        """What has changed of the meeting since it was last written down."""
        await workflow.execute_activity_method(MeetingDuties.write_meeting, self._page(before), **options.insistent())

    def _page(self, before: Meeting | None) -> MeetingPage:
        items = {item.case.number: item for item in before.items} if before else {}
        known = before.actions if before else ()
        return MeetingPage(
            meeting_id=meeting_id(self.state.procedure, self.state.name),
            minutes=minutes_of(self.state.but(items=(), actions=())),
            items=tuple(
                (place, item) for place, item in enumerate(self.state.items) if items.get(item.case.number) is not item
            ),
            actions=tuple(action for action in self.state.actions if action not in known),
            mails=self.state.mails,
            denied=self.state.denied,
        )
