"""The client's side of a round of reports."""

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from models.names import REPORT_ROUND, report_id
from models.reporting import ReportCall
from starter.calls import RPC, Within, patiently
from starter.sealed import unless_sealed

PATIENCE = 15.0
"""How long a worker may take to leave the mails in the outbox (seconds)."""


async def send_round(client: Client, call: ReportCall, task_queue: str) -> int:
    """Have a period's reports sent; how many mails were not there yet. Raises TryAgain, KeysNeeded: again is safe."""
    await unless_sealed(client)
    workflow_id = report_id(call.procedure, call.name, call.period or "") + (f".{call.again}" if call.again else "")
    handle = await patiently(
        lambda: client.start_workflow(
            REPORT_ROUND,
            call,
            id=workflow_id,
            task_queue=task_queue,
            result_type=int,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=workflow_id,
            rpc_timeout=RPC,
        )
    )
    async with Within(PATIENCE) as within:
        written: int = await within.run(handle.result())
        return written
