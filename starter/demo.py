"""Four complaints from beginning to end: an answer, silence, a shared liability, a dispute."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

from models.complaint import Complaint
from models.directory import Directory
from models.procedure import Procedure
from models.stage import Stage
from starter.cases import Cases
from starter.players import Players, Told


class Demo(Players):
    """Four stories of the marketplace's procedure."""

    def __init__(
        self, cases: Cases, directory: Directory, pack: Procedure, say: Callable[[str, dict[str, object]], None]
    ) -> None:
        super().__init__(cases, directory, say)
        self._pack = pack

    async def play(self) -> AsyncIterator[Told]:
        """The four stories, one after the other. Raises DemoStuck."""
        yield await self._answered()
        yield await self._silent()
        yield await self._shared()
        yield await self._contested()

    async def _answered(self) -> Told:
        """Merchandise answers in time; the refund follows the same day."""
        number = await self._file("answered", cause="quality", paid=12_800, text="杯子一装热水就漏。")
        await self.until(number, Stage.ASKED)
        await self.do(
            number,
            "confirm",
            self.owner("merchandise"),
            liable=[{"party": "merchant", "percent": 100}],
            reason="质检确认密封圈缺失",
        )
        return await self._satisfied("answered", number)

    async def _silent(self) -> Told:
        """Nobody answers: after 24 hours silence rules for the customer."""
        number = await self._file("silent", cause="lost", paid=45_900, text="物流两周没有更新，包裹没有收到。")
        ask = (await self.until(number, Stage.ASKED)).asks[0]
        self.say("demo.wait", {"number": number})
        if ask.issued_at and ask.deadline:
            await self.cases.fast_forward(number, ask.deadline - ask.issued_at)
        return await self._satisfied("silent", number)

    async def _shared(self) -> Told:
        """Carrier and customer share: verified, promised, paid."""
        number = await self._file("shared", cause="damaged", paid=26_600, text="箱子压坏了，里面的碗碎了两只。")
        await self.until(number, Stage.ASKED)
        await self.do(
            number,
            "confirm",
            self.owner("logistics"),
            liable=[{"party": "carrier", "percent": 50}, {"party": "customer", "percent": 50}],
            reason="签收时未当面验货，外箱有压痕",
        )
        await self.until(number, Stage.VERIFYING)
        await self.do(number, "verify", self.owner(self._pack.front_desk), note="已电话核实")
        return await self._satisfied("shared", number)

    async def _contested(self) -> Told:
        """The customer is found liable, disputes it, and the panel grants a refund."""
        number = await self._file("contested", cause="not_as_described", paid=8_900, text="颜色和图片完全不同。")
        await self.until(number, Stage.ASKED)
        await self.do(
            number,
            "confirm",
            self.owner("merchandise"),
            liable=[{"party": "customer", "percent": 100}],
            reason="页面已注明色差",
        )
        await self.until(number, Stage.REFUSED)
        front_desk = self.owner(self._pack.front_desk)
        await self.do(number, "contest", front_desk, by="customer", reason="客户提供了页面截图，未见色差说明")
        await self.until(number, Stage.PANEL)
        await self.do(
            number,
            "decide",
            self.owner(self._pack.panel),
            grant=True,
            liable=[{"party": "merchant", "percent": 100}],
            reason="截图显示页面未注明色差",
        )
        return await self._satisfied("contested", number)

    async def _satisfied(self, story: str, number: str) -> Told:
        await self.until(number, Stage.FEEDBACK)
        await self.do(number, "feedback", self.owner(self._pack.front_desk), satisfied=True)
        view = await self.until(number, Stage.CLOSED)
        return Told(story, view, await self.cases.timeline(number))

    async def _file(self, story: str, *, cause: str, paid: int, text: str) -> str:
        now = datetime.now(UTC)
        complaint = Complaint.model_validate(
            {
                "number": f"DEMO-{self.run}-{story.upper()}",
                "channel": self._pack.channels[0],
                "cause": cause,
                "text": text,
                "complainant": {"id": f"customer-{story}", "email": f"{story}@customers.example"},
                "order": {
                    "number": f"YL-{self.run}-{story}",
                    "kind": "platform",
                    "merchant": "merchant-1",
                    "carrier": "ems",
                    "lines": [{"sku": "SKU-1", "quantity": 1, "unit_price": paid}],
                    "paid": paid,
                    "delivered_at": now - timedelta(days=2),
                },
                "demand": {"kind": "refund"},
                "negotiation": "failed",
                "contact": {"by": self.owner(self._pack.front_desk)},
                "filed_at": now,
            }
        )
        started = await self.cases.start(complaint)
        self.say("demo.filed", {"number": started.number, "story": story})
        return started.number
