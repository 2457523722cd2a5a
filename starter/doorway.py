"""How a workflow reaches the door: the SDK's way for what the sandbox must not import and no replay may ask again."""

from collections.abc import Callable

from temporalio.worker import Interceptor, WorkflowInboundInterceptor, WorkflowInterceptorClassInput

from models.case import Verdict
from models.names import DOOR
from models.pages import Knock


class Doorway(Interceptor):
    """Gives the workflows of a worker its door."""

    def __init__(self, door: Callable[[Knock], Verdict | None]) -> None:
        self._door = door

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 - the library's name
    ) -> type[WorkflowInboundInterceptor] | None:
        """See Interceptor."""
        input.unsafe_extern_functions[DOOR] = self._door
        return None
