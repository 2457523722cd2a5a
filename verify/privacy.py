"""Whether ids, codes and amounts tell who a customer is: in our tables, and in what Temporal shows in clear."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Table, select
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowExecution

from models.audit import Invariant, Violation
from rules.forgetting import without_words
from rules.privacy import Marks
from verify.reading import TABLES, Kept, rows

WORDS_BELONG = {
    "case_row": ("complaint", "reason", "customer"),
    "mail_row": ("values",),
    "meeting_item_row": ("item",),
}
"""The columns that hold the customer's name and what people wrote. Every other column of a case, also one that comes
later, holds ids, codes and amounts. Who acted is a colleague's name."""
BY_NUMBER = "case_row case_goods mail_row incident_case ledger_txn refund_intent meeting_item_row"
OF_A_CASE = {"audit_row": "subject"} | dict.fromkeys(BY_NUMBER.split(), "number")
COLLEAGUE = "actor"


async def told_in_sql(session: AsyncSession, page: Sequence[Kept]) -> list[Violation]:
    """The columns that tell who these cases' customers are."""
    all_marks = {kept.row.number: Marks(kept.row.complaint["complainant"]) for kept in page}
    marks = {number: found for number, found in all_marks.items() if found}
    found = [wrong for kept in page if kept.row.number in marks for wrong in _record(kept, marks[kept.row.number])]
    for name, key in OF_A_CASE.items():
        table = TABLES[name]
        columns = list(_checked(table))
        asked = select(table.c[key], *columns).where(table.c[key].in_(sorted(marks)))
        for number, *values in await rows(session, asked) if marks else ():
            for column, value in zip(columns, values, strict=True):
                if (field := marks[number].found_in(value)) is not None:
                    found.append(_told(number, f"{name}.{column.name}", field))
    return found


def _checked(table: Table) -> Iterator[Column[Any]]:
    words = (*WORDS_BELONG.get(table.name, ()), COLLEAGUE)
    return (column for column in table.columns if column.name not in words)


def _record(kept: Kept, marks: Marks) -> Iterator[Violation]:
    for event in kept.events:
        if (field := marks.found_in([event.kind, without_words(dict(event.data))])) is not None:
            yield _told(kept.row.number, f"event_row.{event.kind}", field)


def told_in_clear(number: str, marks: Marks, run: WorkflowExecution) -> Iterator[Violation]:
    """What every list of the server shows of a run: its id, search attributes and memo."""
    clear = {
        "workflow_id": run.id,
        "search_attributes": [pair.value for pair in run.typed_search_attributes.search_attributes],
        "memo": [payload.data.decode(errors="replace") for payload in run.raw_info.memo.fields.values()],
    }
    for place, content in clear.items():
        if (field := marks.found_in(_plain(content))) is not None:
            yield _told(number, place, field)


def told_in_event(number: str, marks: Marks, event: HistoryEvent) -> Iterator[Violation]:
    """Names of messages and their ids, activity ids, texts of failures: the parts of a history no codec seals."""
    for place, text in _unsealed(event, event.WhichOneof("attributes") or ""):
        if (field := marks.found_in(text)) is not None:
            yield _told(number, place, field)


def _unsealed(event: HistoryEvent, attributes: str) -> Iterator[tuple[str, str]]:
    content = getattr(event, attributes, None)
    if content is None:
        return
    for name in ("signal_name", "activity_id", "reason"):
        if text := getattr(content, name, ""):
            yield name, str(text)
    request = getattr(content, "accepted_request", None)
    if request is not None:
        yield "update_id", request.meta.update_id
        yield "update_name", request.input.name
    failure = getattr(content, "failure", None)
    while failure is not None and failure.ByteSize():
        yield "failure", f"{failure.message} {failure.stack_trace}"
        failure = failure.cause if failure.HasField("cause") else None


def _plain(content: object) -> object:
    return [str(each) for each in content] if isinstance(content, list) else content


def _told(number: str, place: str, field: str) -> Violation:
    """Names the place and the kind of data, never the data."""
    facts: dict[str, str | int] = {"place": place, "field": field}
    return Violation(invariant=Invariant.NOTHING_PERSONAL, number=number, code="personal_data", facts=facts)
