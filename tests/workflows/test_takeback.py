"""A refund the gateway takes back days later: told by any program, taken up by its case, open or ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from activities.embedded import EmbeddedGateway
from activities.ports import PaymentGateway, Receipt, TryAgain
from activities.reconcile import Reconciliation
from activities.store import Store
from models.case import Exit
from models.commands import TakenBack
from models.language import Language
from models.names import REFUND_TAKEN_BACK, taken_back_id
from models.tables import AuditRow, RefundIntent
from procedures import PACKS
from starter.takeback import tell_taken_back
from tests.support import (
    GOODS_DEPT,
    LOGISTICS,
    PANEL,
    RETURNS,
    SERVICE,
    OfCase,
    Office,
    cached,
    liable,
    office_at_work,
)
from tests.workflows.test_remedies import granted, registered
from tests.workflows.test_reset import reset
from texts.reasons import reason
from verify.oracle import Oracle
from verify.service import Service


async def news(office: Office, reference: str, actor: str = RETURNS) -> WorkflowHandle[Any, Any]:
    """Somebody tells it as any program would."""
    content = {"reference": reference, "code": "account_closed", "actor": actor}
    await office.begin(REFUND_TAKEN_BACK, content, taken_back_id(reference))
    return office.client.get_workflow_handle(taken_back_id(reference))


async def told(office: Office, reference: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        verdict: dict[str, Any] = await (await news(office, reference)).result()
    return verdict


async def paid(office: Office) -> tuple[OfCase, str]:
    case = await granted(office)
    await case.at("feedback")
    return case, str((await case.until("executed")).data["reference"])


async def agree(office: Office, case: OfCase) -> None:
    """Gateway, ledger, record and case say the same of the customer's money."""
    await case.written()
    run = Reconciliation(office.store, embedded=True)
    assert [found async for found in run.differences() if found.number == case.number] == []
    oracle = Oracle(office.store, PACKS.pinned, pause=0)
    assert [wrong async for wrong in oracle.violations() if wrong.number == case.number] == []
    ended = Service(office.client, office.store).ended()
    assert [wrong async for wrong in ended if wrong.number == case.number] == []


async def test_it_becomes_a_task_of_its_case_and_is_paid_once_more(office: Office) -> None:
    case, reference = await paid(office)
    assert (await told(office, reference))["code"] == "accepted"
    seen = await case.at("task")
    assert (await told(office, reference))["code"] == "repeated"
    assert seen.task is not None
    assert (seen.task.department, seen.task.code, seen.refunded) == ("returns_centre", "taken_back", 0)
    await agree(office, case)
    async with office.store.read() as session:
        mine = select(AuditRow).where(AuditRow.subject == case.number, AuditRow.kind == "money")
        rows = [row for row in await session.exec(mine) if row.data["event"] == "gateway_took_back"]
    assert [(row.actor, row.data["reference"], row.data["code"]) for row in rows] == [
        (RETURNS, reference, "account_closed")
    ], "the audit trail says who told so"
    await case.send("resolve", RETURNS, outcome="retry")
    await case.at("feedback")
    async with office.store.read() as session:
        (intent,) = (await session.exec(select(RefundIntent).where(RefundIntent.number == case.number))).all()
    assert (intent.state, intent.generation, intent.reference != reference) == ("paid", 2, True)
    assert (await case.view()).refunded == 21_000
    assert (await told(office, reference))["code"] == "repeated", "what was made anew is under another number"
    await agree(office, case)


@cached
async def test_what_was_taken_back_and_given_up_is_paid_by_a_later_decision(office: Office) -> None:
    case, reference = await paid(office)
    await told(office, reference)
    await case.at("task")
    await case.send("resolve", RETURNS, outcome="abandon", note="客户账户已注销")
    await case.at("feedback")
    await case.send("feedback", SERVICE, satisfied=False, reason="没有收到退款")
    await case.send("contact", SERVICE)
    await case.at("asked")
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
    seen = await case.at("feedback")
    assert seen.refunded == 21_000
    await agree(office, case)


@cached
async def test_a_case_that_has_ended_is_opened_again_once_and_ends_with_all_its_record(office: Office) -> None:
    case, reference = await paid(office)
    await case.send("feedback", SERVICE, satisfied=True, command_id="f-1")
    assert (await case.result()).exit is Exit.SATISFIED
    assert (await told(office, reference))["code"] == "accepted"
    seen = await case.at("task")
    assert (seen.exit, seen.refunded) == (None, 0)
    await agree(office, case)
    await case.send("resolve", RETURNS, outcome="settled", reference="BANK-7")
    await case.at("feedback")
    again = await case.send("feedback", SERVICE, satisfied=True, command_id="f-1")
    assert again["code"] == "repeated", "what was sent before the end does not end it a second time"
    await case.send("feedback", SERVICE, satisfied=True)
    ended = await case.result()
    assert (ended.exit, ended.refunded) == (Exit.SATISFIED, 21_000)
    kinds = await case.kinds()
    assert (kinds.count("filed"), kinds.count("closed"), kinds.count("reopened")) == (1, 2, 1)
    row = await registered(office.store, case)
    assert (row.stage, row.exit, row.refunded) == ("closed", "satisfied", 21_000)
    await agree(office, case)
    assert (await told(office, reference))["code"] == "repeated"
    assert len([run async for run in office.client.list_workflows(f"WorkflowId = '{case.handle.id}'")]) == 2


@cached
async def test_a_case_that_ended_with_another_remedy_than_it_asked_for_is_opened_again(office: Office) -> None:
    case = await office.asked(cause="damage_unclear")
    for department, party in ((GOODS_DEPT, "merchant"), (LOGISTICS, "carrier")):
        await case.send("confirm", department, liable=liable(**{party: 100}), reason="x")
    await case.at("panel")
    given = {"kind": "compensation", "amount": 5_000}
    await case.send("decide", PANEL, grant=True, demand=given, liable=liable(merchant=100), reason="x")
    reference = str((await case.until("executed")).data["reference"])
    await case.at("feedback")
    await case.send("feedback", SERVICE, satisfied=True)
    await case.result()
    assert (await told(office, reference))["code"] == "accepted"
    seen = await case.at("task")
    assert (seen.demand, seen.refunded) == ("compensation", 0)
    await agree(office, case)
    await case.send("resolve", RETURNS, outcome="retry")
    assert (await case.at("feedback")).refunded == 5_000
    await case.send("feedback", SERVICE, satisfied=False, reason="too little")
    assert (await case.result()).exit is Exit.DECISION_FINAL, "the panel's decision is final after the reopening too"
    await agree(office, case)


@cached
async def test_news_that_cannot_be_true_or_is_not_the_senders_to_tell_ends_in_one_line(office: Office) -> None:
    case, reference = await paid(office)
    for about, actor, code in (("RF-UNKNOWN", RETURNS, "bad_input"), (reference, SERVICE, "wrong_department")):
        news = TakenBack(actor=actor, reference=about, code="account_closed")
        with office.env.with_time_skipping_disabled():
            verdict = await tell_taken_back(office.client, news, task_queue=office.settings.task_queue, wait=30)
        assert (verdict.accepted, verdict.code) == (False, code)
        assert reason(verdict.reason, Language.ZH) != verdict.reason
        with pytest.raises(WorkflowFailureError) as failed:
            await office.client.get_workflow_handle(taken_back_id(about)).result()
        assert isinstance(failed.value.cause, ApplicationError)
        assert (failed.value.cause.type, failed.value.cause.message) == (code, verdict.reason)
    assert (await case.view()).refunded == 21_000
    await agree(office, case)
    assert (await told(office, reference))["code"] == "accepted", "somebody who may tell it still can"


class Fronted:
    """A gateway behind a company's own front, as a port is meant to be."""

    def __init__(self, inner: PaymentGateway) -> None:
        self._inner = inner
        self.key_life = inner.key_life

    async def refund(self, key: str, reference: str, order: str, amount: int, currency: str) -> Receipt:
        return await self._inner.refund(key, reference, order, amount, currency)

    async def made(self, reference: str) -> list[Receipt]:
        return await self._inner.made(reference)

    async def find(self, reference: str) -> Receipt | None:
        return await self._inner.find(reference)

    async def taken_back(self, reference: str) -> None:
        await self._inner.taken_back(reference)


async def test_books_kept_with_us_are_put_right_whatever_stands_before_them(
    env: WorkflowEnvironment, store: Store
) -> None:
    async with office_at_work(env, store, payment=Fronted(EmbeddedGateway(store))) as office:
        case, reference = await paid(office)
        assert (await told(office, reference))["code"] == "accepted"
        await case.at("task")
        await agree(office, case)


class Slashed(Fronted):
    """A gateway whose numbers are not like ours."""

    MARK = "2026/11'%?#=" + "x" * 60

    def _told(self, receipt: Receipt) -> Receipt:
        return receipt.model_copy(update={"reference": self.MARK + receipt.reference})

    async def refund(self, key: str, reference: str, order: str, amount: int, currency: str) -> Receipt:
        return self._told(await super().refund(key, reference, order, amount, currency))

    async def made(self, reference: str) -> list[Receipt]:
        return [self._told(receipt) for receipt in await super().made(reference)]

    async def find(self, reference: str) -> Receipt | None:
        return next(iter(await self.made(reference)), None)

    async def taken_back(self, reference: str) -> None:
        await super().taken_back(reference.removeprefix(self.MARK))


async def test_a_refund_is_told_by_whatever_number_its_gateway_gives_it(env: WorkflowEnvironment, store: Store) -> None:
    async with office_at_work(env, store, payment=Slashed(EmbeddedGateway(store))) as office:
        case, reference = await paid(office)
        assert "/" not in taken_back_id(reference)
        assert "'" not in taken_back_id(reference)
        news = TakenBack(actor=RETURNS, reference=reference, code="account_closed")
        with office.env.with_time_skipping_disabled():
            verdict = await tell_taken_back(office.client, news, task_queue=office.settings.task_queue, wait=30)
        assert verdict.code == "accepted"
        await case.at("task")
        await case.send("resolve", RETURNS, outcome="retry")
        assert (await case.at("feedback")).refunded == 21_000
        assert (await told(office, reference))["code"] == "repeated"


class Late(Fronted):
    """A gateway outside, which may still list a refund it has announced as taken back, and may be out of reach."""

    def __init__(self, inner: PaymentGateway) -> None:
        super().__init__(inner)
        self.gone: set[str] = set()
        self.away = False

    async def made(self, reference: str) -> list[Receipt]:
        if self.away:
            raise TryAgain("away", 1)
        return [receipt for receipt in await super().made(reference) if receipt.reference not in self.gone]

    async def find(self, reference: str) -> Receipt | None:
        return next(iter(await self.made(reference)), None)

    async def taken_back(self, reference: str) -> None:
        """It is told nothing: it knows."""


async def payment(office: Office, case: OfCase) -> RefundIntent:
    async with office.store.read() as session:
        return (await session.exec(select(RefundIntent).where(RefundIntent.number == case.number))).one()


@asynccontextmanager
async def told_early(env: WorkflowEnvironment, store: Store) -> AsyncIterator[tuple[Late, Office, OfCase, str]]:
    """A case that has heard of a refund's return while the gateway still lists the refund, and the refund's number."""
    gateway = Late(EmbeddedGateway(store))
    async with office_at_work(env, store, payment=gateway) as office:
        case, reference = await paid(office)
        assert (await told(office, reference))["code"] == "accepted"
        await case.at("task")
        yield gateway, office, case, reference


async def test_true_news_after_news_that_was_early_is_heard_and_the_money_is_paid_once_more(
    env: WorkflowEnvironment, store: Store
) -> None:
    async with told_early(env, store) as (gateway, office, case, reference):
        assert (await told(office, reference))["code"] == "repeated"
        other = TakenBack(actor=RETURNS, reference=reference, code="no_such_account")
        with office.env.with_time_skipping_disabled():
            verdict = await tell_taken_back(office.client, other, task_queue=office.settings.task_queue, wait=30)
        assert verdict.code == "repeated", "in other words it is the same news"
        await case.send("resolve", RETURNS, outcome="retry")
        await case.at("feedback")
        assert ((await payment(office, case)).reference, (await case.view()).refunded) == (reference, 21_000)
        gateway.gone.add(reference)
        assert (await told(office, reference))["code"] == "accepted"
        assert (await case.at("task")).refunded == 0
        assert (await told(office, reference))["code"] == "repeated"
        await case.send("resolve", RETURNS, outcome="retry")
        await case.at("feedback")
        assert ((await payment(office, case)).reference != reference, (await case.view()).refunded) == (True, 21_000)


async def test_true_news_after_early_news_opens_a_case_that_has_ended_meanwhile(
    env: WorkflowEnvironment, store: Store
) -> None:
    async with told_early(env, store) as (gateway, office, case, reference):
        await case.send("resolve", RETURNS, outcome="retry")
        await case.at("feedback")
        await case.send("feedback", SERVICE, satisfied=True)
        await case.result()
        gateway.gone.add(reference)
        assert (await told(office, reference))["code"] == "accepted"
        assert (await case.at("task")).refunded == 0
        await case.send("resolve", RETURNS, outcome="retry")
        assert (await case.at("feedback")).refunded == 21_000


async def test_news_of_a_payment_that_is_being_looked_for_is_heard_once_it_is_found(
    env: WorkflowEnvironment, store: Store
) -> None:
    async with told_early(env, store) as (gateway, office, case, reference):
        gateway.away = True
        await case.send("resolve", RETURNS, outcome="retry")
        await case.at("executing")
        second = asyncio.create_task(told(office, reference))
        await case.until("message_refused")
        gateway.away = False
        assert (await second)["code"] == "accepted"
        assert (await case.at("task")).refunded == 0


@cached
async def test_news_whose_end_the_server_would_set_is_refused_in_one_line(office: Office) -> None:
    case, reference = await paid(office)
    content = {"reference": reference, "code": "account_closed", "actor": RETURNS}
    with office.env.with_time_skipping_disabled():
        handle = await office.client.start_workflow(
            REFUND_TAKEN_BACK,
            content,
            id=taken_back_id(reference),
            task_queue=office.settings.task_queue,
            execution_timeout=timedelta(hours=1),
        )
    with pytest.raises(WorkflowFailureError) as failed:
        async with asyncio.timeout(15):
            await handle.result()
    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert (cause.type, cause.message.startswith("timeout: is not taken")) == ("bad_input", True)
    assert (await case.view()).refunded == 21_000
    assert (await told(office, reference))["code"] == "accepted"


@cached
async def test_news_of_a_case_that_somebody_has_terminated_waits_until_the_case_goes_on(office: Office) -> None:
    case, reference = await paid(office)
    await case.written()
    await case.handle.terminate("by mistake")
    telling = await news(office, reference)
    with office.env.with_time_skipping_disabled(), pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            await telling.result()
    assert (await case.handle.describe()).status is WorkflowExecutionStatus.TERMINATED, "no run was made that is none"
    await reset(office.client, case.handle.id)
    async with asyncio.timeout(60):
        assert (await telling.result())["code"] == "accepted"
    assert (await case.at("task")).refunded == 0
    await agree(office, case)


@pytest.mark.parametrize("times", [1, 2])
async def test_a_case_that_was_reopened_is_no_duplicate_of_itself_when_it_is_reset_to_its_first_step(
    office: Office, times: int
) -> None:
    case, reference = await paid(office)
    await case.send("feedback", SERVICE, satisfied=True)
    await case.result()
    await told(office, reference)
    before = await case.at("task")
    await case.written()
    for _ in range(times):
        await reset(office.client, case.handle.id, to_first=True)
        assert (await case.at("task")).task == before.task
    await case.send("resolve", RETURNS, outcome="retry")
    assert (await case.at("feedback")).refunded == 21_000
    await agree(office, case)
