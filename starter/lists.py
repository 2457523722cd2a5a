"""Lists and counts of the cases of a namespace, from the server's own index: no case and no worker is asked.

By Temporal's own API: to load the SDK's client, with all that workflows need, would take a third as long again.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import CountWorkflowExecutionsRequest, ListWorkflowExecutionsRequest
from temporalio.service import ServiceClient

from models.names import case_id, case_number
from models.stage import NEW, Stage
from starter.calls import RPC, Trouble, meaning, patiently
from starter.failures import TryAgain
from starter.listing import CaseLine, Filters, ListedStage
from workflows.attributes import DEADLINE, ORDER, OVERDUE, PROCEDURE, STAGE, WAITING_FOR

PAGE = 1_000
"""Cases read by one call."""
CLOCKS_READ = 200
"""Own clocks of cases read for one page of a list."""


class Lists:
    """Lists of one Temporal namespace. `local` says the server is our local stack, whose clocks may be forwarded."""

    def __init__(self, service: ServiceClient, namespace: str, *, local: bool = False) -> None:
        self._service = service
        self._namespace = namespace
        self._local = local

    async def listing(self, wanted: Filters, *, limit: int | None = None) -> AsyncIterator[CaseLine]:
        """Cases that match, newest first; a list lags a case by up to a second or two.

        Raises TryAgain when the server cannot be reached.
        """
        try:
            async for execution in self._executions(wanted.query(), limit):
                if (number := case_number(execution.execution.workflow_id)) is not None:
                    yield _line(number, execution)
        except Exception as error:
            if meaning(error) is Trouble.REFUSED:
                raise
            raise TryAgain("server_away") from None

    async def _executions(self, query: str, limit: int | None) -> AsyncIterator[WorkflowExecutionInfo]:
        read, token = 0, b""
        while read != limit:
            size = PAGE if limit is None else min(PAGE, limit - read)
            request = ListWorkflowExecutionsRequest(
                namespace=self._namespace, query=query, page_size=size, next_page_token=token
            )
            page = await self._service.workflow_service.list_workflow_executions(request, retry=True)
            for execution in page.executions[:size]:
                yield execution
                read += 1
            token = page.next_page_token
            if not token:
                return

    async def counts(self) -> dict[str, int]:
        """How many cases stand at each stage, "new" first. Raises TryAgain when the server cannot be reached."""
        stages: tuple[ListedStage, ...] = (NEW, *Stage)
        numbers = await asyncio.gather(*(patiently(lambda s=stage: self._count(s)) for stage in stages))  # type: ignore[misc]
        return dict(zip(map(str, stages), numbers, strict=True))

    async def _count(self, stage: ListedStage) -> int:
        request = CountWorkflowExecutionsRequest(namespace=self._namespace, query=Filters(stage=stage).query())
        reply = await self._service.workflow_service.count_workflow_executions(request, retry=True, timeout=RPC)
        return reply.count

    async def clocks(self, listed: Sequence[CaseLine]) -> dict[str, datetime]:
        """The own time of each open case of a list, where it can differ from ours: on the local stack."""
        numbers = [line.number for line in listed if line.open][:CLOCKS_READ]
        if not (self._local and numbers):
            return {}
        from temporalio.client import Client

        from starter.clocks import own_time

        client = Client(self._service, namespace=self._namespace)
        handles = (client.get_workflow_handle(case_id(number)) for number in numbers)
        times = await asyncio.gather(*(own_time(client, handle) for handle in handles))
        return dict(zip(numbers, times, strict=True))


def _line(number: str, execution: WorkflowExecutionInfo) -> CaseLine:
    from temporalio.converter import decode_typed_search_attributes

    found = decode_typed_search_attributes(execution.search_attributes)
    deadline: datetime | None = found.get(DEADLINE)
    return CaseLine(
        number=number,
        procedure=found.get(PROCEDURE),
        stage=found.get(STAGE) or NEW,
        waiting_for=tuple(found.get(WAITING_FOR) or ()),
        deadline=deadline,
        order=found.get(ORDER),
        overdue=bool(found.get(OVERDUE)),
        opened_at=execution.start_time.ToDatetime(UTC),
        open=execution.status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING,
    )
