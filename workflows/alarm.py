"""The case's alarm clock: one durable timer at a time, kept as long as its instant stands."""

import asyncio
from datetime import datetime

from temporalio import workflow


class Alarm:
    """Rings at an instant. Setting it to the instant it already has costs no event."""

    def __init__(self) -> None:
        self._at: datetime | None = None
        self._timer: asyncio.Task[None] | None = None

    def set(self, at: datetime | None, name: str) -> None:
        """Ring at `at`, under a name the Web UI shows; None stops the clock."""
        if at == self._at and not self.rang():
            return
        self.stop()
        self._at = at
        if at is not None:
            self._timer = asyncio.create_task(workflow.sleep(at - workflow.now(), summary=name))

    def rang(self) -> bool:
        """Whether the instant has come."""
        return self._timer is not None and self._timer.done()

    def stop(self) -> None:
        """Cancel the timer, if one runs."""
        if self._timer is not None and not self._timer.done():
            self._timer.cancel()
        self._timer = None
        self._at = None
