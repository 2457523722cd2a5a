"""The news that the gateway has taken a refund back: any program may start it, once for each refund."""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.duties import TakeBackDuties
    from models.case import Verdict
    from models.commands import TakenBack
    from models.names import REFUND_TAKEN_BACK, taken_back_id
    from models.takeback import BackNews
    from workflows.options import telling
    from workflows.starting import ask_the_register, named_start, refuse_an_end
    from workflows.undeterred import undeterred


@workflow.defn(name=REFUND_TAKEN_BACK)
class RefundTakenBackWorkflow:
    """Started with one TakenBack as JSON under the id `takenback.REFERENCE`; ends once the case has taken it up."""

    @workflow.run
    @undeterred
    async def run(self, *args: Any) -> Verdict:
        """Tell the case, however long it takes. Fails in one line for news that cannot be true or is not believed."""
        told = named_start(args, TakenBack, lambda told: taken_back_id(told.reference))
        refuse_an_end()
        news = BackNews(told=told, at=workflow.info().workflow_start_time)
        return await ask_the_register(TakeBackDuties.take_back, news, telling("tell the case"))
