"""The namespace of a local stack says which home it serves: another home's cases must not go astray there."""

from pathlib import Path

from temporalio.api.namespace.v1 import UpdateNamespaceInfo
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.service import RPCError, ServiceClient

HOME = "redress.home"
"""Where it says so."""


def marking(namespace: str, home: Path) -> UpdateNamespaceRequest:
    """What has the namespace say whose it is."""
    return UpdateNamespaceRequest(namespace=namespace, update_info=UpdateNamespaceInfo(data={HOME: str(home)}))


async def marked_home(service: ServiceClient, namespace: str) -> Path | None:
    """The home the local server serves; None for any other server, and for one that does not say."""
    request = DescribeNamespaceRequest(namespace=namespace)
    try:
        described = await service.workflow_service.describe_namespace(request, retry=True)
    except RPCError:
        return None
    told = described.namespace_info.data.get(HOME)
    return Path(told) if told else None
