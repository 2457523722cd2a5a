"""A case that has ended, played again: the same complaint, the same words, under one procedure or another."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from models.base import in_one_line
from models.case import Case
from models.names import Refused
from models.procedure import Procedure
from models.remedy import RemedyResult
from models.span import WorkCalendar
from models.stage import Stage
from rules.clock import Due, next_due, pass_time
from rules.duties import running
from rules.intake import open_case
from rules.messages import receive
from rules.past import CarriedOut, Past, carried_out
from rules.record import KEPT_EVENTS
from rules.remedy import awaits_goods, finished, order_for
from rules.replies import Message
from rules.spans import CalendarGap
from rules.triage import intake_problems

NOT_NOW: Final = frozenset({Refused.NOT_ASKED, Refused.WRONG_STAGE, Refused.ALREADY_ANSWERED})
"""Refusals of words that nobody asks for at this point: they are set aside, and looked at again at each stage."""


class Undecided(Exception):
    """Why a case cannot be compared: `code`, and `what` it is about."""

    def __init__(self, code: str, what: str = "") -> None:
        super().__init__(code)
        self.code, self.what = code, what


class Replay:
    """A case played again, each clock and each word at its own instant, and every notice leaving at once."""

    def __init__(self, past: Past, pack: Procedure, said: Sequence[Message], calendar: WorkCalendar) -> None:
        self._past, self._pack, self._said = past, pack, said
        self._remedies = carried_out(past.events)
        self._asked = {event.department for event in past.events if event.kind in {"asked", "answered"}}
        self._given = {(e.data.get("duty"), e.department) for e in past.events if e.kind in {"duty", "recorded"}}
        self._aside: list[Message] = []
        self._case = self._opened(calendar)

    def end(self) -> Case:
        """The case when it has ended. Raises Undecided."""
        try:
            for said in self._said:
                while (at := self._next()) is not None and at <= said.at:
                    self._goes_on(at)
                self._hear(said)
            while not self._case.closed:
                self._goes_on(self._next(last=True))
        except CalendarGap:
            raise Undecided("calendar") from None
        if self._case.event_count > KEPT_EVENTS:
            raise Undecided("long")
        return self._case

    def _opened(self, calendar: WorkCalendar) -> Case:
        past, pack = self._past, self._pack
        complaint = past.complaint
        known = complaint.cause in pack.causes and complaint.channel in pack.channels
        if not known or complaint.demand.kind not in pack.remedies:
            raise Undecided("intake")
        if lacking := intake_problems(pack, complaint, past.opened_at):
            raise Undecided("intake", in_one_line(lacking))
        try:
            return self._left(open_case(complaint, pack, past.number, past.opened_at, calendar))
        except CalendarGap:
            raise Undecided("calendar") from None

    def _next(self, *, last: bool = False) -> datetime | None:
        """The next instant at which something happens by itself. `last`: nobody says anything any more."""
        due, done = next_due(self._case, self._pack), self._remedy_ends()
        if done is not None and (due is None or done <= due.at):
            return done
        if due is not None and last and self._a_person_must(due):
            raise Undecided("waits", due.what)
        if due is None and last:
            raise Undecided("waits", self._case.stage.value)
        return due.at if due else None

    def _a_person_must(self, due: Due) -> bool:
        """A clock at whose end nothing is decided: it begins again, for somebody higher."""
        if self._case.stage is Stage.VERIFYING:
            return False
        return due.what.startswith("task_") or due.what == "duty_escalate"

    def _goes_on(self, at: datetime | None) -> None:
        if at is None:
            return
        before = self._case.stage
        if at == self._remedy_ends():
            self._case = self._left(finished(self._case, self._pack, self._result(), at))
        else:
            self._silent(at)
            self._case = self._left(pass_time(self._case, self._pack, at))
        if self._case.stage is not before:
            self._look_again(at)

    def _silent(self, at: datetime) -> None:
        """Silence counts only of somebody who was asked, and could still have answered."""
        if self._case.stage in (Stage.EXPLAINING, Stage.ASKED):
            for ask in self._case.asks:
                if ask.open and ask.deadline is not None and ask.deadline <= at:
                    self._was_asked(ask.department, ask.deadline, asked=ask.department in self._asked)
        for work in running(self._case):
            if work.deadline <= at:
                asked = (work.duty, work.department) in self._given
                self._was_asked(work.department, work.deadline, asked=asked)

    def _was_asked(self, department: str, deadline: datetime, *, asked: bool) -> None:
        if not asked:
            raise Undecided("asks", department)
        if deadline > self._past.ended_at:
            raise Undecided("longer", department)

    def _hear(self, said: Message) -> None:
        case, verdict = receive(self._case, self._pack, said)
        if verdict.accepted:
            before, self._case = self._case.stage, self._left(case)
            if self._case.stage is not before:
                self._look_again(said.at)
        elif verdict.code in NOT_NOW:
            self._aside.append(said)
        elif verdict.code is not Refused.CLOSED:
            raise Undecided("refuses", said.name)

    def _look_again(self, at: datetime) -> None:
        """Words that came before they were asked for: whether they would be said again, nobody knows."""
        for said in self._aside:
            if receive(self._case, self._pack, replace(said, at=at))[1].accepted:
                raise Undecided("early", said.name)

    def _remedy(self) -> CarriedOut | None:
        """How the remedy that is under way went, where the record has one of its kind in this place."""
        place = sum(event.kind == "executing" for event in self._case.events) - 1
        found = self._remedies[place] if place < len(self._remedies) else None
        execution = self._case.execution
        return found if found and execution and found.kind == execution.remedy.kind else None

    def _remedy_ends(self) -> datetime | None:
        if self._case.under_way is None:
            return None
        begun = next(event.at for event in reversed(self._case.events) if event.kind == "executing")
        if (known := self._remedy()) is not None:
            return begun + known.after
        if awaits_goods(self._case, self._pack):
            raise Undecided("goods")
        return max(begun, self._case.events[-1].at)

    def _result(self) -> RemedyResult:
        known, order = self._remedy(), order_for(self._case, self._pack)
        if known is not None and known.failure is not None:
            return RemedyResult(failure=known.failure, step=known.step)
        return RemedyResult(amount=order.amount, reference=self._past.number, done=order.steps)

    @staticmethod
    def _left(case: Case) -> Case:
        """Every notice has left, and what was to be started is."""
        execution = case.execution.model_copy(update={"started": True}) if case.execution else None
        return case.but(mails=(), execution=execution)
