"""Four complaints from beginning to end: an answer, silence, a shared liability, a dispute."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_hex

from models.case import CaseView, Event, Stage
from models.commands import COMMANDS, Command
from models.complaint import Complaint
from models.directory import Directory
from models.procedure import Procedure
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


class Demo:
    """Plays the customers and the departments. `say` is told each step as (key of a text, values)."""

    def __init__(
        self, cases: Cases, directory: Directory, pack: Procedure, say: Callable[[str, dict[str, object]], None]
    ) -> None:
        self._cases = cases
        self._directory = directory
        self._pack = pack
        self._say = say
        self._run = token_hex(3).upper()

    async def play(self) -> AsyncIterator[Told]:
        """The four stories, one after the other. Raises DemoStuck."""
        yield await self._answered()
        yield await self._silent()
        yield await self._shared()
        yield await self._contested()

    async def _answered(self) -> Told:
        """Merchandise answers in time; the refund follows the same day."""
        number = await self._file("answered", cause="quality", paid=12_800, text="杯子一装热水就漏。")
        await self._until(number, Stage.ASKED)
        await self._do(
            number,
            "confirm",
            self._owner("merchandise"),
            liable=[{"party": "merchant", "percent": 100}],
            reason="质检确认密封圈缺失",
        )
        return await self._satisfied("answered", number)

    async def _silent(self) -> Told:
        """Nobody answers: after 24 hours silence rules for the customer."""
        number = await self._file("silent", cause="lost", paid=45_900, text="物流两周没有更新，包裹没有收到。")
        ask = (await self._until(number, Stage.ASKED)).asks[0]
        self._say("demo.wait", {"number": number})
        if ask.issued_at and ask.deadline:
            await self._cases.fast_forward(number, ask.deadline - ask.issued_at)
        return await self._satisfied("silent", number)

    async def _shared(self) -> Told:
        """Carrier and customer share: verified, promised, paid."""
        number = await self._file("shared", cause="damaged", paid=26_600, text="箱子压坏了，里面的碗碎了两只。")
        await self._until(number, Stage.ASKED)
        await self._do(
            number,
            "confirm",
            self._owner("logistics"),
            liable=[{"party": "carrier", "percent": 50}, {"party": "customer", "percent": 50}],
            reason="签收时未当面验货，外箱有压痕",
        )
        await self._until(number, Stage.VERIFYING)
        await self._do(number, "verify", self._owner(self._pack.front_desk), note="已电话核实")
        return await self._satisfied("shared", number)

    async def _contested(self) -> Told:
        """The customer is found liable, disputes it, and the panel grants a refund."""
        number = await self._file("contested", cause="not_as_described", paid=8_900, text="颜色和图片完全不同。")
        await self._until(number, Stage.ASKED)
        await self._do(
            number,
            "confirm",
            self._owner("merchandise"),
            liable=[{"party": "customer", "percent": 100}],
            reason="页面已注明色差",
        )
        await self._until(number, Stage.REFUSED)
        front_desk = self._owner(self._pack.front_desk)
        await self._do(number, "contest", front_desk, by="customer", reason="客户提供了页面截图，未见色差说明")
        await self._until(number, Stage.PANEL)
        await self._do(
            number,
            "decide",
            self._owner(self._pack.panel),
            grant=True,
            liable=[{"party": "merchant", "percent": 100}],
            reason="截图显示页面未注明色差",
        )
        return await self._satisfied("contested", number)

    async def _satisfied(self, story: str, number: str) -> Told:
        await self._until(number, Stage.FEEDBACK)
        await self._do(number, "feedback", self._owner(self._pack.front_desk), satisfied=True)
        view = await self._until(number, Stage.CLOSED)
        return Told(story, view, await self._cases.timeline(number))

    async def _file(self, story: str, *, cause: str, paid: int, text: str) -> str:
        now = datetime.now(UTC)
        complaint = Complaint.model_validate(
            {
                "number": f"DEMO-{self._run}-{story.upper()}",
                "channel": self._pack.channels[0],
                "cause": cause,
                "text": text,
                "complainant": {"id": f"customer-{story}", "email": f"{story}@customers.example"},
                "order": {
                    "number": f"YL-{self._run}-{story}",
                    "kind": "platform",
                    "merchant": "merchant-1",
                    "carrier": "ems",
                    "lines": [{"sku": "SKU-1", "quantity": 1, "unit_price": paid}],
                    "paid": paid,
                    "delivered_at": now - timedelta(days=2),
                },
                "demand": {"kind": "refund"},
                "negotiation": "failed",
                "contact": {"by": self._owner(self._pack.front_desk)},
                "filed_at": now,
            }
        )
        started = await self._cases.start(complaint)
        self._say("demo.filed", {"number": started.number, "story": story})
        return started.number

    async def _do(self, number: str, name: str, actor: str, **fields: object) -> None:
        model: type[Command] = COMMANDS[name]
        verdict = await self._cases.send(number, name, model.model_validate({"actor": actor, **fields}))
        if not verdict.accepted:
            raise DemoStuck("demo_refused", number=number, name=name, reason=verdict.reason)
        self._say("demo.sent", {"number": number, "name": name, "actor": actor})

    async def _until(self, number: str, stage: Stage) -> CaseView:
        """Wait for a case to reach a stage: what is between is the worker's."""
        loop = asyncio.get_running_loop()
        end = loop.time() + STEP_PATIENCE
        while loop.time() < end:
            try:
                view = await self._cases.view(number)
            except TryAgain:
                await asyncio.sleep(0.2)
                continue
            if view.stage is stage:
                return view
            if view.stage in {Stage.TASK, Stage.CLOSED}:
                break
            await asyncio.sleep(0.1)
        raise DemoStuck("demo_stuck", number=number, stage=stage.value)

    def _owner(self, department: str) -> str:
        team = self._directory.team(department)
        if team is None:
            raise Failure("demo_directory", department=department)
        return team.owners[0].name
