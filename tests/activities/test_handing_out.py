"""Giving an incident's decision to its cases: so many at once, none left out, none holding up the others."""

import asyncio
from collections import Counter
from datetime import UTC, datetime

from temporalio.service import RPCError, RPCStatusCode

from activities.handing_out import HandingOut
from models.incident import BatchDecision, CarryOut, CaseFate, Progress
from models.tables import IncidentCase

NOW = datetime(2026, 11, 25, tzinfo=UTC)
DECISION = BatchDecision(at=NOW, actor="集团领导", department="leadership", grant=True, reason="整批不良")


class Cases:
    """The cases of an incident, kept in memory."""

    def __init__(self, count: int) -> None:
        self.fates = {f"C-{n:03}": "linked" for n in range(count)}

    async def progress(self, _: str) -> Progress:
        counted = Counter(self.fates.values())
        return Progress(cases=len(self.fates), linked=counted["linked"], decided=counted["decided"])

    async def under_way(self, _: str, among: set[str] | None = None) -> set[str]:
        return set()

    async def unhanded(self, _: str, at_most: int) -> list[tuple[str, int]]:
        return [(number, 1) for number, fate in self.fates.items() if fate == "linked"][:at_most]

    async def settle(self, fates: list[IncidentCase]) -> None:
        self.fates.update({fate.number: fate.fate for fate in fates})


class Reached:
    """What the decision does to cases; some cannot be reached at first."""

    def __init__(self, *unreachable: str) -> None:
        self.unreachable = set(unreachable)
        self.asked: list[str] = []
        self.at_once = self.most = 0

    async def __call__(self, order: CarryOut, number: str, version: int) -> IncidentCase:
        self.asked.append(number)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        if number in self.unreachable:
            self.unreachable.remove(number)
            raise RPCError("busy", RPCStatusCode.RESOURCE_EXHAUSTED, b"")
        return IncidentCase(number=number, incident=order.incident, fate=CaseFate.DECIDED.value, at=NOW)


async def turn(cases: Cases, reached: Reached, at_once: int = 4, stopping: bool = False) -> Progress:
    order = CarryOut(incident="IN1", decision=DECISION, at_once=at_once, known=Progress())
    handing = HandingOut(cases, reached, order, rest=0.05)  # type: ignore[arg-type]
    async with asyncio.timeout(20):
        return await handing.run(lambda: stopping)


async def test_every_case_is_asked_once_and_never_more_at_once_than_the_plan_says() -> None:
    cases, reached = Cases(18), Reached()
    found = await turn(cases, reached)
    assert (found.handed_out, found.decided) == (True, 18)
    assert (sorted(reached.asked), reached.most) == (sorted(cases.fates), 4)


async def test_a_case_that_cannot_be_reached_holds_up_no_other_and_is_asked_again() -> None:
    cases, reached = Cases(6), Reached("C-000", "C-003")
    await turn(cases, reached, at_once=1)
    assert reached.asked[:2] == ["C-000", "C-001"]
    assert Counter(reached.asked) == Counter(dict.fromkeys(cases.fates, 1) | {"C-000": 2, "C-003": 2})
    assert set(cases.fates.values()) == {"decided"}


async def test_a_worker_that_goes_home_begins_nothing_more() -> None:
    cases, reached = Cases(3), Reached()
    found = await turn(cases, reached, stopping=True)
    assert (found.linked, reached.asked) == (3, [])
