"""Erasing a customer: from open cases, from Temporal's histories, from SQL. What it cost stays, who it was does not."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple, NoReturn

from sqlmodel import col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from activities.audit import Entry, append
from activities.clock import wall_clock
from activities.notfound import is_gone
from activities.store import Store
from models.commands import Forget
from models.complaint import Complaint
from models.meeting import MeetingStage
from models.names import ERASED, Refused, case_id, meeting_id
from models.tables import ActionRow, CaseRow, EventRow, MailRow, MeetingItemRow, MeetingRow
from rules.forgetting import GONE, WORDS, anonymous, without_words
from starter.cases import Cases
from starter.failures import NotAllowed, TryAgain
from starter.mailcatcher import remove_mails

PATIENCE = 60.0
"""Seconds an open case may take to begin a run that has forgotten."""


class Erased(NamedTuple):
    """How many cases and histories were cleaned."""

    cases: int
    histories: int


class Eraser:
    """Erases one customer after the other. `actor` answers for it, who `may` under a procedure, by its ref."""

    def __init__(
        self,
        store: Store,
        client: Client,
        cases: Cases,
        mails: Path,
        actor: str,
        *,
        may: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._may = may
        self._store = store
        self._client = client
        self._cases = cases
        self._mails = mails
        self._actor = actor
        self._past: set[tuple[str, str]] = set()
        """Runs that have ended: the list of them lags by a second or two."""

    async def erase(self, customer: str) -> Erased:
        """Forget the customer everywhere. SQL comes last, so that an interrupted run finds the customer again.

        Raises NotAllowed, TryAgain; then run it again.
        """
        async with self._store.read() as session:
            rows = (await session.exec(select(CaseRow).where(CaseRow.customer == customer))).all()
        if not rows:
            return Erased(0, 0)
        for row in rows:
            if not self._may(row.procedure):
                await self._deny(row.number)
        pseudonym = f"{ERASED}{token_hex(6)}"
        histories = 0
        for row in rows:
            if await self._runs(case_id(row.number)):
                await self._forget(row.number, pseudonym)
            histories += await self._delete_histories(row)
        numbers = [row.number for row in rows]
        await asyncio.to_thread(remove_mails, self._mails, frozenset(numbers))
        async with self._store.write() as session:
            await self._overwrite(session, numbers, pseudonym)
            cases = [Entry("erasure", number, self._actor) for number in numbers]
            whole = Entry("erasure", pseudonym, self._actor, {"cases": len(numbers), "histories": histories})
            await append(session, [*cases, whole], wall_clock)
        await self._store.settle()
        return Erased(len(numbers), histories)

    async def _deny(self, number: str) -> NoReturn:
        """A case that has ended is erased by whom its procedure lets, as one that is open."""
        async with self._store.write() as session:
            await append(session, [Entry("denied", number, self._actor, {"what": "erasure"})], wall_clock)
        raise NotAllowed("not_yours")

    async def _forget(self, number: str, pseudonym: str) -> None:
        """Have a case that runs forget, and wait until it lives in a run that never knew, or has ended."""
        handle = self._client.get_workflow_handle(case_id(number))
        verdict = await self._cases.send(number, "forget", Forget(actor=self._actor, pseudonym=pseudonym), wait=30)
        if not verdict.accepted and verdict.code != Refused.CLOSED:
            raise NotAllowed("input", problem=f"{number}: {verdict.reason}")
        until = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < until:
            run = await self._runs(handle.id)
            if run is None or await self._never_knew(handle.id, run):
                return
            await asyncio.sleep(0.2)
        raise TryAgain("still_forgetting", number=number)

    async def _runs(self, workflow_id: str) -> str | None:
        """The run under way: a case that is closed in SQL may have yet to end. None where none is. Raises TryAgain."""
        try:
            now = await self._client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            if not is_gone(error):
                raise TryAgain("server_away") from None
            return None
        return now.run_id if now.status is WorkflowExecutionStatus.RUNNING else None

    async def _never_knew(self, workflow_id: str, run_id: str) -> bool:
        """Whether a run began with a case that had forgotten: one that many write to has a new run without that too."""
        if (begun := await self._begun(workflow_id, run_id)) is None:
            return False
        started = begun.workflow_execution_started_event_attributes
        arguments = await self._client.data_converter.decode(started.input.payloads)
        state = arguments[1] if len(arguments) > 1 else None
        return isinstance(state, dict) and state.get("forgotten") is True

    async def _begun(self, workflow_id: str, run_id: str) -> HistoryEvent | None:
        """A run's first event; None where its history is gone. Raises TryAgain."""
        handle = self._client.get_workflow_handle(workflow_id, run_id=run_id)
        try:
            async for event in handle.fetch_history_events(page_size=1):
                return event
        except RPCError as error:
            if not is_gone(error):
                raise TryAgain("server_away") from None
        return None

    async def _before(self, workflow_id: str, run_id: str) -> None:
        """Note the runs before this one, whether the list of runs has them already or not."""
        while (begun := await self._begun(workflow_id, run_id)) is not None:
            run_id = begun.workflow_execution_started_event_attributes.continued_execution_run_id
            if not run_id or (workflow_id, run_id) in self._past:
                return
            self._past.add((workflow_id, run_id))

    async def _delete_histories(self, row: CaseRow) -> int:
        """Every finished run of the case, its remedies and its urgent meetings."""
        urgent = meeting_id(row.procedure, f"urgent.{row.number}")
        ids = [f"WorkflowId = '{name}' OR WorkflowId STARTS_WITH '{name}.'" for name in (case_id(row.number), urgent)]
        async for run in self._client.list_workflows(" OR ".join(ids)):
            if run.status is not WorkflowExecutionStatus.RUNNING:
                self._past.add((run.id, run.run_id))
        with suppress(RPCError):  # gone already
            last = await self._client.get_workflow_handle(case_id(row.number)).describe()
            if last.status is not WorkflowExecutionStatus.RUNNING:
                self._past.add((last.id, last.run_id))
            await self._before(last.id, last.run_id)
        ended, self._past = self._past, set()
        for workflow_id, run_id in sorted(ended):
            await self._delete(workflow_id, run_id)
        return len(ended)

    async def _delete(self, workflow_id: str, run_id: str) -> None:
        execution = WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
        request = DeleteWorkflowExecutionRequest(namespace=self._client.namespace, workflow_execution=execution)
        try:
            await self._client.workflow_service.delete_workflow_execution(request)
        except RPCError as error:
            if not is_gone(error):
                raise TryAgain("server_away") from None

    async def _overwrite(self, session: AsyncSession, numbers: Sequence[str], pseudonym: str) -> None:
        for row in await session.exec(select(CaseRow).where(col(CaseRow.number).in_(numbers))):
            complaint = anonymous(Complaint.model_validate(row.complaint), pseudonym)
            row.complaint = complaint.model_dump(mode="json", exclude_none=True)
            row.customer, row.reason = pseudonym, ""
        await _wordless(session, EventRow, "data", col(EventRow.number).in_(numbers))
        await _wordless(session, MailRow, "values", col(MailRow.number).in_(numbers))
        # A notice to the customer that has not left has nobody to go to any more.
        await session.exec(
            update(MailRow)
            .where(
                col(MailRow.number).in_(numbers), col(MailRow.to) == "customer", col(MailRow.next_try_at).is_not(None)
            )
            .values(next_try_at=None, failed_at=datetime.now(UTC), code="erased", owed=None)
        )
        meetings: set[str] = set()
        for item in await session.exec(select(MeetingItemRow).where(col(MeetingItemRow.number).in_(numbers))):
            item.item = _bare(item.item)
            meetings.add(item.meeting)
        for mail in await session.exec(select(MailRow).where(col(MailRow.number).in_(meetings))):
            mail.values = _without(mail.values, frozenset(numbers))
        await _of_urgent_sessions(session, frozenset(numbers))


async def _wordless(session: AsyncSession, table: type[EventRow] | type[MailRow], column: str, mine: object) -> None:
    for row in await session.exec(select(table).where(mine)):  # type: ignore[arg-type]
        setattr(row, column, without_words(getattr(row, column)))


async def _of_urgent_sessions(session: AsyncSession, numbers: frozenset[str]) -> None:
    """A session held for one of these cases alone leaves no words at all; one that is not over yet would write anew."""
    over = select(MeetingRow).where(MeetingRow.stage == MeetingStage.CLOSED.value)
    names = [col(MeetingRow.name).startswith(f"urgent.{number}", autoescape=True) for number in sorted(numbers)]
    held = [row for row in await session.exec(over.where(or_(*names))) if row.name.split(".")[1] in numbers]
    for meeting in held:
        meeting.minutes = {**meeting.minutes, "note": None}
    ids = [meeting.id for meeting in held]
    for row in await session.exec(select(ActionRow).where(col(ActionRow.meeting).in_(ids))):
        row.action = {**row.action, **{name: GONE for name in ("what", "report") if row.action.get(name)}}
    for mail in await session.exec(select(MailRow).where(col(MailRow.number).in_(ids))):
        mail.values = {name: value for name, value in mail.values.items() if name not in (*WORDS, "minutes")}


def _without(values: dict[str, Any], numbers: frozenset[str]) -> dict[str, Any]:
    """A meeting's notice without the words of its decisions about these cases."""
    try:
        minutes = json.loads(values["minutes"])
        items = [_bare(each) if each["case"]["number"] in numbers else each for each in minutes["items"]]
    except (KeyError, ValueError, TypeError):
        return values
    return {**values, "minutes": json.dumps({**minutes, "items": items}, ensure_ascii=False)}


def _bare(item: dict[str, object]) -> dict[str, object]:
    """A case on an agenda without the words of its decision."""
    decision = item.get("decision")
    return {**item, "decision": {**decision, "reason": "-"}} if isinstance(decision, dict) else item
