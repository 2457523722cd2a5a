"""A client of the configured Temporal service, as whoever starts, asks or sends something needs it."""

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConnectConfig
from temporalio.runtime import Runtime
from temporalio.service import RPCError, RPCStatusCode

from starter.reach import ConnectFailed, Reached, reach, reach_at
from starter.settings import Codec, Settings
from starter.wire import data_converter


async def connect(settings: Settings, *, identity: str | None = None, runtime: Runtime | None = None) -> Client:
    """A client of the configured Temporal service; `identity` is whom histories will name.

    Raises ConnectFailed with one line.
    """
    return _client(await reach(settings, identity=identity, runtime=runtime), settings)


async def connect_to(
    config: ClientConnectConfig, settings: Settings, *, identity: str | None = None, runtime: Runtime | None = None
) -> Client:
    """As `connect`, for a known address."""
    return _client(await reach_at(config, settings, identity=identity, runtime=runtime), settings)


def _client(reached: Reached, settings: Settings) -> Client:
    return Client(
        reached.service,
        namespace=reached.namespace,
        data_converter=_converter(settings.codec),
        plugins=reached.plugins,
    )


async def see_namespace(client: Client) -> None:
    """Raises ConnectFailed where no worker could begin: the SDK's own text is a page of what the server sent."""
    name = client.namespace
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=name))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise ConnectFailed(
                f"namespace {name} is not there; make it with `redress setup`, or correct TEMPORAL_NAMESPACE"
            ) from None
        if error.status in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED):
            raise ConnectFailed(
                f"namespace {name} cannot be asked about; see what may be done there with these credentials"
            ) from None


def _converter(codec: Codec) -> DataConverter:
    return data_converter(codec.ring, accept_plain=codec.plain == "accept", strangers=codec.strangers)
