"""The decision of an incident on its way to its cases: never more than so many under way, and none holds up another."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from temporalio.exceptions import TemporalError

from activities.incident_cases import IncidentCases
from models.incident import CarryOut, Progress
from models.tables import IncidentCase

LOOK = 0.25
"""Between looks at how far the cases are (seconds)."""
TELL_AFTER = 2.0
"""New figures are told so often at most (seconds)."""
SHIFT = 120.0
"""Longest turn without news (seconds)."""
REST = 5.0
"""Until a case that could not be reached is tried again (seconds)."""

Give = Callable[[CarryOut, str, int], Awaitable[IncidentCase]]

_log = structlog.get_logger()


class HandingOut:
    """One turn: `give` gives the decision to a case. A case is under way from the moment it is asked until it is done.

    All cases are counted when there may be news to tell; in between only those under way are looked at.
    """

    def __init__(self, cases: IncidentCases, give: Give, order: CarryOut, *, rest: float = REST) -> None:
        self._cases = cases
        self._give = give
        self._order = order
        self._rest = rest
        self._giving: dict[asyncio.Future[IncidentCase], str] = {}
        self._under_way: set[str] = set()
        self._resting: dict[str, float] = {}
        """Case -> when it is tried again, by the loop's clock."""
        self._waiting = True
        """Whether cases are left that have not been asked."""
        self._clock = asyncio.get_running_loop().time

    async def run(self, stopping: Callable[[], bool]) -> Progress:
        """Returns when there is news to tell, or it is time to go; then no case is left half-asked."""
        begun = count_at = self._clock()
        self._under_way = await self._cases.under_way(self._order.incident)
        try:
            while self._waiting or self._giving or self._under_way:
                now = self._clock()
                if stopping() or now - begun >= SHIFT:
                    break
                if now - count_at >= TELL_AFTER:
                    if await self._cases.progress(self._order.incident) != self._order.known:
                        break
                    count_at = self._clock()
                await self._begin()
                await self._settle()
            while self._giving:
                await self._settle()
        finally:
            for asked in self._giving:
                asked.cancel()
        return await self._cases.progress(self._order.incident)

    async def _begin(self) -> None:
        """Ask as many cases as there are free places."""
        free = self._order.at_once - len(self._under_way) - len(self._giving)
        if free <= 0:
            return
        now = self._clock()
        passed_over = {*self._giving.values(), *(case for case, until in self._resting.items() if until > now)}
        waiting = await self._cases.unhanded(self._order.incident, free + len(passed_over))
        self._waiting = bool(waiting)
        for number, version in [each for each in waiting if each[0] not in passed_over][:free]:
            self._giving[asyncio.ensure_future(self._give(self._order, number, version))] = number

    async def _settle(self) -> None:
        """Wait a moment, write down who has answered meanwhile, and see who is done."""
        if self._giving:
            done, _ = await asyncio.wait(self._giving, timeout=LOOK)
            if fates := [fate for asked in done if (fate := self._fate(asked)) is not None]:
                await self._cases.settle(fates)
                self._under_way |= {fate.number for fate in fates}
        elif self._under_way or self._resting:
            await asyncio.sleep(LOOK)
        if self._under_way:
            self._under_way = await self._cases.under_way(self._order.incident, self._under_way)

    def _fate(self, asked: "asyncio.Future[IncidentCase]") -> IncidentCase | None:
        """What became of a case; None for one that could not be reached: it is asked again, the others go on."""
        number = self._giving.pop(asked)
        error = asked.exception()
        if not isinstance(error, TemporalError):
            return asked.result()
        self._resting[number] = self._clock() + self._rest
        _log.warning("cannot be given the decision yet", number=number, problem=type(error).__name__)
        return None
