"""The workflow of a later build: new cases take a step that open ones do not know."""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from models.case import CaseResult
    from models.names import COMPLAINT
    from workflows.complaint import ComplaintWorkflow

PATCH = "2026-12-a-moment-first"


@workflow.defn(name=COMPLAINT)
class NextComplaint(ComplaintWorkflow):
    """As before, after a moment."""

    @workflow.init
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)

    @workflow.run
    async def run(self, *args: Any) -> CaseResult:
        """A moment, then the case."""
        if workflow.patched(PATCH):
            await workflow.sleep(0.01)
        return await super().run(*args)
