"""Writes the histories this version makes: `python -m tests.replay.record`, once per release, into a folder of its own.

Histories of earlier releases are never written again: open cases of theirs must replay for ever.
"""

import asyncio
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

from activities.store import Store
from tests.replay.scenes import SCENES
from tests.server import local_environment
from tests.support import Office, office_at_work

FOLDER = Path(__file__).parent / "histories"


def tidy(history: WorkflowHistory) -> str:
    """The history as JSON without the name of the machine that made it."""
    text = history.to_json().replace(platform.node(), "host")
    return json.dumps(_anonymous(json.loads(text)), ensure_ascii=False, indent=1) + "\n"


def _anonymous(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: "worker" if key == "identity" else _anonymous(value) for key, value in node.items()}
    return [_anonymous(item) for item in node] if isinstance(node, list) else node


async def record(office: Office, folder: Path) -> None:
    """Play every scene and keep its histories."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, scene in SCENES.items():
        case = await scene(office)
        for history in await case.histories():
            part = history.workflow_id.removeprefix(case.handle.id).strip(".") or "case"
            (folder / f"{name}.{part}.json").write_text(tidy(history), encoding="utf-8")
            print(f"{name}.{part}: {len(history.events)} events")  # noqa: T201 - a tool for a terminal


async def main(version: str) -> None:
    """Record under `histories/VERSION`."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite+aiosqlite:///{folder}/redress.db")
        await store.create()
        async with local_environment() as env, office_at_work(env, store) as office:
            await record(office, FOLDER / version)
        await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "0.1.0"))
    sys.stdout.flush()
    os._exit(0)  # a short-lived Temporal client may crash in interpreter teardown
