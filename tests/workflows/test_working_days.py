"""A running case comes to a year whose working days nobody knows: it waits, and goes on once they are known."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from activities.store import Store
from procedures import PACKS
from tests.support import SERVICE, office_at_work
from tests.workflows.test_procedures import SHIPMENT


def _patient() -> None:
    """The courier's procedure, but an inquiry may take 400 days: the calendar runs out while it is under way."""
    courier = PACKS.pinned("courier.1")
    inquiry = courier.duties["investigate"].model_copy(update={"within": timedelta(days=400)})
    PACKS.add(courier.model_copy(update={"name": "patient", "duties": courier.duties | {"investigate": inquiry}}))


async def test_a_case_waits_for_the_days_of_a_year_and_goes_on_where_it_was(
    env: WorkflowEnvironment, store: Store, tmp_path: Path
) -> None:
    days, now = tmp_path / "days.toml", datetime.now(UTC)
    known = range(now.year, now.year + (2 if now.month == 12 else 1))
    days.write_text("".join(f"[{year}]\noff = []\n" for year in known), encoding="utf-8")
    async with office_at_work(env, store, calendar_file=days) as office:
        _patient()
        case = await office.start(
            procedure="patient",
            cause="delivery_delay",
            order={"kind": "self_operated", "merchant": None},
            details={"sender": "张三", "recipient": "李四", "request": "赔偿"},
            demand={"kind": "apology"},
            contact=None,
        )
        await case.at("working")
        await case.send("record", SERVICE)
        await case.forward(days=399)
        report = {"duty": "investigate", "fields": {"system_record": "滞留"}, "liable": [{"party": "station"}]}
        said = asyncio.create_task(case.send("record", SERVICE, **report))
        await asyncio.sleep(2)
        assert not said.done()  # the clock of the next step would fall on a day nobody knows
        days.write_text("".join(f"[{now.year + n}]\noff = []\n" for n in range(4)), encoding="utf-8")
        async with asyncio.timeout(40):
            assert (await said)["accepted"]
        assert (await case.view()).works[-1].duty == "give_result"
        await case.handle.terminate()


async def test_a_span_that_somebody_types_into_a_year_nobody_knows_is_refused_and_the_case_goes_on(
    env: WorkflowEnvironment, store: Store, tmp_path: Path
) -> None:
    days, now = tmp_path / "days.toml", datetime.now(UTC)
    june = [f"{now.year}-06-{day:02}" for day in range(1, 31) if date(now.year, 6, day).weekday() < 5]
    short = f"[{now.year}]\noff = {june}\n"  # fewer than 250 working days, whenever in the year this runs
    days.write_text(short, encoding="utf-8")
    async with office_at_work(env, store, calendar_file=days) as office:
        case = await office.start(**SHIPMENT)
        await case.at("working")
        await case.forward(minutes=31)
        await case.until("duty_missed")
        far = {"department": "station", "within": "250wd"}
        meeting = {"fields": {"decisions": "分头查"}, "assign": [{"department": "transport"}, far]}
        async with asyncio.timeout(20):
            code, reason = await case.refusal("record", "客服主管", **meeting)
        assert (code, reason.partition(":")[0]) == ("bad_input", "assign.1.within")
        days.write_text(short + "".join(f"[{now.year + n}]\noff = []\n" for n in (1, 2)), encoding="utf-8")
        await case.send("record", "客服主管", **meeting)
        async with asyncio.timeout(20):
            more = {"of": "transport", "asked_by": "运输主管", "reason": "6wd was meant"}
            code, _ = await case.refusal("extend", "客服主管", by="60wd", **more)
        assert code == "too_much"
        await case.send("withdraw", SERVICE)
        await case.handle.result()
