"""A worker of the product without one of its protections, by name: what each costs. Fit for nothing else."""

import asyncio
import sys

from temporalio import activity
from temporalio.worker import UnsandboxedWorkflowRunner

import worker
from activities import record
from activities.remedies import Remedies
from models.names import remedy_key
from models.pages import StepResult
from models.remedy import RemedyOrder
from starter.main import spare_garbage
from starter.settings import load_settings


class Trusting(Remedies):
    """Pays without writing down first that it will: a crash may pay twice, an order give back more than was paid."""

    @activity.defn(name="pay")
    async def pay(self, order: RemedyOrder) -> StepResult:
        """At once."""
        key = remedy_key(order.number, order.decision, "pay")
        receipt = await self._gateway.refund(f"{key}:1", key, order.order, order.amount, order.currency)
        return StepResult(reference=receipt.reference)


async def _nothing(*_: object) -> int:
    return 0


IN_STEAD = {
    "sandbox": (worker, "RUNNER", UnsandboxedWorkflowRunner()),  # nothing would notice a clock or a file read in it
    "audit": (record, "append", _nothing),
    "intents": (worker, "Remedies", Trusting),
}
"""What stands in whose place, by the protection's name."""


if __name__ == "__main__":
    spare_garbage()
    setattr(*IN_STEAD[sys.argv[1]])
    asyncio.run(worker.run_worker(load_settings()))
