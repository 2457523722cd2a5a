"""How a run starts: its argument, which may be anything, the register's word, what an earlier run hands over."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, NoReturn, TypedDict, TypeVar

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel, ValidationError

    from models.base import AS_SENT, AT_THE_DOOR, in_one_line, problems
    from models.complaint import Complaint
    from models.names import UNDECODABLE, Refused, case_number
    from models.pages import Unjudged
    from workflows.inbox import Inbox
    from workflows.options import insistent

_SCHEDULED = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
State = TypeVar("State", bound=BaseModel)
Entry = TypeVar("Entry")
Known = TypeVar("Known")
_NO_JSON = "(start): is not readable JSON in UTF-8; send one JSON object, encoding json/plain"


def complaint_of(args: tuple[Any, ...]) -> tuple[Complaint, str]:
    """The complaint and its number. Raises ApplicationError(type="bad_input") in one line: such a start fails.

    What only the door refuses the register looks at: a case that has passed it replays.
    """
    unless_one = f"(start): takes 1 argument, got {len(args)}; send one complaint as a JSON object"
    complaint = _read(args, Complaint, AS_SENT, unless_one)
    _forget(args)
    number = case_number(workflow.info().workflow_id)
    if number is None or complaint.number not in (None, number):
        raise bad_start("workflow id: must be complaint.NUMBER with the complaint's own number; correct one of them")
    try:
        return complaint.model_validate(complaint.model_dump() | {"number": number}), number
    except ValidationError:
        raise bad_start("workflow id: the number takes capitals, digits and - only, 3 to 40; choose another") from None


def named_start(args: tuple[Any, ...], kind: type[State], id_of: Callable[[State], str]) -> State:
    """The one start argument, under the workflow id made of it. Raises as `contract_of`."""
    argument = contract_of(args, kind)
    if workflow.info().workflow_id != (wanted := id_of(argument)):
        raise bad_start(f"workflow id: must be {wanted} for this argument; correct one of them")
    return argument


def contract_of(args: tuple[Any, ...], kind: type[State]) -> State:
    """The one start argument. Raises ApplicationError(type="bad_input") in one line: such a start fails."""
    return _read(args, kind, AT_THE_DOOR, f"(start): takes 1 argument, got {len(args)}; send one JSON object")


def _read(args: tuple[Any, ...], kind: type[State], context: str, unless_one: str) -> State:
    if len(args) != 1:
        raise bad_start(unless_one)
    if args[0] == UNDECODABLE:
        raise bad_start(_NO_JSON)
    try:
        data = workflow.payload_converter().to_payload(args[0]).data
        return kind.model_validate_json(data, context=context)
    except ValidationError as error:
        raise bad_start(in_one_line(problems(error, whole="(start)"))) from None
    except (TypeError, ValueError, ArithmeticError, RecursionError):
        raise bad_start(_NO_JSON) from None


class ThisStart(TypedDict):
    """What a register notes of whoever asks it."""

    workflow_id: str
    run_id: str
    opened_at: datetime


def this_start() -> ThisStart:
    """Of the first of the runs that go on from one to the next."""
    info = workflow.info()
    return ThisStart(
        workflow_id=info.workflow_id, run_id=info.first_execution_run_id, opened_at=info.workflow_start_time
    )


def scheduled_for() -> datetime:
    """The instant a schedule started this run for; now where none did."""
    return workflow.info().typed_search_attributes.get(_SCHEDULED) or workflow.now()


async def ask_the_register(
    duty: Callable[[Any, Entry], Awaitable[Known]], entry: Entry, how: workflow.ActivityConfig | None = None
) -> Known:
    """What the register makes of a start. Raises ApplicationError with its code where it refuses: the start fails.

    `how` it is asked, where not in a moment.
    """
    try:
        return await workflow.execute_activity_method(duty, entry, **(how or insistent()))
    except ActivityError as error:
        if isinstance(error.cause, ApplicationError):
            reason, code = error.cause.message, error.cause.type
            raise ApplicationError(reason, type=code, non_retryable=True) from None
        raise


def carried_on(args: tuple[Any, ...], kind: type[State], inbox: Inbox) -> State | None:
    """The state an earlier run handed over, and its unjudged messages. A stranger's start cannot hand any in.

    Raises ApplicationError(type="bad_input") where it could: the server repeats the start of a cron schedule, and one
    with a retry policy, with the same arguments, and the next run looks like one that was handed a state.
    Also for a start whose end the server would set.
    """
    info = workflow.info()
    if info.cron_schedule is not None:
        raise bad_start("cron schedule: is not taken, whatever is started here goes on by itself; leave it out")
    if info.continued_run_id is None or len(args) != 3:
        refuse_an_end()
        return None
    if info.attempt > 1:
        raise bad_start("retry policy: is not taken with a state; start it anew without one")
    inbox.take_over(Unjudged.model_validate(message) for message in args[2])
    state = kind.model_validate(args[1])
    _forget(args)
    return state


def refuse_an_end() -> None:
    """Raises ApplicationError(type="bad_input") for a start whose end the server would set.

    It comes without a word, no deadline is kept after it, and what was to be told is told to nobody.
    """
    info = workflow.info()
    if info.execution_timeout or info.run_timeout:
        raise bad_start("timeout: is not taken, what is started here ends by its own rules; leave it out")


def _forget(args: tuple[Any, ...]) -> None:
    """Empty what a start has brought, once it has been read: the SDK holds it for as long as the run lasts."""
    for each in args:
        if isinstance(each, dict | list):
            each.clear()


def hand_over(state: BaseModel, inbox: Inbox) -> NoReturn:
    """Go on in a new run with the same state and what waits to be judged: no flood of messages fills the history."""
    workflow.continue_as_new(args=[None, state, inbox.handed_over()])


def bad_start(reason: str) -> ApplicationError:
    """A start that fails: one line for whoever started it."""
    return ApplicationError(reason, type=Refused.BAD_INPUT, non_retryable=True)
