"""What somebody starts on our queue under a name we do not have: it fails at once, in one line, instead of for ever."""

from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import RawValue

with workflow.unsafe.imports_passed_through():
    from models.names import COMPLAINT
    from workflows.starting import bad_start


@workflow.defn(dynamic=True)
class StrangerWorkflow:
    """Any workflow type that is not ours."""

    @workflow.run
    async def run(self, args: Sequence[RawValue]) -> None:
        """Raises ApplicationError(type="bad_input")."""
        raise bad_start(f"workflow type: is not one of this service; file a complaint by starting {COMPLAINT}")

    @workflow.signal(dynamic=True)
    def _signalled(self, name: str, args: Sequence[RawValue]) -> None:
        """Nobody listens here."""
