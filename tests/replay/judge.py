"""Do kept histories still replay, and with the commands they were recorded with? `python -m tests.replay.judge STEM …`.

Run in a copy of the tree, this tells what a change of the code would do to open cases.
"""

import asyncio
import importlib
import json
import os
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

from temporalio.worker import UnsandboxedWorkflowRunner

import workflows
from procedures import load_packs
from tests.replay.commands import golden, replay

HISTORIES = Path(__file__).parent / "histories"
PACKS = Path(__file__).parents[1] / "packs"


def defined() -> Iterator[type]:
    """Every workflow there is, without the rest of the service."""
    for module in pkgutil.iter_modules(workflows.__path__, "workflows."):
        for thing in vars(importlib.import_module(module.name)).values():
            if (
                isinstance(thing, type)
                and thing.__module__ == module.name
                and hasattr(thing, "__temporal_workflow_definition")
            ):
                yield thing


async def verdict(file: Path) -> str:
    """ok; replay, where it stops; commands, where it goes on and does something else."""
    failure, commands = await replay(
        json.loads(file.read_text(encoding="utf-8")), list(defined()), UnsandboxedWorkflowRunner()
    )
    if failure is not None:
        return "replay"
    return "ok" if commands == golden(file) else "commands"


async def main(stems: list[str]) -> None:
    load_packs(PACKS)
    for stem in stems:
        for file in HISTORIES.glob(f"*/{stem}.json"):
            print(f"{stem}: {await verdict(file)}")  # noqa: T201 - read by the test of mutants


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
    sys.stdout.flush()
    os._exit(0)
