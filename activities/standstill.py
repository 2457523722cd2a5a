"""Work that has to wait for something, said in the log: once for each reason, and once more when it goes on."""

import structlog

_log = structlog.get_logger()


class Standstill:
    """What one piece of work waits for, which it may try again many times a minute."""

    def __init__(self, waits: str, goes_on: str) -> None:
        """`waits` and `goes_on` are the events of the log."""
        self._waits = waits
        self._goes_on = goes_on
        self._problem: str | None = None

    def waits(self, problem: str) -> None:
        """It could not be done."""
        if problem != self._problem:
            self._problem = problem
            _log.warning(self._waits, problem=problem)

    def goes_on(self) -> None:
        """It was done."""
        if self._problem is not None:
            self._problem = None
            _log.info(self._goes_on)
