"""A remedy under way: its child is started once, followed to its end, and told of returned goods."""

import asyncio
from collections.abc import Callable

from temporalio import workflow
from temporalio.exceptions import ChildWorkflowError, FailureError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.duties import FollowDuties
    from models.commands import Command
    from models.names import GOODS
    from models.procedure import Procedure
    from models.remedy import Execution, RemedyOrder, RemedyResult
    from workflows.options import watching
    from workflows.present import remedy_summary
    from workflows.undeterred import beside


class RemedyUnderWay:
    """What a case knows of the child that carries out its decision. There is one at a time."""

    def __init__(self) -> None:
        self.slow = ""
        """The child known to take longer than a moment."""
        self._following: asyncio.Task[None] | None = None
        self._started = False
        self._outcome: RemedyResult | None = None
        self._goods: list[Command] = []
        self._errands: set[asyncio.Task[None]] = set()

    @property
    def under_way(self) -> bool:
        """Whether a child is followed, or its outcome not taken in yet."""
        return self._following is not None

    @property
    def ended(self) -> bool:
        """Whether there is an outcome to take in."""
        return self._outcome is not None

    @property
    def portable(self) -> bool:
        """Whether another run can follow it: the case knows that the child has started, or there is none."""
        return self._started or not self.under_way

    @property
    def settled(self) -> bool:
        """Nothing of the child's is on its way."""
        return not self._goods and not self._errands and not self.ended

    def begin(self, execution: Execution, order: RemedyOrder, pack: Procedure, started: Callable[[], None]) -> None:
        """Have a child carry it out, or follow the one there is. `started` is called once a new one runs."""
        self._following = beside(self._follow(execution, order, pack, started))

    def take(self) -> RemedyResult | None:
        """How it ended, told once: the next one may begin."""
        found = self._outcome
        if found is not None:
            self._outcome = self._following = None
        return found

    def goods_back(self, word: Command) -> None:
        """Word of returned goods, to be passed on."""
        self._goods.append(word)

    def pass_on_goods(self, child: str) -> None:
        """Tell the child of goods it has not been told of."""
        if self._goods:
            words, self._goods = self._goods, []
            errand = beside(self._pass_on(child, words))
            self._errands.add(errand)
            errand.add_done_callback(self._errands.discard)

    async def _follow(
        self, execution: Execution, order: RemedyOrder, pack: Procedure, started: Callable[[], None]
    ) -> None:
        workflow_type = pack.remedies[order.kind].workflow or ""
        try:
            if execution.started:
                await self._rejoin(execution.child)
                return
            handle = await workflow.start_child_workflow(
                workflow_type,
                order,
                id=execution.child,
                result_type=RemedyResult,
                static_summary=remedy_summary(order, pack),
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            )
            self._started = True
            started()
            self._outcome = await handle
        except WorkflowAlreadyStartedError:
            # A reset of this case: the child of the same decision is there already and must not be doubled.
            started()
            await self._rejoin(execution.child)
        except ChildWorkflowError:
            self._outcome = RemedyResult(failure="child_failed")
        finally:
            self._started = False

    async def _rejoin(self, child: str) -> None:
        """Wait for the end of a child that another run has started."""
        self._started, self.slow = True, child
        self._outcome = await workflow.execute_activity_method(
            FollowDuties.await_remedy, child, **watching("wait for the remedy")
        )

    async def _pass_on(self, child: str, words: list[Command]) -> None:
        await workflow.wait_condition(lambda: self.portable)
        handle = workflow.get_external_workflow_handle(child)
        for word in words:
            try:
                await handle.signal(GOODS, word)
            except FailureError:
                workflow.logger.info("the remedy had ended before the goods were reported")
