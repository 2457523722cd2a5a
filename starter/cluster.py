"""What redress needs of a Temporal namespace, on any cluster: search attributes and a retention."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from starter.calls import AMBIGUOUS
from starter.errors import OperatorError
from starter.homemark import marking

SearchAttributeType = Literal["Text", "Keyword", "Int", "Double", "Bool", "Datetime", "KeywordList"]
SearchAttribute = tuple[str, SearchAttributeType]
DAY = 86_400

_TYPES: Mapping[SearchAttributeType, IndexedValueType.ValueType] = {
    "Text": IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "Double": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "Bool": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}


class ClusterError(OperatorError):
    """The namespace cannot be made what redress needs, as one line."""


async def ensure_namespace(client: Client, days: int) -> bool:
    """Makes the client's namespace where there is none; whether it did. Raises ClusterError."""
    try:
        await _described(client)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise _unanswered(client, error) from None
    else:
        return False
    kept = Duration(seconds=days * DAY)
    request = RegisterNamespaceRequest(namespace=client.namespace, workflow_execution_retention_period=kept)
    try:
        await client.workflow_service.register_namespace(request)
    except RPCError as error:
        raise ClusterError(
            f"namespace {client.namespace} does not exist and making it was refused ({error.status.name}); "
            "make it with the rights of an operator (on Temporal Cloud: in its web page or with tcld)"
        ) from None
    await _known_everywhere(client)
    return True


async def _known_everywhere(client: Client) -> None:
    """A server's parts look only now and then which namespaces there are."""
    for _ in range(300):
        try:
            await client.count_workflows()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise _unanswered(client, error) from None
            await asyncio.sleep(0.2)
        else:
            return
    raise ClusterError(f"namespace {client.namespace} was made and is not known everywhere after 60 s; try again")


async def ensure_search_attributes(client: Client, attributes: Iterable[SearchAttribute]) -> list[str]:
    """Adds the attributes the namespace lacks and returns their names; none the second time.

    Raises ClusterError when one exists with another type, when the server does not let us look or add any, or does
    not answer.
    """
    wanted = {name: _TYPES[kind] for name, kind in attributes}
    present = await _present(client, wanted) if wanted else {}
    for name, kind in wanted.items():
        if name in present and present[name] != kind:
            raise ClusterError(
                f"search attribute {name} of namespace {client.namespace} has another type; remove it there first"
            )
    missing = {name: kind for name, kind in wanted.items() if name not in present}
    if missing:
        await _add(client, missing)
    return sorted(missing)


async def _present(client: Client, wanted: Mapping[str, IndexedValueType.ValueType]) -> Mapping[str, int]:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        return (await client.operator_service.list_search_attributes(request, retry=True)).custom_attributes
    except RPCError as error:
        if error.status in AMBIGUOUS:
            raise _unanswered(client, error) from None
        raise ClusterError(
            f"the search attributes of namespace {client.namespace} cannot be read ({error.status.name}); "
            f"see that it has {', '.join(sorted(wanted))} (on Temporal Cloud: in its web page or with tcld)"
        ) from None


async def _add(client: Client, missing: Mapping[str, IndexedValueType.ValueType]) -> None:
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing), retry=True
        )
    except RPCError as error:
        if error.status is RPCStatusCode.ALREADY_EXISTS:  # another worker was quicker
            return
        if error.status in AMBIGUOUS:
            raise _unanswered(client, error) from None
        raise ClusterError(
            f"namespace {client.namespace} lacks search attributes ({', '.join(sorted(missing))}) and adding "
            f"them was refused ({error.status.name}); add them with the rights of an operator"
        ) from None


async def retention_days(client: Client) -> float:
    """How long the namespace keeps closed cases (days). Raises ClusterError."""
    try:
        description = await _described(client)
    except RPCError as error:
        raise _unanswered(client, error) from None
    return description.config.workflow_execution_retention_ttl.seconds / DAY


async def _described(client: Client) -> DescribeNamespaceResponse:
    request = DescribeNamespaceRequest(namespace=client.namespace)
    return await client.workflow_service.describe_namespace(request, retry=True)


def _unanswered(client: Client, error: RPCError) -> ClusterError:
    """A service that has just been started, or has too much to do, answers late: the call was tried for seconds."""
    return ClusterError(
        f"the Temporal service did not answer about namespace {client.namespace} ({error.status.name}); "
        "see that it runs and has time, then try again"
    )


async def ensure_retention(client: Client, days: int) -> bool:
    """Raises the namespace's retention to at least `days`; a longer one stays. Whether it did. Raises ClusterError."""
    if await retention_days(client) >= days:
        return False
    config = NamespaceConfig(workflow_execution_retention_ttl=Duration(seconds=days * DAY))
    try:
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(namespace=client.namespace, config=config), retry=True
        )
    except RPCError as error:
        if error.status in AMBIGUOUS:
            raise _unanswered(client, error) from None
        raise ClusterError(
            f"namespace {client.namespace} keeps closed cases for less than {days} days and raising that "
            f"was refused ({error.status.name}); raise it with the rights of an operator"
        ) from None
    if await retention_days(client) < days:
        raise ClusterError(f"namespace {client.namespace} did not take a retention of {days} days; set it there")
    return True


async def mark_home(client: Client, home: Path) -> None:
    """Has the namespace of a local server say which home it serves. Raises ClusterError."""
    try:
        await client.workflow_service.update_namespace(marking(client.namespace, home), retry=True)
    except RPCError as error:
        raise _unanswered(client, error) from None
