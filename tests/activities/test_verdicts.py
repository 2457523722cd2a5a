"""Asking a case for its verdict: a case that does not answer keeps the message, and a case that is gone is closed."""

import asyncio
from typing import Any

import pytest
from temporalio.service import RPCError, RPCStatusCode

from activities.verdicts import ask, ask_or_leave
from models.names import Refused

MESSAGE = {"actor": "Mo", "grant": True, "command_id": "meeting-1"}


class Case:
    """A case's handle: answers an update with `fails`, or never; notes what it is left by signal."""

    id = "complaint.C-1"

    def __init__(self, fails: Exception | None = None, signal_fails: Exception | None = None) -> None:
        self.fails, self.signal_fails = fails, signal_fails
        self.left: list[tuple[str, Any]] = []

    async def execute_update(self, *_: Any, **__: Any) -> None:
        if self.fails is not None:
            raise self.fails
        await asyncio.Event().wait()

    async def signal(self, name: str, message: Any) -> None:
        if self.signal_fails is not None:
            raise self.signal_fails
        self.left.append((name, message))


def not_found(message: str) -> RPCError:
    return RPCError(message, RPCStatusCode.NOT_FOUND, b"")


async def heard(case: Any) -> Any:
    return await ask_or_leave(case, "decide", MESSAGE, 0.05)


async def test_a_case_that_does_not_answer_keeps_the_message_under_its_id_so_that_a_late_answer_counts_once() -> None:
    case = Case()
    verdict, confirmed = await heard(case)
    assert (verdict.accepted, confirmed) == (True, False)
    assert case.left == [("decide", MESSAGE)]


@pytest.mark.parametrize(
    "case",
    [
        Case(not_found("workflow execution already completed")),
        Case(not_found("workflow not found for ID: complaint.C-1")),
        Case(signal_fails=not_found("workflow execution already completed")),
    ],
    ids=["ended", "forgotten", "ended_meanwhile"],
)
async def test_a_case_that_is_gone_is_closed_and_says_what_to_do(case: Case) -> None:
    verdict, confirmed = await heard(case)
    assert (verdict.accepted, verdict.code, confirmed) == (False, Refused.CLOSED, True)
    assert "file a new complaint" in verdict.reason
    assert case.left == []


@pytest.mark.parametrize("namespace", ["default", "aftersales-workflows"])
async def test_a_namespace_that_is_not_there_says_nothing_about_the_case(namespace: str) -> None:
    with pytest.raises(RPCError):
        await heard(Case(not_found(f"Namespace {namespace} is not found.")))


@pytest.mark.parametrize(
    ("workflow_id", "told"),
    [
        ("meeting.marketplace.2026-W48", "the meeting is over; bring the matter to the next one"),
        ("incident.returns.product.S-1", "the incident is closed; open a new one if there is a new matter"),
        ("drill.returns.product.S-1", "the incident is closed; open a new one if there is a new matter"),
        ("8d.QC-1", "the corrective action is closed; open a new one if there is a new matter"),
    ],
)
async def test_what_has_ended_says_what_it_was_and_where_to_go_on(workflow_id: str, told: str) -> None:
    gone: Any = Case(fails=not_found("workflow execution already completed"))
    gone.id = workflow_id
    verdict = await ask(gone, "report", {"actor": "Mo"}, "m-1")
    assert (verdict.code, verdict.reason) == (Refused.CLOSED, told)
