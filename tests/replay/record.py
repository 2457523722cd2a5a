"""Writes what this release keeps: `python -m tests.replay.record`, once per release, into a folder of its own.

Histories of earlier releases are never written again: open cases of theirs must replay for ever. With `--commands`
only the commands are written that today's code gives for every kept history, and the fingerprint of the code.
"""

import asyncio
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

from activities.store import Store
from procedures import load_packs
from tests.replay.commands import golden_file, replay
from tests.replay.fingerprint import KEPT, fingerprint
from tests.replay.scenes import SCENES
from tests.server import local_environment
from tests.support import Office, office_at_work
from worker import RUNNER, WORKFLOWS

FOLDER = Path(__file__).parent / "histories"
PACKS = Path(__file__).parents[1] / "packs"


def tidy(history: WorkflowHistory) -> str:
    """The history as JSON without the name of the machine that made it."""
    return json.dumps(_anonymous(json.loads(history.to_json())), ensure_ascii=False, indent=1) + "\n"


def _anonymous(node: Any) -> Any:
    if isinstance(node, dict):
        # A payload's data is base64, in which a short name of a machine may stand by chance.
        kept: dict[str, Callable[[Any], Any]] = {"data": lambda data: data, "identity": lambda _: "worker"}
        return {key: kept.get(key, _anonymous)(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_anonymous(item) for item in node]
    return node.replace(platform.node(), "host") if isinstance(node, str) else node


async def record(office: Office, folder: Path) -> None:
    """Play every scene and keep its histories."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, scene in SCENES.items():
        case = await scene(office)
        for history in await case.histories():
            part = history.workflow_id.removeprefix(case.handle.id).strip(".") or "case"
            (folder / f"{name}.{part}.json").write_text(tidy(history), encoding="utf-8")
            print(f"{name}.{part}: {len(history.events)} events")  # noqa: T201 - a tool for a terminal


async def keep_commands() -> None:
    """What today's code asks for, history by history. A history that does not replay keeps what it had."""
    load_packs(PACKS)
    for file in sorted(FOLDER.glob("*/*.json")):
        failure, commands = await replay(json.loads(file.read_text(encoding="utf-8")), WORKFLOWS, RUNNER)
        if failure is None:
            golden_file(file).write_text("".join(f"{line}\n" for line in commands), encoding="utf-8")
        else:
            print(f"{file.name} does not replay: {failure}")  # noqa: T201 - a tool for a terminal
    KEPT.write_text("".join(f"{line}\n" for line in fingerprint()), encoding="utf-8")


async def main(version: str) -> None:
    """Record under `histories/VERSION`."""
    for old in (FOLDER / version).glob("*"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite+aiosqlite:///{folder}/redress.db")
        await store.create()
        async with local_environment() as env, office_at_work(env, store) as office:
            await record(office, FOLDER / version)
        await store.close()


async def _run(arguments: list[str]) -> None:
    if "--commands" not in arguments:
        await main(arguments[0] if arguments else "0.1.0")
    await keep_commands()


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1:]))
    sys.stdout.flush()
    os._exit(0)  # a short-lived Temporal client may crash in interpreter teardown
