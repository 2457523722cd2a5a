"""Reading a start argument, which may be anything at all."""

from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from pydantic import ValidationError

    from models.base import in_one_line, problems
    from models.case import Case
    from models.complaint import Complaint
    from models.names import Refused, case_number


def complaint_of(args: tuple[Any, ...]) -> tuple[Complaint, str]:
    """The complaint and its number. Raises ApplicationError(type="bad_input") in one line: such a start fails."""
    if len(args) != 1:
        raise _bad(f"(start): takes 1 argument, got {len(args)}; send one complaint as a JSON object")
    try:
        complaint = Complaint.model_validate_json(workflow.payload_converter().to_payload(args[0]).data)
    except ValidationError as error:
        raise _bad(in_one_line(problems(error))) from None
    except (TypeError, ValueError, RecursionError):
        raise _bad("(start): is not readable JSON; send one complaint as a JSON object") from None
    number = case_number(workflow.info().workflow_id)
    if number is None or complaint.number not in (None, number):
        raise _bad("workflow id: must be complaint.NUMBER with the complaint's own number; correct one of them")
    try:
        return complaint.model_validate(complaint.model_dump() | {"number": number}), number
    except ValidationError:
        raise _bad("workflow id: the number takes capitals, digits and - only, 3 to 40; choose another") from None


def carried_on(args: tuple[Any, ...]) -> Case | None:
    """The state an earlier run handed over. A stranger who starts a case cannot hand one in."""
    if workflow.info().continued_run_id is None or len(args) != 2:
        return None
    return Case.model_validate(args[1])


def _bad(reason: str) -> ApplicationError:
    return ApplicationError(reason, type=Refused.BAD_INPUT, non_retryable=True)
