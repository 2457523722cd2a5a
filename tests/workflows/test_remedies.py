"""Execution (S0-17): children, returned goods, what fails for good, and who settles it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import func, select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from activities.embedded import EmbeddedCarrier, EmbeddedGateway
from activities.followup import Follower
from activities.ports import GatewayRefused, Receipt, TryAgain
from activities.store import Store
from models.case import Exit
from models.complaint import Quantity
from models.names import case_id
from models.tables import CaseRow, GatewayRefund, MailRow, Parcel
from procedures import HERE, load_packs
from tests.support import GOODS_DEPT, RETURNS, SERVICE, OfCase, Office, liable, new_number, office_at_work, under_way


async def granted(office: Office, **changes: object) -> OfCase:
    """A case the merchant has lost."""
    case = await office.asked(**changes)
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
    return case


async def paid_times(store: Store, case: OfCase) -> int:
    """How often the gateway paid for a case."""
    async with store.read() as session:
        rows = await session.exec(
            select(func.count()).select_from(GatewayRefund).where(GatewayRefund.our_reference.startswith(case.number))
        )
        return rows.one()


async def registered(store: Store, case: OfCase) -> CaseRow:
    """The case's row in SQL."""
    async with store.read() as session:
        return (await session.exec(select(CaseRow).where(CaseRow.number == case.number))).one()


async def test_an_exchange_collects_inspects_and_sends(office: Office) -> None:
    case = await granted(office, demand={"kind": "exchange"})
    assert (await case.at("executing")).waiting_for == "returns_centre"
    await case.send("goods", RETURNS, accepted=True, note="完好")
    seen = await case.at("feedback")
    executed = await case.until("executed")
    assert seen.refunded == 0
    assert executed.data["reference"]
    await case.send("feedback", SERVICE, satisfied=True)
    assert (await case.result()).exit is Exit.SATISFIED


async def test_goods_that_do_not_come_back_become_a_task_and_can_be_abandoned_with_a_reason(office: Office) -> None:
    case = await granted(office, demand={"kind": "return_and_refund"})
    seen = await case.at("executing")
    assert seen.child is not None
    await office.env.fast_forward(await under_way(office.client, seen.child), timedelta(days=15, minutes=1))
    task = (await case.at("task")).task
    assert task is not None
    assert (task.department, task.code) == ("customer_service", "goods_not_returned")
    await case.send("resolve", SERVICE, outcome="abandon", note="客户未寄回")
    assert (await case.at("feedback")).refunded == 0


async def test_rejected_goods_are_settled_by_a_person_without_asking_for_the_goods_twice(office: Office) -> None:
    case = await granted(office, demand={"kind": "exchange"})
    await case.at("executing")
    await case.send("goods", RETURNS, accepted=False, note="非本店商品")
    assert (await case.at("task")).waiting_for == "customer_service"
    await case.send("resolve", SERVICE, outcome="refund_instead")
    assert (await case.at("feedback")).refunded == 21_000


async def test_part_of_the_order_is_refunded_as_part(office: Office) -> None:
    case = await granted(office, demand={"kind": "refund", "lines": [{"sku": "S-1", "quantity": 1}]})
    assert (await case.at("feedback")).refunded == 10_000


async def test_a_second_case_of_an_order_cannot_bring_its_refunds_above_what_was_paid(office: Office) -> None:
    first = await granted(office)
    seen = await first.at("feedback")
    second = await granted(office, order={"number": seen.order})
    task = (await second.at("task")).task
    assert task is not None
    assert (task.kind, task.code) == ("payment", "exceeds_paid")
    assert (await paid_times(office.store, first), await paid_times(office.store, second)) == (1, 0)


async def test_a_remedy_whose_history_is_gone_before_its_case_has_read_it_is_for_a_person(
    env: WorkflowEnvironment,
) -> None:
    follower = ActivityEnvironment(client=env.client)
    result = await follower.run(Follower().await_remedy, f"{case_id(new_number())}.refund-1")
    assert result.failure == "child_failed"


async def test_a_remedy_at_work_is_looked_after_in_moments_and_holds_none_of_the_workers_places(
    env: WorkflowEnvironment,
) -> None:
    child = f"{case_id(new_number())}.refund-1"
    handle = await env.client.start_workflow("Refund", id=child, task_queue="nobody-is-here")
    for attempt, wait in ((1, 1), (2, 2), (99, 30)):
        follower = ActivityEnvironment(client=env.client)
        follower.info = replace(follower.info, attempt=attempt)
        with pytest.raises(ApplicationError) as at_work:
            async with asyncio.timeout(5):
                await follower.run(Follower().await_remedy, child)
        assert (at_work.value.non_retryable, at_work.value.next_retry_delay) == (False, timedelta(seconds=wait))
    await handle.terminate()
    assert (await ActivityEnvironment(client=env.client).run(Follower().await_remedy, child)).failure == "child_failed"


class MoodyGateway(EmbeddedGateway):
    """Refuses or loses its answer as often as told."""

    def __init__(self, store: Store, moods: Sequence[str]) -> None:
        super().__init__(store)
        self._moods = list(moods)

    async def refund(self, key: str, reference: str, order: str, amount: int, currency: str) -> Receipt:
        mood = self._moods.pop(0) if self._moods else "fine"
        if mood == "refuse":
            raise GatewayRefused("account_closed")
        if mood == "drop_before":
            raise TryAgain("timeout")
        receipt = await super().refund(key, reference, order, amount, currency)
        if mood == "drop_after":
            raise TryAgain("timeout")
        return receipt


async def test_a_refused_payment_becomes_a_task_with_a_clock_and_its_retry_pays_once(
    env: WorkflowEnvironment, store: Store
) -> None:
    async with office_at_work(env, store, payment=MoodyGateway(store, ["refuse"])) as office:
        case = await granted(office)
        seen = await case.at("task")
        assert seen.task is not None
        assert (seen.task.department, seen.task.code) == ("returns_centre", "account_closed")
        await case.forward(hours=24, minutes=1)
        assert (await case.until("task_overdue")).department == "returns_centre"
        await case.send("resolve", RETURNS, outcome="retry")
        assert (await case.at("feedback")).refunded == 21_000
    assert await paid_times(store, case) == 1


async def test_an_answer_the_gateway_lost_is_never_paid_twice(env: WorkflowEnvironment, store: Store) -> None:
    moods = ["drop_after", "drop_before", "drop_after"]
    async with office_at_work(env, store, payment=MoodyGateway(store, moods)) as office:
        case = await granted(office)
        assert (await case.at("feedback", within=40)).refunded == 21_000
    assert await paid_times(store, case) == 1


async def test_a_payment_settled_elsewhere_is_recorded_with_its_reference(
    env: WorkflowEnvironment, store: Store
) -> None:
    async with office_at_work(env, store, payment=MoodyGateway(store, ["refuse"])) as office:
        case = await granted(office)
        await case.at("task")
        await case.send("resolve", RETURNS, outcome="settled", reference="BANK-77")
        assert (await case.at("feedback")).refunded == 21_000
        assert (await case.until("executed")).data["reference"] == "BANK-77"


async def test_a_second_case_of_an_order_gets_no_more_than_a_payment_elsewhere_has_left(
    env: WorkflowEnvironment, store: Store
) -> None:
    async with office_at_work(env, store, payment=MoodyGateway(store, ["refuse"])) as office:
        first = await granted(office)
        order = (await first.at("task")).order
        await first.send("resolve", RETURNS, outcome="settled", reference="BANK-77")
        assert (await first.at("feedback")).refunded == 21_000
        second = await granted(office, order={"number": order})
        await second.at("task")
        assert (await second.until("execution_failed")).data["code"] == "exceeds_paid"
        assert await paid_times(office.store, second) == 0


class EmptyWarehouse:
    """Has nothing to send, and remembers what was set aside and given back."""

    def __init__(self) -> None:
        self.held: list[str] = []

    async def reserve(self, key: str, order: str, lines: Sequence[Quantity], attempt: int) -> str:
        self.held.append(key)
        return "W-1"

    async def release(self, key: str, attempt: int) -> None:
        self.held.remove(key)

    async def ship(self, key: str, order: str, lines: Sequence[Quantity]) -> str:
        raise GatewayRefused("out_of_stock")


async def test_a_remedy_that_fails_late_gives_back_what_it_had_set_aside(
    env: WorkflowEnvironment, store: Store
) -> None:
    warehouse = EmptyWarehouse()
    async with office_at_work(env, store, warehouse=warehouse) as office:
        case = await granted(office, demand={"kind": "exchange"})
        await case.at("executing")
        await case.send("goods", RETURNS, accepted=True)
        task = (await case.at("task")).task
        assert task is not None
        assert (task.department, task.code, warehouse.held) == ("returns_centre", "out_of_stock", [])
        await case.send("resolve", RETURNS, outcome="refund_instead")
        assert (await case.at("feedback")).refunded == 21_000


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A procedure whose patience with partners is over in two seconds."""
    folder = tmp_path_factory.mktemp("hasty")
    words = (HERE / "marketplace.procedure.toml").read_text(encoding="utf-8")
    clock = 'payment = { within = "1h"'
    assert clock in words
    words = words.replace(clock, 'payment = { within = "2s"').replace('name = "marketplace"', 'name = "hasty"')
    (folder / "hasty.procedure.toml").write_text(words, encoding="utf-8")
    load_packs(folder)
    return "hasty"


class SilentWarehouse(EmptyWarehouse):
    """Does what it is asked for and has its answers lost: those to the calls it is told."""

    def __init__(self, *silent: str) -> None:
        super().__init__()
        self.silent = silent

    def _answer(self, call: str) -> str:
        if call in self.silent:
            raise TryAgain("timeout", 60)  # longer than any patience: it is over at once
        return "W-1"

    async def reserve(self, key: str, order: str, lines: Sequence[Quantity], attempt: int) -> str:
        self.held = sorted({*self.held, key})
        return self._answer("reserve")

    async def release(self, key: str, attempt: int) -> None:
        self._answer("release")
        self.held = sorted({*self.held} - {key})

    async def ship(self, key: str, order: str, lines: Sequence[Quantity]) -> str:
        self._answer("ship")
        return await super().ship(key, order, lines)


async def test_goods_that_may_have_been_set_aside_are_given_back_before_a_person_is_asked(
    env: WorkflowEnvironment, store: Store, hasty: str
) -> None:
    warehouse = SilentWarehouse("reserve")
    async with office_at_work(env, store, warehouse=warehouse) as office:
        case = await granted(office, demand={"kind": "exchange"}, procedure=hasty)
        task = (await case.at("task")).task
        assert task is not None
        assert (task.code, warehouse.held) == ("warehouse_silent", [])
        assert "not_undone" not in await case.kinds()
        await case.send("resolve", RETURNS, outcome="refund_instead")
        assert (await case.at("feedback")).refunded == 21_000


async def test_a_label_that_may_have_been_made_is_cancelled_before_a_person_is_asked(
    env: WorkflowEnvironment, store: Store, hasty: str
) -> None:
    class SilentCarrier(EmbeddedCarrier):
        async def label(self, key: str, order: str, carrier: str | None, attempt: int) -> str:
            await super().label(key, order, carrier, attempt)
            raise TryAgain("timeout", 60)

    async with office_at_work(env, store, carrier=SilentCarrier(store)) as office:
        case = await granted(office, demand={"kind": "return_and_refund"}, procedure=hasty)
        await case.at("task")
    async with store.read() as session:
        (label,) = (await session.exec(select(Parcel).where(Parcel.key == f"{case.number}:1:label"))).all()
    assert label.state == "undone"


async def test_a_warehouse_that_answers_neither_a_call_nor_its_undoing_leaves_no_case_without_a_person(
    env: WorkflowEnvironment, store: Store, hasty: str
) -> None:
    warehouse = SilentWarehouse("reserve", "release")
    async with office_at_work(env, store, warehouse=warehouse) as office:
        case = await granted(office, demand={"kind": "reship"}, procedure=hasty)
        await case.at("task")
        told = await case.until("not_undone")
        assert (told.department, told.data["step"], told.data["code"]) == (
            "returns_centre", "reserve", "warehouse_silent"
        )  # fmt: skip
        warehouse.silent = ()
        await case.send("resolve", RETURNS, outcome="retry")
        async with asyncio.timeout(45):
            while (await case.kinds()).count("execution_failed") < 2:
                await asyncio.sleep(0.02)
        assert warehouse.held == [], "a later attempt's undoing is of the same goods"


class Shelves:
    """A warehouse that sends a parcel once per key, from what was set aside. Answers may get lost."""

    def __init__(self, *moods: str) -> None:
        self.moods = list(moods)
        """How it takes each call for a parcel, then as the last one: "lost" once sent, "silent", "refuse", "fine"."""
        self.calls: list[str] = []
        self.held: set[str] = set()
        self.parcels: dict[str, str] = {}

    async def reserve(self, key: str, order: str, lines: Sequence[Quantity], attempt: int) -> str:
        self.calls.append("reserve")
        self.held.add(key)
        return "W-1"

    async def release(self, key: str, attempt: int) -> None:
        self.calls.append("release")
        self.held.discard(key)

    async def ship(self, key: str, order: str, lines: Sequence[Quantity]) -> str:
        self.calls.append("ship")
        mood = self.moods.pop(0) if len(self.moods) > 1 else self.moods[0]
        if mood == "silent":
            raise TryAgain("timeout", 60)  # longer than any patience: it is over at once
        if mood == "refuse":
            raise GatewayRefused("duplicate" if key in self.parcels else "out_of_stock")
        self.held.clear()
        self.parcels.setdefault(key, f"P-{len(self.parcels) + 1}")
        if mood == "lost":
            raise TryAgain("timeout", 60)
        return self.parcels[key]


async def doubtful(office: Office, procedure: str) -> OfCase:
    """A case whose parcel may be on its way."""
    case = await granted(office, demand={"kind": "reship"}, procedure=procedure)
    task = (await case.at("task")).task
    assert task is not None
    assert (task.kind, task.department, task.code) == ("goods", "returns_centre", "shipment_in_doubt")
    return case


async def test_a_parcel_whose_answer_was_lost_is_found_by_a_retry_that_sets_nothing_aside(
    env: WorkflowEnvironment, store: Store, hasty: str
) -> None:
    warehouse = Shelves("lost", "lost", "fine")
    async with office_at_work(env, store, warehouse=warehouse) as office:
        case = await doubtful(office, hasty)
        assert "release" not in warehouse.calls
        await case.send("resolve", RETURNS, outcome="retry")
        assert (await case.at("feedback")).refunded == 0
        assert (await case.until("executed")).data["reference"] == "P-1"
    assert (warehouse.calls.count("reserve"), warehouse.held, len(warehouse.parcels)) == (1, set(), 1)


async def test_a_refusal_after_an_answer_that_was_lost_leaves_the_parcel_in_doubt_and_the_customer_without_money(
    env: WorkflowEnvironment, store: Store
) -> None:
    class Flickering(Shelves):
        async def ship(self, key: str, order: str, lines: Sequence[Quantity]) -> str:
            try:
                return await super().ship(key, order, lines)
            except TryAgain:
                raise TryAgain("timeout", 0.1) from None

    warehouse = Flickering("lost", "refuse")
    async with office_at_work(env, store, warehouse=warehouse) as office:
        case = await doubtful(office, "marketplace")
        assert (await case.refusal("resolve", RETURNS, outcome="refund_instead"))[0] == "bad_input"
        await case.send("resolve", RETURNS, outcome="retry")
        async with asyncio.timeout(45):
            while (await case.kinds()).count("execution_failed") < 2:
                await asyncio.sleep(0.02)
        assert (await case.refusal("resolve", RETURNS, outcome="refund_instead"))[0] == "bad_input"
        await case.send("resolve", RETURNS, outcome="settled", reference="P-1")
        assert (await case.at("feedback")).refunded == 0
    assert warehouse.calls == ["reserve", "ship", "ship", "ship"]


async def test_a_parcel_that_a_person_knows_was_never_sent_gives_way_to_the_money(
    env: WorkflowEnvironment, store: Store, hasty: str
) -> None:
    warehouse = Shelves("silent")
    async with office_at_work(env, store, warehouse=warehouse) as office:
        case = await doubtful(office, hasty)
        assert (await case.refusal("resolve", RETURNS, outcome="refund_instead"))[0] == "bad_input"
        await case.send("resolve", RETURNS, outcome="refund_instead", not_sent=True)
        assert (await case.at("feedback")).refunded == 21_000
        key = f"{case.number}:1:reserve"
        assert (await case.until("not_undone")).data == {"step": "reserve", "code": "not_sent", "key": key}
    assert (warehouse.parcels, len(warehouse.held)) == ({}, 1)


async def test_a_remedy_ended_from_outside_after_its_parcel_was_sent_is_not_paid_out_beside_it(
    env: WorkflowEnvironment, store: Store
) -> None:
    warehouse = Shelves("lost", "fine")
    async with office_at_work(env, store, warehouse=warehouse) as office:
        case = await granted(office, demand={"kind": "reship"})
        seen = await case.at("executing")
        async with asyncio.timeout(20):
            while not warehouse.parcels:
                await asyncio.sleep(0.02)
        await office.client.get_workflow_handle(seen.child or "").terminate("an operator's mistake")
        assert (await case.at("task")).task is not None
        assert (await case.refusal("resolve", RETURNS, outcome="refund_instead"))[0] == "bad_input"
        await case.send("resolve", RETURNS, outcome="retry")
        assert (await case.at("feedback")).refunded == 0
    assert (warehouse.calls.count("reserve"), len(warehouse.parcels)) == (1, 1)


async def test_goods_whose_release_is_refused_are_told_to_whoever_can_give_them_back(
    env: WorkflowEnvironment, store: Store
) -> None:
    class Stubborn(EmptyWarehouse):
        async def release(self, key: str, attempt: int) -> None:
            raise GatewayRefused("already_picked")

    async with office_at_work(env, store, warehouse=Stubborn()) as office:
        case = await granted(office, demand={"kind": "reship"})
        await case.at("task")
        key = f"{case.number}:1:reserve"
        assert (await case.until("not_undone")).data == {"step": "reserve", "code": "already_picked", "key": key}
        await case.written()
        async with store.read() as session:
            notices = (await session.exec(select(MailRow).where(MailRow.number == case.number))).all()
        assert [mail.to for mail in notices if mail.template == "not_undone"] == ["returns_centre"]


async def test_a_label_the_goods_came_back_with_is_not_said_to_stand(env: WorkflowEnvironment, store: Store) -> None:
    class Strict(EmbeddedCarrier):
        async def void(self, key: str, attempt: int) -> None:
            raise GatewayRefused("already_used")

    async with office_at_work(env, store, carrier=Strict(store)) as office:
        case = await granted(office, demand={"kind": "return_and_refund"})
        await case.at("executing")
        await case.send("goods", RETURNS, accepted=False, note="非本店商品")
        await case.at("task")
        assert "not_undone" not in await case.kinds()


@pytest.mark.parametrize(("asked", "alone"), [(timedelta(minutes=10), 9), (timedelta(hours=1), 59)])
async def test_a_partner_is_left_alone_for_as_long_as_its_first_answer_asks_within_our_patience(
    env: WorkflowEnvironment, store: Store, asked: timedelta, alone: int
) -> None:
    class Busy(EmbeddedGateway):
        calls = 0

        async def refund(self, key: str, reference: str, order: str, amount: int, currency: str) -> Receipt:
            self.calls += 1
            if self.calls == 1:
                raise TryAgain("http_429", asked.total_seconds())
            return await super().refund(key, reference, order, amount, currency)

    gateway = Busy(store)
    async with office_at_work(env, store, payment=gateway) as office:
        case = await granted(office)
        seen = await case.at("executing")
        child = office.client.get_workflow_handle(seen.child or "")
        await office.env.fast_forward(child, timedelta(minutes=alone))
        await asyncio.sleep(2)
        assert gateway.calls == 1
        await office.env.fast_forward(child, timedelta(minutes=2))
        assert (await case.at("feedback")).refunded == 21_000
        assert gateway.calls == 2


async def test_a_refund_not_done_on_its_day_is_recorded_as_a_breach(env: WorkflowEnvironment, store: Store) -> None:
    class Slow(EmbeddedGateway):
        async def refund(self, key: str, reference: str, order: str, amount: int, currency: str) -> Receipt:
            raise TryAgain("timeout")

    async with office_at_work(env, store, payment=Slow(store)) as office:
        case = await granted(office)
        seen = await case.at("executing")
        assert seen.ruling is not None
        assert seen.due is not None
        shanghai = ZoneInfo("Asia/Shanghai")
        day = seen.ruling.at.astimezone(shanghai).date() + timedelta(days=1)
        assert seen.due == datetime(day.year, day.month, day.day, tzinfo=shanghai)
        async with asyncio.timeout(20):
            while (await registered(store, case)).stage != "executing":  # unlike a refund that takes only a moment
                await asyncio.sleep(0.02)
        await case.handle.terminate("the test ends here")
