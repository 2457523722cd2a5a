"""What the schedule of the service itself starts: mend what is safe to mend, name the rest."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.duties import SweepDuties
    from models.audit import Swept
    from models.names import SWEEP
    from workflows.options import sweeping


@workflow.defn(name=SWEEP)
class SweepWorkflow:
    """Its result stands in the Web UI for whoever wants to know what was mended when."""

    @workflow.run
    async def run(self) -> Swept:
        """One look over everything."""
        return await workflow.execute_activity_method(SweepDuties.sweep, **sweeping("look after the service"))
