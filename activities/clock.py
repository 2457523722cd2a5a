"""The clock of this machine."""

from datetime import UTC, datetime


def wall_clock() -> datetime:
    """What every desk goes by unless it is given another."""
    return datetime.now(UTC)
