"""A client without keys at a service that seals: what it sends is lost there, what it reads does not open."""

from collections.abc import Iterator
from datetime import timedelta

from temporalio.api.common.v1 import Payload
from temporalio.client import Client, ScheduleActionStartWorkflow
from temporalio.service import RPCError, RPCStatusCode

from models.names import SEALED_PAYLOAD, meeting_schedule
from procedures import PACKS, load_packs
from starter.wire import KeysNeeded

PATIENCE = timedelta(seconds=2)
"""A server that is slower than this is not waited for: then only the service itself tells."""


async def unless_sealed(client: Client) -> None:
    """Raises KeysNeeded where the service would lose what this client sends for want of its seal.

    The arguments of the service's own schedules tell it without a worker: each start of a worker makes them anew as it
    seals. Nothing is asked for a client that seals.
    """
    if client.data_converter.payload_codec is not None:
        return
    for schedule in _schedules():
        try:
            found = await client.get_schedule_handle(schedule).describe(rpc_timeout=PATIENCE)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                continue
            return
        action = found.schedule.action
        if isinstance(action, ScheduleActionStartWorkflow) and action.args:
            if _is_sealed(action.args[0]):
                raise KeysNeeded
            return


def _schedules() -> Iterator[str]:
    packs = PACKS if PACKS.all() else load_packs()
    return (meeting_schedule(pack.name) for pack in packs.newest_of_each() if pack.meeting)


def _is_sealed(argument: object) -> bool:
    return isinstance(argument, Payload) and argument.metadata.get("encoding") == SEALED_PAYLOAD
