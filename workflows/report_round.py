"""What the schedules of reports start: the reports of the period that has ended go to their readers, once."""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.duties import ReportDuties
    from models.names import REPORT_ROUND
    from models.reporting import ReportCall
    from rules.reporting import ended_period
    from workflows.starting import ask_the_register, contract_of, scheduled_for


@workflow.defn(name=REPORT_ROUND)
class ReportRoundWorkflow:
    """A schedule gives each of its runs an id of its own; the mails' ids are the period's, whoever asks for them."""

    @workflow.run
    async def run(self, *args: Any) -> int:
        """Leave the mails in the outbox; returns how many were not there yet."""
        call = contract_of(args, ReportCall)
        period = call.period or ended_period(scheduled_for(), call.every, call.time_zone)
        return await ask_the_register(ReportDuties.post_reports, call.model_copy(update={"period": period}))
