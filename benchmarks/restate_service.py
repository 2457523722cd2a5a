"""The same case on Restate, the service's side: two workflows with durable promises, and our effects as their steps.

python -m benchmarks.restate_service FOLDER PORT SMTP_PORT
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import restate
from hypercorn.asyncio import serve
from hypercorn.config import Config
from restate import RunOptions, WorkflowContext, WorkflowSharedContext

from activities.store import Store
from benchmarks.effects import Effects, post_office
from procedures import load_packs
from starter.main import spare_garbage

CASE, REFUND = "BenchCase", "BenchRefund"
_DAY = timedelta(hours=24)
_UNLIMITED = 2**31 - 1
_effects: list[Effects] = []
case, refund = restate.Workflow(CASE), restate.Workflow(REFUND)


async def _step(ctx: WorkflowContext, name: str, do: Callable[[str], Awaitable[None]]) -> None:
    async def run() -> None:
        await do(ctx.key())

    await ctx.run_typed(name, run, RunOptions())


async def _word(ctx: WorkflowContext, name: str) -> None:
    """Wait for a message, a day at most."""
    await restate.select(word=ctx.promise(name, type_hint=str).value(), late=ctx.sleep(_DAY))


@refund.main(name="run")
async def pay(ctx: WorkflowContext) -> None:
    """The child."""
    await _step(ctx, "pay", _effects[0].pay)


@case.main(name="run")
async def complaint(ctx: WorkflowContext) -> None:
    """The whole case."""
    await _step(ctx, "open", _effects[0].open)
    await _word(ctx, "confirm")
    await ctx.workflow_call(pay, key=ctx.key(), arg=None)
    await _step(ctx, "told", _effects[0].told)
    await _word(ctx, "feedback")
    await _step(ctx, "closed", _effects[0].closed)


@case.handler()
async def confirm(ctx: WorkflowSharedContext, answer: str) -> str:
    """The department."""
    await ctx.promise("confirm", type_hint=str).resolve(answer)
    return "accepted"


@case.handler()
async def feedback(ctx: WorkflowSharedContext, word: str) -> str:
    """The customer."""
    await ctx.promise("feedback", type_hint=str).resolve(word)
    return "accepted"


async def main(folder: Path, port: int, smtp_port: int) -> None:
    """Serve until the process is killed."""
    load_packs()
    store = Store(f"sqlite+aiosqlite:///{folder / 'restate.db'}")
    await store.create()
    _effects[:] = [Effects(store)]
    config = Config()
    config.bind, config.loglevel = [f"127.0.0.1:{port}"], "ERROR"
    # The server keeps one connection for all invocations.
    config.h2_max_concurrent_streams = config.keep_alive_max_requests = config.keep_alive_timeout = _UNLIMITED
    async with post_office(store, smtp_port):
        await serve(restate.app([case, refund]), config)


if __name__ == "__main__":
    spare_garbage()
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
