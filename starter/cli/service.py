"""Running the service: everything on this machine, or a worker for a Temporal service elsewhere."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, cast

from cyclopts import Parameter

from models.names import Queue
from starter.cli.session import Session, session
from starter.stopping import stopped

if TYPE_CHECKING:
    from temporalio.common import SearchAttributeKey

    from starter.cluster import SearchAttribute, SearchAttributeType
    from starter.settings import Settings
    from starter.stack import LocalStack


async def dev() -> int:
    """Run server, worker and mail catcher on this machine until Ctrl-C."""
    from starter.logs import setup_logging

    current = session()
    settings = current.settings
    setup_logging(json=settings.log_json, level=settings.log_level)
    stack = local_stack(settings)
    async with stack:
        print_addresses(current, stack)
        await until_stopped(stack)
    return 0


async def worker(*, queues: Annotated[list[Queue] | None, Parameter(consume_multiple=True, negative="")] = None) -> int:
    """Run a worker against the configured Temporal service until it is told to stop.

    :param queues: Which work it is there for; none: all.
    """
    from worker import run_worker

    await run_worker(session().settings, queues=tuple(queues or Queue))
    return 0


async def codec_server() -> int:
    """Open sealed payloads for the Web UI and the `temporal` program until told to stop.

    Whoever asks gives a token, `TEMPORAL_CODEC_AUTH="Bearer $(redress token)"`; its address is the setting codec.port.
    """
    from starter.codecserver import serving
    from starter.logs import setup_logging
    from starter.reach import target

    current = session()
    settings = current.settings
    setup_logging(json=settings.log_json, level=settings.log_level)
    stop = stopped()
    async with serving(settings, target(settings)) as port:
        current.out.print(current.say("codec_serving", host=settings.codec.host, port=port), markup=False)
        await stop.wait()
    return 0


def local_stack(settings: "Settings") -> "LocalStack":
    """The local stack with our worker in it."""
    from starter.observe.service import metered_runtime, settled
    from starter.stack import LocalStack
    from worker import working

    settings = settled(settings)
    return LocalStack(
        settings,
        make_worker=working,
        search_attributes=search_attributes(),
        runtime=metered_runtime(settings),
    )


def search_attributes() -> "tuple[SearchAttribute, ...]":
    """What lists are made from, with their types."""
    from workflows.attributes import ALL

    return tuple((key.name, _kind(key)) for key in ALL)


def _kind(key: "SearchAttributeKey[Any]") -> "SearchAttributeType":
    """The cluster's word for the type of a search attribute: KEYWORD_LIST is KeywordList."""
    words = key.indexed_value_type.name.split("_")
    return cast("SearchAttributeType", "".join(word.capitalize() for word in words))


def print_addresses(current: Session, stack: "LocalStack") -> None:
    """Where everything is."""
    from rich.cells import cell_len

    observe = stack.settings.observe
    rows = {
        "web": stack.ui_url,
        "server": stack.address,
        "http": stack.http_url,
        "mail": f"127.0.0.1:{stack.smtp_port}",
        "database": _database(stack.settings),
        "metrics": f"http://{observe.host}:{observe.metrics_port}/metrics",
        "health": f"http://{observe.host}:{observe.health_port}/readyz",
        "home": str(stack.home),
    }
    for name, address in rows.items():
        title = current.say(f"dev.{name}")
        current.out.print(f"{title}{' ' * (18 - cell_len(title))}{address}", markup=False)
    current.out.print(current.say("dev.ready"), style="green")


def _database(settings: "Settings") -> str:
    """The address without its password."""
    from sqlalchemy.engine import make_url

    return make_url(settings.database).render_as_string(hide_password=True)


async def until_stopped(stack: "LocalStack") -> None:
    """Until SIGINT or SIGTERM; raises LocalServerError when the server ends by itself."""
    stop = stopped()
    told, ended = asyncio.create_task(stop.wait()), asyncio.create_task(stack.watch())
    done, waiting = await asyncio.wait({told, ended}, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    for task in done:
        task.result()
