"""The door of a case, from inside: an update that says for whom its sender acts is looked up before it is accepted."""

from collections.abc import Callable
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.case import Verdict
    from models.commands import Command
    from models.names import DOOR, Refused, case_number
    from models.pages import Knock, Origin
    from workflows.letters import Letter

NO_DOOR = Verdict(accepted=False, code=Refused.WRONG_STANDING, reason="standing: nobody looks it up here; leave it out")


def knock(letter: Letter, at: datetime) -> Verdict | None:
    """Why an update may not come in; None where it may. Only for a validator: its answer is never replayed."""
    if not isinstance(letter.content, Command) or letter.content.standing is None:
        return None
    door = workflow.extern_functions().get(DOOR)
    if door is None:
        return NO_DOOR
    info, update = workflow.info(), workflow.current_update_info()
    number = case_number(info.workflow_id) or info.workflow_id
    update_id = update.id if update else ""
    verdict: Verdict | None = door(
        Knock(number, info.workflow_id, info.run_id, update_id, letter.name, letter.content, at)
    )
    return verdict


def let_in(letter: Letter, wants: Callable[[Command], str | None]) -> Origin | None:
    """What the door has found true of an accepted update's sender; None where it was not asked, or more is wanted."""
    content = letter.content
    if letter.signal is not None or not isinstance(content, Command) or content.standing is None:
        return None
    if wants(content) is not None:
        return None
    return Origin(departments=content.standing.departments, limits=content.standing.limits)
