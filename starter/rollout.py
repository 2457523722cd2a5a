"""Which build of the worker takes cases: Temporal's worker deployments, as far as we use them (docs/upgrade.md)."""

import asyncio
from dataclasses import dataclass
from importlib.metadata import version

from temporalio.api.deployment.v1 import WorkerDeploymentInfo
from temporalio.api.enums.v1 import RoutingConfigUpdateState, WorkerDeploymentVersionStatus
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from starter.errors import OperatorError

RELEASE = version("redress")
"""What a build is called that has no name of its own."""
_LOOKS = 10


class RolloutError(OperatorError):
    """A build cannot be given cases, as one line."""


@dataclass(frozen=True)
class Rollout:
    """A deployment's state: the build new and open cases go to, the one a share of them goes to, and all builds."""

    current: str | None
    ramping: str | None
    percent: float
    builds: dict[str, str]
    """By build its status: inactive, current, ramping, draining, drained."""


async def rollout(client: Client, deployment: str) -> Rollout | None:
    """The state; None where no worker of the deployment has ever been seen."""
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=deployment)
    try:
        info = (await client.workflow_service.describe_worker_deployment(request)).worker_deployment_info
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    routing = info.routing_config
    return Rollout(
        current=routing.current_deployment_version.build_id or None,
        ramping=routing.ramping_deployment_version.build_id or None,
        percent=round(routing.ramping_version_percentage, 1),
        builds={each.deployment_version.build_id: _status(each) for each in info.version_summaries},
    )


def _status(summary: WorkerDeploymentInfo.WorkerDeploymentVersionSummary) -> str:
    return WorkerDeploymentVersionStatus.Name(summary.status).rpartition("_")[2].lower()


async def make_current(client: Client, deployment: str, build: str, *, unseen: bool = False) -> None:
    """Give every case to a build from its next step on; `unseen` also to one no worker has yet. Raises RolloutError."""
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=deployment, build_id=build, allow_no_pollers=unseen
    )
    try:
        await client.workflow_service.set_worker_deployment_current_version(request)
        await _heard_everywhere(client, deployment)
    except RPCError as error:
        raise _refused(build, error) from None


async def ramp(client: Client, deployment: str, build: str, percent: float) -> None:
    """Give a share of the cases to a build, always the same ones; 0 takes it back. Raises RolloutError."""
    request = SetWorkerDeploymentRampingVersionRequest(
        namespace=client.namespace, deployment_name=deployment, build_id=build if percent else "", percentage=percent
    )
    try:
        await client.workflow_service.set_worker_deployment_ramping_version(request)
        await _heard_everywhere(client, deployment)
    except RPCError as error:
        raise _refused(build, error) from None


async def _heard_everywhere(client: Client, deployment: str) -> None:
    """Wait a little while the server tells its task queues; until each knows, it gives cases to the build before."""
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=deployment)
    for _ in range(_LOOKS):
        info = (await client.workflow_service.describe_worker_deployment(request)).worker_deployment_info
        if info.routing_config_update_state != RoutingConfigUpdateState.ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS:
            return
        await asyncio.sleep(0.2)


def _refused(build: str, error: RPCError) -> RolloutError:
    if error.status in (RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.NOT_FOUND):
        return RolloutError(
            f"build {build} cannot take cases (no worker of it is running); start its workers, then try again"
        )
    # A server that answers too late may have done it all the same.
    why = error.status.name.lower()
    return RolloutError(f"nobody said whether build {build} takes cases ({why}); see `redress rollout`, then try again")
