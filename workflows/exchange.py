"""Exchange as a child of a case: its own history, its own page in the Web UI."""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.names import EXCHANGE
    from models.remedy import RemedyResult
    from workflows.remedy import RemedyWorkflow, order_of


@workflow.defn(name=EXCHANGE)
class ExchangeWorkflow(RemedyWorkflow):
    """Goods: exchange, reshipment, repair."""

    @workflow.run
    async def run(self, *args: Any) -> RemedyResult:
        """Do the steps of the order."""
        return await self.carry_out(order_of(args))
