"""Refund as a child of a case: its own history, its own page in the Web UI."""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.names import REFUND
    from models.remedy import RemedyResult
    from workflows.remedy import RemedyWorkflow, order_of


@workflow.defn(name=REFUND)
class RefundWorkflow(RemedyWorkflow):
    """Money back: refund, return and refund, compensation."""

    @workflow.run
    async def run(self, *args: Any) -> RemedyResult:
        """Do the steps of the order."""
        return await self.carry_out(order_of(args))
