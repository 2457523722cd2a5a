"""What redress needs of a Temporal service, made once and then left alone: on any cluster, and on Temporal Cloud."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from temporalio.client import Client

from procedures import PACKS
from starter.cluster import SearchAttribute, ensure_namespace, ensure_retention, ensure_search_attributes
from starter.rollout import make_current, rollout
from starter.schedules import ensure_schedules
from starter.settings import Settings


class Change(NamedTuple):
    """One thing that was not as it must be and now is."""

    kind: str
    """namespace, retention, attribute, schedule or build."""
    name: str


async def set_up(
    client: Client, settings: Settings, attributes: tuple[SearchAttribute, ...], days: int, build: str
) -> AsyncIterator[Change]:
    """Make it so and tell each change; the second time there is none. Raises ClusterError, RolloutError."""
    if await ensure_namespace(client, days):
        yield Change("namespace", client.namespace)
    if await ensure_retention(client, days):
        yield Change("retention", str(days))
    for name in await ensure_search_attributes(client, attributes):
        yield Change("attribute", name)
    for name in await ensure_schedules(client, PACKS, settings.task_queue, back=True):
        yield Change("schedule", name)
    deployment = settings.worker.deployment
    if deployment is not None:
        state = await rollout(client, deployment)
        if state is None or state.current is None:
            await make_current(client, deployment, build, unseen=True)
            yield Change("build", f"{deployment} {build}")
