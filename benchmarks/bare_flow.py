"""The leanest flow on the bare SDK with a case's effects: no rules, no judging, no lists, nothing to look at.

Nobody asks it anything, so it may use local activities; `ordinary` has it do without, as a flow must that is queried
(docs/reliability.md).
"""

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow

_NEAR = timedelta(seconds=10)
_DAY = timedelta(hours=24)


@workflow.defn(name="BareRefund")
class BareRefund:
    """The child: one regular activity."""

    @workflow.run
    async def run(self, number: str) -> None:
        """Pay."""
        await workflow.execute_activity("bare_pay", number, start_to_close_timeout=_NEAR)


@workflow.defn(name="BareCase")
class BareCase:
    """Open, wait for the answer, pay by a child, tell, wait for the customer, close."""

    def __init__(self) -> None:
        self._answer: str | None = None
        self._word: str | None = None

    @workflow.run
    async def run(self, number: str, ordinary: bool) -> None:  # noqa: FBT001 - as it comes over the wire
        """The whole case."""
        do = workflow.execute_activity if ordinary else workflow.execute_local_activity
        await do("bare_open", number, start_to_close_timeout=_NEAR)
        await workflow.wait_condition(lambda: self._answer is not None, timeout=_DAY)
        await workflow.execute_child_workflow(BareRefund.run, number, id=f"bare.{number}.refund")
        await do("bare_told", number, start_to_close_timeout=_NEAR)
        await workflow.wait_condition(lambda: self._word is not None, timeout=_DAY)
        await do("bare_closed", number, start_to_close_timeout=_NEAR)

    @workflow.update
    async def confirm(self, answer: str) -> str:
        """The department."""
        self._answer = answer
        return "accepted"

    @workflow.update
    async def feedback(self, word: str) -> str:
        """The customer."""
        self._word = word
        return "accepted"


@workflow.defn(name="BareWait")
class BareWait:
    """Waits for an instant and writes one row: the herd's and the open cases' measure."""

    def __init__(self) -> None:
        self._go = False

    @workflow.run
    async def run(self, number: str, seconds: float) -> None:
        """Wait, write."""
        with suppress(TimeoutError):
            await workflow.wait_condition(lambda: self._go, timeout=seconds)
        await workflow.execute_local_activity("bare_row", number, start_to_close_timeout=_NEAR)

    @workflow.update
    async def confirm(self, answer: str) -> str:
        """A bare update's round trip."""
        self._go = answer == "go"
        return "accepted"
