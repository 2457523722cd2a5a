"""Where a case stands. Apart from the case's contracts: whoever only lists cases does not wait for them."""

from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    """Where a case stands."""

    NEGOTIATING = "negotiating"
    WORKING = "working"
    EXPLAINING = "explaining"
    ASKED = "asked"
    VERIFYING = "verifying"
    OFFERING = "offering"
    APPROVING = "approving"
    PANEL = "panel"
    REFUSED = "refused"
    LEADERSHIP = "leadership"
    EXECUTING = "executing"
    TASK = "task"
    FEEDBACK = "feedback"
    CLOSED = "closed"


NEW: Final = "new"
"""What lists call a case that has not told its first stage yet: no Stage, a case is never in it."""
