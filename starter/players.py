"""Playing the people of a case on a real stack: their messages, and waiting for what the worker does."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex

from models.case import Event
from models.commands import COMMANDS, Command
from models.directory import Directory
from models.parts import Title
from models.stage import Stage
from models.views import CaseView
from starter.cases import Cases
from starter.failures import Failure, TryAgain

STEP_PATIENCE = 60.0
"""Seconds a case may take to reach the next stage."""


class DemoStuck(TryAgain):
    """A case of the demo did not get where it should."""


@dataclass(frozen=True)
class Told:
    """One case's end: what it shows, where it stands, what happened."""

    story: str
    view: CaseView
    events: list[Event]
    title: Title | None = None
    """The procedure's, where the story is its own."""


class Players:
    """The customers and the departments. `say` is told each step as (key of a text, values)."""

    def __init__(self, cases: Cases, directory: Directory, say: Callable[[str, dict[str, object]], None]) -> None:
        self.cases = cases
        self.directory = directory
        self.say = say
        self.run = token_hex(3).upper()

    async def do(self, number: str, name: str, actor: str, **fields: object) -> None:
        model: type[Command] = COMMANDS[name]
        verdict = await self.cases.send(number, name, model.model_validate({"actor": actor, **fields}))
        if not verdict.accepted:
            raise DemoStuck("demo_refused", number=number, name=name, reason=verdict.reason)
        self.say("demo.sent", {"number": number, "name": name, "actor": actor})

    async def until(self, number: str, stage: Stage, *others: Stage) -> CaseView:
        """The case once it stands at the stage, or at one of the others: what is between is the worker's."""
        end = time.monotonic() + STEP_PATIENCE
        while time.monotonic() < end:
            with suppress(TryAgain):
                view = await self.cases.view(number)
                if view.stage in (stage, *others):
                    return view
                if view.stage in (Stage.TASK, Stage.CLOSED):
                    break
            await asyncio.sleep(0.1)
        raise DemoStuck("demo_stuck", number=number, stage=stage.value)

    def owner(self, department: str) -> str:
        team = self.directory.team(department)
        if team is None:
            raise Failure("demo_directory", department=department)
        return team.owners[0].name
