"""The case worker's desk: messages come in, time passes, the record is kept. The procedure is in complaint.py."""

import asyncio
from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from activities.duties import BookDuties
    from models.case import Case, Verdict
    from models.commands import Command, MailReport, Move, RemedyReport
    from models.names import GOODS, Refused
    from models.pages import Origin
    from models.procedure import Procedure
    from models.span import WorkCalendar
    from procedures import PACKS
    from rules.book import page, unwritten, written
    from rules.clock import next_due, pass_time
    from rules.messages import mail_report, receive, refused
    from rules.remedy import at_once
    from rules.spans import years_needed
    from rules.view import view
    from workflows import attributes, options, present
    from workflows.alarm import Alarm
    from workflows.inbox import Inbox
    from workflows.letters import TO_A_CASE, Letter

HEARD = Verdict(accepted=True, code="accepted")


class Desk:
    """A case with its inbox, its alarm clock and its book. Messages are put in by handlers and judged in one place."""

    case: Case

    def __init__(self) -> None:
        self.opened = False
        self.returned: list[Command] = []
        """Word of returned goods, still to be passed on to the child."""
        self.slow = ""
        """The remedy known to take longer than a moment."""
        self.inbox = Inbox(TO_A_CASE)
        self._alarm = Alarm()
        self._shown = ("", False)
        self._book_open = True
        self._writing = False

    @property
    def pack(self) -> Procedure:
        """The procedure the case is pinned to."""
        return PACKS.pinned(self.case.procedure)

    def put(self, name: str, args: Sequence[RawValue]) -> Letter:
        """Take a message in whose sender waits for the answer. Never raises."""
        return self.inbox.put(name, args)

    def signalled(self, name: str, args: Sequence[RawValue]) -> None:
        """Take a signal in. Never raises."""
        self.inbox.signalled(name, args)

    @property
    def has_mail(self) -> bool:
        """Whether a message waits to be judged."""
        return self.inbox.waiting

    @property
    def at_rest(self) -> bool:
        """Nothing to judge, no page on its way, nobody waiting for an answer."""
        return not self.has_mail and not self._writing and workflow.all_handlers_finished()

    @property
    def renewal_due(self) -> bool:
        """Whether a new run shall take over. From then on no page is begun: the new run writes what this one has not.

        Were the last page waited for, messages that come faster than pages are written would fill the history.
        """
        return False

    def may_renew(self) -> bool:
        """Whether it can now: no page on its way, and whoever waits for an answer has it."""
        return self.renewal_due and not self._writing and self.inbox.portable

    def ready(self) -> bool:
        """Whether something has happened that the case must look at."""
        return self.has_mail or self._alarm.rang()

    @property
    def passing(self) -> bool:
        """Whether a remedy is under way that is done in a moment, as nearly all are.

        Then the stage is neither listed nor timed nor written down by itself but together with what follows it: a
        quarter of a case's cost. A remedy that takes longer says so.
        """
        execution = self.case.execution
        return execution is not None and execution.child != self.slow and at_once(self.case, self.pack)

    def set_alarm(self) -> None:
        """Wake up when the next thing is due. A passing stage keeps the alarm it found, unless that has rung."""
        if self.passing:
            if self._alarm.rang():
                self._alarm.stop()
            return
        due = next_due(self.case, self.pack)
        self._alarm.set(due.at if due else None, present.timer_name(due, self.case, self.pack) if due else "")

    async def catch_up(self) -> None:
        """Judge every waiting message at the instant the server received it, and let time pass between and after.

        Where a new run shall take over, the messages are left to it: they may come faster than they are judged.
        """
        await self._keep_calendar()
        self.absorb()
        while self.has_mail:
            if self.may_renew():
                return
            letters = await self.inbox.take(self._wanted)
            self.absorb()
            for letter, origin in letters:
                self.inbox.answer(letter, self._judge(letter, origin), hold=self.renewal_due)
        self.inbox.release()
        self.case = pass_time(self.case, self.pack, workflow.now())
        self.show()

    async def _keep_calendar(self) -> None:
        """Fetch the working days of a year that comes near. What the case has of a year is never changed."""
        known = self.case.calendar or WorkCalendar()
        now = workflow.now()
        if years_needed(now, self.pack.working_days) <= set(known.years):
            return
        more = await workflow.execute_activity_method(BookDuties.working_days, now.year, **options.insistent())
        self.case = self.case.but(calendar=WorkCalendar(years=more.years | known.years))

    def _wanted(self, command: Command) -> str | None:
        return f"{self.pack.name}.{command.version}" if isinstance(command, Move) else None

    def absorb(self) -> None:
        """Take in what has come back from elsewhere, ahead of messages that were sent knowing of it."""
        if self._alarm.rang() and self.passing and self.case.execution is not None:
            self.slow = self.case.execution.child  # an earlier stage's alarm has run out meanwhile

    def _judge(self, letter: Letter, origin: Origin) -> Verdict:
        at = origin.at or workflow.now()
        self.case = pass_time(self.case, self.pack, at)
        if letter.problem is not None:
            problem = letter.problem
            actor = letter.content.actor if isinstance(letter.content, Command) and origin.departments else None
            self.case, verdict = refused(self.case, letter.name, Refused(problem.code), problem.reason, at, actor)
            return verdict
        if isinstance(letter.content, MailReport):
            self.case = mail_report(self.case, self.pack, letter.content, at)
        elif isinstance(letter.content, RemedyReport):
            self.slow = letter.content.child
        elif isinstance(letter.content, Command):
            wanted = self._wanted(letter.content)
            other = PACKS.pinned(wanted) if wanted is not None and origin.has_pack else None
            self.case, verdict = receive(
                self.case,
                self.pack,
                letter.name,
                letter.content,
                at,
                origin.departments,
                origin.limits,
                other,
            )
            if letter.name == GOODS and verdict.code == "accepted":
                self.returned.append(letter.content)
            return verdict
        return HEARD

    def show(self) -> None:
        """What the Web UI and the lists show of the case, if it changed."""
        seen = view(self.case, self.pack)
        details = present.details(seen, self.pack)
        if (details, self.passing) == self._shown:
            return
        self._shown = (details, self.passing)
        workflow.set_current_details(details)
        if self.passing:
            return
        if changed := attributes.updates(seen, workflow.info().typed_search_attributes):
            workflow.upsert_search_attributes(changed)

    async def keep_book(self) -> None:
        """Write down what has happened, beside the case: a database that is down delays no ruling."""
        while True:
            await workflow.wait_condition(lambda: self._page_due or not self._book_open)
            if not self._unwritten:
                return
            self._writing = True
            news = page(self.case, self.pack)
            await workflow.execute_activity_method(BookDuties.write_down, news, **options.insistent())
            self._writing = False
            self.case = written(self.case, news)

    @property
    def _page_due(self) -> bool:
        return self._unwritten and not self.passing and not self.renewal_due

    @property
    def _unwritten(self) -> bool:
        return self.opened and unwritten(self.case)

    async def turn_away(self) -> None:
        """Answer whoever writes to a start that is not a case of its own."""
        self.inbox.turn_away(Verdict(accepted=False, code=Refused.CLOSED, reason="the number is an earlier case's"))
        await workflow.wait_condition(workflow.all_handlers_finished)

    async def clear(self, book: asyncio.Task[None]) -> None:
        """Leave nothing behind: every message judged, every handler done, every line in the book."""
        while not self._all_done:
            await self.catch_up()
            await workflow.wait_condition(lambda: self.has_mail or self._all_done)
        self._book_open = False
        await workflow.wait([book])

    @property
    def _all_done(self) -> bool:
        return self.at_rest and not self._unwritten
