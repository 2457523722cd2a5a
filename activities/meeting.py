"""What a supervision meeting asks of the world: its agenda from SQL, its decisions to the cases, its minutes to SQL."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, case
from sqlmodel import col, func, select
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.agenda import WAITING, Drawing
from activities.called import procedure_called
from activities.dossier import DossierBook
from activities.duties import MeetingDuties
from activities.store import Store
from activities.verdicts import ask_or_leave
from models.meeting import (
    Agenda,
    AgendaWish,
    Call,
    CaseAnswer,
    CaseDecision,
    FoundCase,
    ItemState,
    MeetingPage,
    MeetingStage,
)
from models.names import SUPERVISION_MEETING, case_id, meeting_id
from models.tables import ActionRow, CaseRow, EventRow, MeetingItemRow, MeetingRow
from procedures import Packs

UNWRITTEN = 30.0
"""Within how long a session that was called stands in SQL (seconds)."""
ANSWER_WITHIN = 5.0
"""How long a decision waits for its case's answer before it is left there as a signal (seconds).

Well within the activity's own time (`options.insistent`): cut off, it would be tried for ever while the meeting waits.
"""


class MeetingDesk(DossierBook, MeetingDuties):
    """Activities of meetings."""

    @activity.defn(name="draw_agenda")
    async def draw_agenda(self, wish: AgendaWish) -> Agenda:
        """The five items for a week's meeting; the one case for an urgent session."""
        pack = procedure_called(self._packs, wish.call.procedure, "meeting", "holds no meeting; use one of")
        if wish.call.at_once:
            meeting, info = meeting_id(wish.call.procedure, wish.call.name), activity.info()
            run_id = info.workflow_run_id or ""
            await self._door.believe(
                wish.call.token, to=meeting, run_id=run_id, at=wish.at, what="call", subject=meeting
            )
        async with self._store.read() as session:
            drawing = Drawing(session, pack, wish.at)
            if wish.call.case is not None:
                cases, _ = await drawing.waiting("C", col(CaseRow.number) == wish.call.case)
                return Agenda(procedure=pack.ref, cases=tuple(cases))
            out_of_rule, more = await drawing.waiting("A")
            contested, yet_more = await drawing.waiting("C")
            return Agenda(
                procedure=pack.ref,
                cases=(*out_of_rule, *contested),
                left_out=more + yet_more,
                out_of_rule=await drawing.summary(col(CaseRow.out_of_rule)),
                contested=await drawing.summary(col(CaseRow.contested)),
                costs=await drawing.costs(),
                objections=await drawing.objections(),
                actions=await drawing.open_actions(meeting_id(pack.ref, wish.call.name)),
            )

    @activity.defn(name="find_case")
    async def find_case(self, number: str) -> FoundCase:
        """The case as its row has it."""
        async with self._store.read() as session:
            row = await session.get(CaseRow, number)
            if row is None:
                return FoundCase()
            drawing = Drawing(session, self._packs.pinned(row.procedure), self._now())
            for section in ("A", "C"):
                cases, _ = await drawing.waiting(section, col(CaseRow.number) == number)
                if cases:
                    return FoundCase(stage=row.stage, case=cases[0])
        return FoundCase(stage=row.stage)

    @activity.defn(name="still_waiting")
    async def still_waiting(self, numbers: list[str]) -> list[str]:
        """By their rows."""
        async with self._store.read() as session:
            found = await session.exec(select(CaseRow.number).where(col(CaseRow.number).in_(numbers), WAITING))
            return list(found.all())

    @activity.defn(name="put_decision")
    async def put_decision(self, order: CaseDecision) -> CaseAnswer:
        """By update, so that the meeting hears what the case says; by signal where the case does not answer."""
        handle: WorkflowHandle[Any, Any] = activity.client().get_workflow_handle(case_id(order.number))
        token = self._vouch(order.decide.actor, handle.id)
        message = order.decide.model_copy(update={"token": token}).model_dump(mode="json", exclude_none=True)
        verdict, confirmed = await ask_or_leave(handle, "decide", message, ANSWER_WITHIN)
        return CaseAnswer(verdict=verdict, confirmed=confirmed)

    @activity.defn(name="write_meeting")
    async def write_meeting(self, page: MeetingPage) -> None:
        """The meeting's row, what changed on its agenda, its actions, and notices for the outbox."""
        procedure, minutes = page.minutes.procedure.partition(".")[0], page.minutes
        meeting = {
            "id": page.meeting_id,
            "name": minutes.name,
            "procedure": procedure,
            "stage": minutes.stage.value,
            "starts_at": minutes.starts_at,
            "minutes": minutes.model_dump(mode="json"),
        }
        items = [
            {
                "meeting": page.meeting_id,
                "number": item.case.number,
                "place": place,
                "section": item.case.section,
                "state": item.state.value,
                "carried": item.case.carried,
                "item": item.model_dump(mode="json"),
            }
            for place, item in page.items
        ]
        actions = [
            {
                "meeting": page.meeting_id,
                "number": action.number,
                "procedure": procedure,
                "owner": action.owner,
                "due": action.due,
                "reported_at": action.reported_at,
                "action": action.model_dump(mode="json"),
            }
            for action in page.actions
        ]
        async with self._writing(page, page.meeting_id, minutes.procedure) as session:
            # An attempt that Temporal has given up may come late; it must not open again what is over.
            await session.exec(self._store.upsert(MeetingRow, [meeting], _along(list(MeetingStage), "stage")))
            if items:
                settled = _along([ItemState.OPEN, ItemState.LEFT], "state")
                await session.exec(self._store.upsert(MeetingItemRow, items, settled))
            if actions:
                await session.exec(self._store.upsert(ActionRow, actions, _reported))


def _along(states: Sequence[StrEnum], column: str) -> Callable[[Any], ColumnElement[int]]:
    """How far a row has come: its place among these states, behind all of them at any other."""
    places: dict[str, int] = {state.value: place for place, state in enumerate(states)}
    return lambda columns: case(places, value=columns[column], else_=len(places))


def _reported(columns: Any) -> ColumnElement[int]:
    return case((columns["reported_at"].is_(None), 0), else_=1)


class UrgentCalls:
    """Calls an urgent session for a case that has come before the panel (S0-10). Inside an activity only."""

    def __init__(self, store: Store, packs: Packs) -> None:
        self._store = store
        self._packs = packs
        self._recent: dict[str, float] = {}
        """Sessions called just now, which may not stand in SQL yet, and when (monotonic seconds)."""

    async def __call__(self, number: str) -> None:
        """Idempotent: a case's n-th time before the panel is one session, whoever calls it how often.

        Where as many are open as the procedure wants at once, none is called: the panel has the case's own notice, can
        decide it in any session, and the week's agenda lists it. The number spares the members a flood and is no
        promise: several workers do not wait for each other and together call a few more.
        """
        async with self._store.read() as session:
            row = await session.get(CaseRow, number)
            before = select(func.count()).where(EventRow.number == number, EventRow.kind == "panel")
            times = (await session.exec(before)).one()
        rules = self._packs.pinned(row.procedure).meeting if row else None
        if row is None or rules is None:
            return
        name = f"urgent.{number}" if times < 2 else f"urgent.{number}.{times}"
        call = Call(procedure=row.procedure, name=name)
        if len(await self._open(row.procedure) - {meeting_id(row.procedure, name)}) >= rules.urgent_at_once:
            return
        self._recent[meeting_id(row.procedure, name)] = monotonic()
        try:
            await activity.client().start_workflow(
                SUPERVISION_MEETING,
                call,
                id=meeting_id(call.procedure, name),
                task_queue=activity.info().task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                static_summary=meeting_id(call.procedure, name),
            )
        except WorkflowAlreadyStartedError:
            return

    async def _open(self, procedure: str) -> set[str]:
        """Urgent sessions that are open, or were called so lately that SQL may not have them."""
        now = monotonic()
        self._recent = {name: at for name, at in self._recent.items() if now - at < UNWRITTEN}
        prefix = f"{meeting_id(procedure, 'urgent')}."
        still = (MeetingStage.CALLED.value, MeetingStage.IN_SESSION.value)
        wanted = select(MeetingRow.id).where(
            MeetingRow.procedure == procedure.partition(".")[0],
            col(MeetingRow.stage).in_(still),
            col(MeetingRow.name).startswith("urgent."),
        )
        async with self._store.read() as session:
            found = set((await session.exec(wanted)).all())
        return found | {name for name in self._recent if name.startswith(prefix)}
