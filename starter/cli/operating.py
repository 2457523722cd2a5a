"""What operators do: the schema, the Temporal service's set-up, which build takes cases, backup and restore."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from starter.cli.session import Flag, Json, Whole, session
from starter.failures import BadInput

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from activities.store import Store

db = App(name="db", help="The database's schema, by versions.", result_action="return_value")


@db.command
async def upgrade() -> int:
    """Lead the schema to this program's version; does nothing where it is there already."""
    async with _store() as store:
        before = await store.version()
        await store.create()
        _tell("same" if before == await store.version() else "now", await store.version())
    return 0


@db.command
async def current() -> int:
    """The schema's version."""
    from starter.archive import no_file_yet

    if await asyncio.to_thread(no_file_yet, session().settings):
        _tell("now", None)
        return 0
    async with _store() as store:
        _tell("now", await store.version())
    return 0


@db.command
async def downgrade(version: str, /, *, yes: Flag = False) -> int:
    """Lead the schema back to a version; what only later ones hold is lost.

    :param version: Such as 0001_baseline, or base for an empty database.
    :param yes: You have a backup.
    """
    import migrations

    if version != migrations.BASE and not migrations.known(version):
        raise BadInput("no_version", known=", ".join((migrations.BASE, *migrations.VERSIONS)))
    if not yes:
        raise BadInput("not_sure")
    async with _store() as store:
        await store.downgrade(version)
        _tell("now", await store.version())
    return 0


async def setup(
    *,
    retention_days: Annotated[Whole, Parameter(help="How long closed cases stay in Temporal.")] = 90,
    as_json: Json = False,
) -> int:
    """Make the Temporal service what redress needs, and say what was changed; twice changes nothing."""
    from procedures import load_packs
    from starter.cli.service import search_attributes
    from starter.connection import connect
    from starter.rollout import RELEASE
    from starter.setup import set_up

    current = session()
    settings = current.settings
    if retention_days < 1:
        raise BadInput("bad_retention")
    load_packs(*settings.procedure_folders)
    client = await connect(settings)
    build = settings.worker.build_id or RELEASE
    done = [change async for change in set_up(client, settings, search_attributes(), retention_days, build)]
    if as_json:
        current.print_json([change._asdict() for change in done])
        return 0
    for change in done:
        current.out.print(current.say(f"setup.{change.kind}", name=change.name), markup=False)
    if not done:
        current.out.print(current.say("setup.nothing"), markup=False)
    return 0


async def rollout(
    build: Annotated[
        str | None, Parameter(name="BUILD", help="Give cases to this build; none: show the state.")
    ] = None,
    /,
    *,
    percent: Annotated[float, Parameter(help="Only this share of the cases; 0 takes it back.")] = 100,
    as_json: Json = False,
) -> int:
    """Which build of the worker takes cases, and give them to another one; rolling back is the same."""
    from activities.clock import wall_clock
    from starter import rollout as deployments
    from starter.cli.doctoring import line
    from starter.connection import connect
    from verify.queues import unserved

    current = session()
    if not 0 <= percent <= 100:
        raise BadInput("bad_percent")
    deployment = current.settings.worker.deployment
    if deployment is None:
        raise BadInput("no_deployment")
    client = await connect(current.settings)
    if build is not None and percent == 100:
        await deployments.make_current(client, deployment, build)
    elif build is not None:
        await deployments.ramp(client, deployment, build, percent)
    state = await deployments.rollout(client, deployment)
    idle = [symptom async for symptom in unserved(client, current.settings.task_queue, wall_clock())] if state else []
    if as_json:
        current.print_json(None if state is None else {**vars(state), "unserved": idle})
        return 0
    for name, status in sorted((state.builds if state else {}).items()):
        share = f" {state.percent:g} %" if state and name == state.ramping else ""
        current.out.print(f"{name:<24}{current.say(f'rollout.{status}')}{share}", markup=False)
    for symptom in idle:
        current.out.print(line(current, "symptom", symptom), markup=False)
    return 0


async def backup(folder: Path, /) -> int:
    """Copy the local stack's databases into a new folder, also while it runs.

    :param folder: A new folder, or an empty one.
    """
    from starter.backup import back_up

    current = session()
    await asyncio.to_thread(back_up, _local_home(), folder)
    current.out.print(current.say("backup.made", folder=folder), markup=False)
    return 0


async def restore(folder: Path, /) -> int:
    """Put a backup into the home, whose stack must rest; what was there is kept beside it.

    :param folder: One that `redress backup` has written.
    """
    from starter.backup import restore as put_back

    current = session()
    before = await asyncio.to_thread(put_back, folder, _local_home())
    current.out.print(current.say("backup.restored", folder=folder), markup=False)
    if before is not None:
        current.out.print(current.say("backup.before", folder=before), markup=False)
    return 0


def _local_home() -> Path:
    """The home, where it is what a backup has to hold. Raises BadInput."""
    settings = session().settings
    if settings.database_url is not None:
        raise BadInput("own_database")
    return settings.home.absolute()


@asynccontextmanager
async def _store() -> "AsyncIterator[Store]":
    """The configured database, made if it is a file. Raises TryAgain."""
    from starter.archive import store_of
    from starter.stackfile import make_home

    settings = session().settings
    if settings.database_url is None:
        make_home(settings.home)
    async with store_of(settings) as store:
        yield store


def _tell(key: str, version: str | None) -> None:
    current = session()
    current.out.print(current.say(f"schema.{key}", version=version or current.say("schema.none")), markup=False)
