"""A start that can never be taken."""

from collections.abc import Iterable

from temporalio.exceptions import ApplicationError

from models.base import Problem, in_one_line
from models.names import Refused


def bad_input(what: str | Iterable[Problem]) -> ApplicationError:
    """What is wrong with what was sent, in one line for whoever sent it. Not to be retried."""
    reason = what if isinstance(what, str) else in_one_line(what)
    return ApplicationError(reason, type=Refused.BAD_INPUT.value, non_retryable=True)
