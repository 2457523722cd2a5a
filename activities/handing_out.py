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
    """One turn: `give` gives the decision to a case. A case is counted as under way from the moment it is asked."""

    def __init__(self, cases: IncidentCases, give: Give, order: CarryOut, *, rest: float = REST) -> None:
        self._rest = rest
        self._cases = cases
        self._give = give
        self._order = order
        self._giving: dict[asyncio.Future[IncidentCase], str] = {}
        self._resting: dict[str, float] = {}
        """Case -> when it is tried again, by the loop's clock."""
        self._clock = asyncio.get_running_loop().time

    async def run(self, stopping: Callable[[], bool]) -> Progress:
        """Returns when there is news to tell, or it is time to go; then no case is left half-asked."""
        begun = self._clock()
        try:
            while True:
                found = await self._cases.progress(self._order.incident)
                spent = self._clock() - begun
                news = found.handed_out or (found != self._order.known and spent >= TELL_AFTER)
                over = news or spent >= SHIFT or stopping()
                if over and not self._giving:
                    return found
                if not over:
                    await self._begin(found)
                await self._settle()
        finally:
            for asked in self._giving:
                asked.cancel()

    async def _begin(self, found: Progress) -> None:
        """Ask as many cases as there are free places."""
        free = self._order.at_once - found.under_way - len(self._giving)
        if free <= 0 or not found.linked:
            return
        now = self._clock()
        passed_over = {*self._giving.values(), *(case for case, until in self._resting.items() if until > now)}
        waiting = await self._cases.unhanded(self._order.incident, free + len(passed_over))
        for number, version in [each for each in waiting if each[0] not in passed_over][:free]:
            self._giving[asyncio.ensure_future(self._give(self._order, number, version))] = number

    async def _settle(self) -> None:
        """Wait a moment, and write down who has answered meanwhile."""
        if not self._giving:
            await asyncio.sleep(LOOK)
            return
        done, _ = await asyncio.wait(self._giving, timeout=LOOK)
        fates = []
        for asked in done:
            number = self._giving.pop(asked)
            if isinstance(error := asked.exception(), TemporalError):
                # The others do not wait for it; it keeps its place in the list and is asked again.
                self._resting[number] = self._clock() + self._rest
                _log.warning("cannot be given the decision yet", number=number, problem=type(error).__name__)
            else:
                fates.append(asked.result())
        if fates:
            await self._cases.settle(fates)
