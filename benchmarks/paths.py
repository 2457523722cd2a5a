"""The paths of a case whose cost is counted, filed and answered through the facade, as the CLI and the importer do."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from benchmarks.counts import events
from models.commands import COMMANDS
from starter.cases import Cases
from tests.support import (
    GOODS_DEPT,
    LOGISTICS,
    PANEL,
    RETURNS,
    SERVICE,
    OfCase,
    Office,
    complaint,
    liable,
    new_number,
)

Path = Callable[[Office], Awaitable[OfCase]]
MERCHANT: dict[str, Any] = {"liable": liable(merchant=100), "reason": "密封圈缺失"}


async def asked(office: Office, **changes: Any) -> OfCase:
    """A case whose departments were asked two hours ago."""
    case = OfCase(office, new_number())
    with office.env.with_time_skipping_disabled():
        await _facade(office).start(complaint(number=case.number, **changes))
    office.follow(case)
    await timed(case.handle)
    await case.forward(hours=2)
    return case


async def timed(handle: WorkflowHandle[Any, Any]) -> None:
    """Wait until a workflow, which may not have been started yet, waits on a timer.

    Asked of the server: a query could cost it a workflow task.
    """
    async with asyncio.timeout(20):
        while not await _waits(handle):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def _waits(handle: WorkflowHandle[Any, Any]) -> bool:
    try:
        return events([await handle.fetch_history()])["TIMER_STARTED"] > 0
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False


async def say(case: OfCase, name: str, actor: str, **fields: Any) -> None:
    """A person's message."""
    verdict = await _facade(case.office).send(case.number, name, COMMANDS[name](actor=actor, **fields))
    if not verdict.accepted:
        raise RuntimeError(f"{name}: {verdict.reason}")


async def satisfied(case: OfCase) -> OfCase:
    """The customer's word, and the end."""
    await case.at("feedback")
    await say(case, "feedback", SERVICE, satisfied=True)
    await case.result()
    return case


async def answered(office: Office) -> OfCase:
    """The department answers in time; the refund; the customer is satisfied."""
    case = await asked(office)
    await say(case, "confirm", GOODS_DEPT, **MERCHANT)
    return await satisfied(case)


async def silence(office: Office) -> OfCase:
    """The department is reminded and stays silent."""
    case = await asked(office)
    await case.forward(hours=23)
    return await satisfied(case)


async def agreed(office: Office) -> OfCase:
    """Two departments answer alike: what `contested` is measured against."""
    case = await asked(office, cause="damage_unclear")
    await say(case, "confirm", GOODS_DEPT, **MERCHANT)
    await say(case, "confirm", LOGISTICS, **MERCHANT)
    return await satisfied(case)


async def contested(office: Office) -> OfCase:
    """Two departments contradict each other; the panel decides."""
    case = await asked(office, cause="damage_unclear")
    await say(case, "confirm", GOODS_DEPT, liable=liable(carrier=100), reason="运输所致")
    await say(case, "confirm", LOGISTICS, **MERCHANT)
    await say(case, "decide", PANEL, grant=True, liable=liable(merchant=60, carrier=40), reason="共同承担")
    return await satisfied(case)


async def rework(office: Office) -> OfCase:
    """The customer is not satisfied: explained, asked and refunded a second time."""
    case = await asked(office, demand={"kind": "refund", "amount": 6_000})
    await say(case, "confirm", GOODS_DEPT, **MERCHANT)
    await case.at("feedback")
    await say(case, "feedback", SERVICE, satisfied=False, demand={"kind": "refund", "amount": 15_000})
    await say(case, "contact", SERVICE)
    await say(case, "confirm", GOODS_DEPT, **MERCHANT)
    return await satisfied(case)


async def exchange(office: Office) -> OfCase:
    """Goods set aside, collected, inspected and sent."""
    case = await asked(office, demand={"kind": "exchange"})
    await say(case, "confirm", GOODS_DEPT, **MERCHANT)
    seen = await case.at("executing")
    await timed(office.client.get_workflow_handle(seen.child or ""))
    await say(case, "goods", RETURNS, accepted=True)
    return await satisfied(case)


def _facade(office: Office) -> Cases:
    standings = office.parts.directory().standing_of
    return Cases(office.client, task_queue=office.settings.task_queue, standings=standings)


PATHS: dict[str, Path] = {path.__name__: path for path in (answered, silence, agreed, contested, rework, exchange)}
