"""Time is the server's: outages, late messages and resends change nothing the clock decided (S0-15, S0-16)."""

import asyncio
from datetime import datetime, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.store import Store
from models.case import Basis
from models.directory import Directory
from models.parts import Clock
from procedures import PACKS, load_packs
from tests.support import (
    GOODS_DEPT,
    SERVICE,
    TEST_PACKS,
    OfCase,
    Office,
    everybody,
    liable,
    now,
    office_at_work,
)

MERCHANT = {"liable": liable(merchant=100), "reason": "检测属实"}


async def test_a_late_answer_is_kept_as_late_and_changes_only_who_bears_the_cost(office: Office) -> None:
    case = await office.asked()
    await case.forward(hours=24, minutes=1)
    before = await case.at("feedback")
    verdict = await case.send("confirm", GOODS_DEPT, **MERCHANT)
    assert verdict["code"] == "late"
    after = await case.view()
    assert before.ruling is not None
    assert after.ruling is not None
    assert [share.party for share in before.ruling.liable] == ["merchandise"]
    assert [share.party for share in after.ruling.liable] == ["merchant"]
    assert (after.stage, after.refunded, after.ruling.basis) == ("feedback", 21_000, Basis.SILENCE)
    assert after.asks[0].state == "late"


async def test_a_late_answer_against_the_customer_takes_nothing_back(office: Office) -> None:
    case = await office.asked()
    await case.forward(hours=24, minutes=1)
    await case.at("feedback")
    await case.signal("confirm", GOODS_DEPT, liable=liable(customer=100), reason="人为损坏")
    await case.until("answered_late")
    seen = await case.view()
    assert seen.ruling is not None
    assert ([share.party for share in seen.ruling.liable], seen.refunded) == (["merchandise"], 21_000)


async def test_the_same_signal_sent_three_times_counts_once(office: Office) -> None:
    case = await office.asked(cause="damage_unclear")
    for _ in range(3):
        await case.signal("confirm", GOODS_DEPT, command_id="c-1", **MERCHANT)
    await case.until("answered")
    assert (await case.kinds()).count("answered") == 1
    assert (await case.view()).refusals == 0


async def test_a_reminder_goes_out_before_the_deadline(office: Office) -> None:
    case = await office.asked()
    await case.forward(hours=20, minutes=1)
    reminded = await case.until("reminded")
    asked = await case.until("asked")
    assert reminded.at - asked.at == timedelta(hours=20)


async def test_without_the_explanation_the_ask_goes_out_after_the_grace_time_and_the_omission_is_recorded(
    office: Office,
) -> None:
    case = await office.start(contact=None)
    await case.at("explaining")
    await case.forward(minutes=31)
    await case.at("asked")
    omitted, asked = await case.until("no_pre_explanation"), await case.until("asked")
    filed = await case.until("filed")
    assert (omitted.department, omitted.at - filed.at) == ("customer_service", timedelta(minutes=30))
    assert asked.at == omitted.at


async def test_the_explanation_lets_the_ask_out_at_once(office: Office) -> None:
    case = await office.start(contact=None)
    await case.at("explaining")
    await case.send("contact", SERVICE, mode="in_person")
    assert (await case.view()).stage == "asked"
    assert "no_pre_explanation" not in await case.kinds()


async def test_a_case_filed_while_every_worker_is_down_has_the_clock_of_its_filing(
    env: WorkflowEnvironment, store: Store
) -> None:
    async with office_at_work(env, store) as office:
        await office.rest()
        case = await office.start()
        await asyncio.sleep(2)
        await office.work()
        await case.at("asked")
        filed, asked = await case.until("filed"), await case.until("asked")
        described = await case.handle.describe()
    assert filed.at == asked.at == described.start_time


def _swift(seconds: int = 3) -> str:
    """A procedure with such an answer clock."""
    load_packs(TEST_PACKS)
    swift = PACKS.pinned("marketplace.1").model_copy(update={"name": f"swift{seconds}", "version": 1})
    clocks = swift.clocks.model_copy(
        update={
            "answer": Clock(within=timedelta(seconds=seconds), source="test"),
            "reminders": (),
        }
    )
    PACKS.add(swift.model_copy(update={"clocks": clocks}))
    return swift.name


async def asked(office: Office, *, alone: bool = False) -> tuple[OfCase, datetime]:
    """A case that is asked and its deadline, still to come; `alone`: the worker has gone. A slow machine has longer."""
    for seconds in (3, 12, 48):
        case = await office.start(procedure=_swift(seconds))
        due = (await case.until("asked")).at + timedelta(seconds=seconds)
        if alone:
            await office.rest()
        if due - now() > timedelta(seconds=seconds) / 3:
            return case, due
        if alone:
            await office.work()
    raise AssertionError("no clock is long enough for this machine")


async def past(due: datetime) -> None:
    await asyncio.sleep((due - now()).total_seconds() + 1)


async def _outage(env: WorkflowEnvironment, store: Store, *, late: bool, flood: int = 0) -> str:
    """A case whose worker is away over the deadline; `flood` messages come after the answer."""
    async with office_at_work(env, store) as office:
        case, due = await asked(office, alone=True)
        if late:
            await past(due)
        await case.signal("confirm", GOODS_DEPT, **MERCHANT)
        await asyncio.gather(*(case.handle.signal("nonsense", {"n": n}) for n in range(flood)))
        if not late:
            await past(due)
        await office.work()
        seen = await case.at("feedback")
    assert seen.ruling is not None
    return f"{seen.ruling.basis}:{seen.asks[0].state}"


async def test_an_answer_the_server_had_in_time_counts_although_the_worker_came_back_after_the_deadline(
    env: WorkflowEnvironment, store: Store
) -> None:
    assert await _outage(env, store, late=False) == "answer:answered"


async def test_an_answer_the_server_got_late_is_late_although_no_worker_had_seen_the_deadline_pass(
    env: WorkflowEnvironment, store: Store
) -> None:
    assert await _outage(env, store, late=True) == "silence:late"


async def test_an_answer_in_time_counts_although_no_worker_had_opened_its_case_before_the_deadline(
    env: WorkflowEnvironment, store: Store
) -> None:
    async with office_at_work(env, store) as office:
        await office.rest()
        case = await office.start(procedure=_swift())
        await case.signal("confirm", GOODS_DEPT, **MERCHANT)
        await asyncio.sleep(4)
        await office.work()
        seen = await case.at("feedback")
    assert seen.ruling is not None
    assert (seen.ruling.basis, seen.asks[0].state) == ("answer", "answered")


@pytest.mark.parametrize(("late", "ends"), [(False, "answer:answered"), (True, "silence:late")])
async def test_an_answer_left_to_the_next_run_counts_from_when_the_server_had_it(
    env: WorkflowEnvironment, store: Store, late: bool, ends: str
) -> None:
    assert await _outage(env, store, late=late, flood=450) == ends


async def test_an_answer_in_time_counts_however_long_its_sender_takes_to_be_looked_up(
    env: WorkflowEnvironment, store: Store
) -> None:
    there = asyncio.Event()
    there.set()

    def directory() -> Directory:
        if not there.is_set():
            raise OSError("the directory cannot be read")
        return everybody()

    async with office_at_work(env, store, directory=directory) as office:
        case, due = await asked(office)
        there.clear()
        answer = asyncio.create_task(case.send("confirm", GOODS_DEPT, **MERCHANT))
        await past(due)
        there.set()
        assert (await answer)["code"] == "accepted"
        seen = await case.at("feedback")
    assert seen.ruling is not None
    assert (seen.ruling.basis, seen.asks[0].state) == ("answer", "answered")
