"""Nothing anybody sends can wedge a case, fail it, or vanish from its record."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from sqlmodel import col, select
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowExecutionStatus, WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.service import RPCError

from models.tables import EventRow
from rules.messages import NOTED_REFUSALS
from tests.support import GOODS_DEPT, LEADER, LOGISTICS, SERVICE, OfCase, Office, cached, liable
from workflows.inbox import AT_ONCE, FLOOD

DUE = 400
"""Events after which the tests' server suggests another run."""


def raw(data: bytes, encoding: bytes = b"json/plain") -> RawValue:
    """A payload exactly as a stranger might send it."""
    return RawValue(Payload(metadata={"encoding": encoding}, data=data))


HOSTILE: list[tuple[str, list[Any], str]] = [
    ("confirm", [], "takes 1 argument, got 0"),
    ("confirm", [{}, {}], "takes 1 argument, got 2"),
    ("confirm", [raw(b"{")], "not valid JSON"),
    ("confirm", [raw(b"\xff\xfe")], "not valid JSON"),
    ("confirm", [raw(b"", b"binary/null")], "not JSON"),
    ("confirm", [raw(b"x", b"binary/plain")], "not JSON"),
    ("confirm", [raw(b"[" * 5_000 + b"]" * 5_000)], "JSON"),
    ("confirm", [None], "not JSON"),
    ("confirm", [[1, 2]], "confirm: must be a JSON object"),
    ("confirm", [{"actor": GOODS_DEPT}], "liable: is missing"),
    ("confirm", [{"actor": GOODS_DEPT, "liable": liable(merchant=60), "reason": "x"}], "must add up to 100"),
    ("confirm", [{"actor": GOODS_DEPT, "liable": 2 * liable(merchant=50), "reason": "x"}], "names a party twice"),
    ("confirm", [{"actor": GOODS_DEPT, "liable": liable(martians=100), "reason": "x"}], "liable.0.party"),
    ("confirm", [{"actor": GOODS_DEPT, "liable": liable(merchant=100), "reason": "x" * 3_000}], "longer than 2000"),
    ("confirm", [{"actor": GOODS_DEPT, "liable": liable(merchant=100), "reason": "a\u0000b"}], "control characters"),
    ("confirm", [{"actor": GOODS_DEPT, "liable": liable(merchant=100), "reason": "a\u009bb"}], "control characters"),
    ("confirm", [raw(b'{"actor": "' + b"x" * 70_000 + b'"}')], "over 64 KiB"),
    ("ruel", [{"actor": GOODS_DEPT}], "is not a command"),
    ("decide", [{"actor": LEADER, "grant": True, "reason": "x"}], "this is for panel or leadership"),
    ("mail", [{"mail": "x"}], "delivered: is missing"),
    ("goods", [{"actor": "退换货专员", "accepted": "maybe"}], "accepted"),
]


@pytest.mark.parametrize(("name", "args", "reason"), HOSTILE)
async def test_a_malformed_signal_is_recorded_with_field_and_reason_and_the_case_goes_on(
    office: Office, name: str, args: list[Any], reason: str
) -> None:
    case = await office.asked()
    await case.handle.signal(name, args=args)
    refused = await case.until("message_refused")
    assert reason in str(refused.data["reason"])
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
    assert (await case.at("feedback")).refusals == 1


async def test_the_lines_of_a_web_form_are_taken_in_a_message_as_in_a_complaint(office: Office) -> None:
    case = await office.asked()
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实\r\n请退款")
    assert (await case.until("answered")).data["reason"] == "属实\n请退款"


@pytest.mark.parametrize(
    ("actor", "command", "code"),
    [
        ("路人", "confirm", "unknown_actor"),
        (LOGISTICS, "confirm", "wrong_department"),
        (SERVICE, "confirm", "wrong_department"),
        (LEADER, "confirm", "wrong_department"),
    ],
)
async def test_a_stranger_and_a_wrong_department_are_refused_by_update_and_by_signal(
    office: Office, actor: str, command: str, code: str
) -> None:
    case = await office.asked()
    refused, _ = await case.refusal(command, actor, liable=liable(merchant=100), reason="属实")
    assert refused == code
    await case.signal(command, actor, liable=liable(merchant=100), reason="属实")
    await case.until("message_refused")
    async with asyncio.timeout(20):
        while (await case.view()).refusals < 2:
            await asyncio.sleep(0.02)
    assert (await case.view()).stage == "asked"


async def test_a_refusal_at_the_door_costs_the_case_no_event(office: Office) -> None:
    case = await office.asked()
    await case.written()
    before = len((await case.history()).events)
    code, reason = await case.refusal("insist", SERVICE, reason="坚持")
    assert code == "wrong_stage"
    assert "asked" in reason
    assert len((await case.history()).events) == before


async def test_an_update_sent_again_under_its_command_id_has_one_effect(office: Office) -> None:
    case = await office.asked(cause="damage_unclear")
    fields = {"liable": liable(merchant=100), "reason": "属实", "command_id": "c-77"}
    first = await case.send("confirm", GOODS_DEPT, **fields)
    second = await case.send("confirm", GOODS_DEPT, **fields)
    assert (first["code"], second["code"]) == ("accepted", "repeated")
    code, reason = await case.refusal("confirm", GOODS_DEPT, **(fields | {"liable": liable(carrier=100)}))
    assert (code, reason.partition(":")[0]) == ("bad_input", "command_id")


async def test_a_flood_is_answered_in_fresh_runs_and_keeps_state_clock_and_command_ids(office: Office) -> None:
    case = await office.asked(cause="damage_unclear")
    deadline = (await case.view()).due
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实", command_id="kept-1")
    first_run = (await case.handle.describe()).run_id
    for _ in range(10):
        await asyncio.gather(*(case.handle.signal("nonsense", {"n": n}) for n in range(60)))
    async with asyncio.timeout(60):
        while (await case.view()).refusals < 600:
            await asyncio.sleep(0.1)
    seen = await case.view()
    assert (seen.stage, seen.due, seen.refusals) == ("asked", deadline, 600)
    again = await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实", command_id="kept-1")
    assert again["code"] == "repeated"
    assert (await case.handle.describe()).run_id != first_run
    await case.send("confirm", LOGISTICS, liable=liable(merchant=100), reason="完好")
    assert (await case.at("feedback")).refunded == 21_000


async def test_hundreds_of_messages_with_long_tokens_that_waited_for_a_worker_are_judged_in_portions(
    office: Office,
) -> None:
    case = await office.asked(cause="damage_unclear")
    await case.written()
    await office.rest()
    token = ".".join(("a" * 1_300, "b" * 1_300, "c" * 1_480))
    for _ in range(10):
        await asyncio.gather(
            *(case.handle.signal("withdraw", {"actor": "x" * 190, "token": token}) for _ in range(AT_ONCE // 10))
        )
    await office.work()
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
    assert (await case.view()).refusals == AT_ONCE


async def test_a_name_that_is_not_spelt_like_ours_is_not_kept(office: Office) -> None:
    case = await office.asked()
    for name in ("a\x00b", "13800001111", "王芳"):
        await case.handle.signal(name, {"x": 1})
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
    refused = [event for event in await case.events() if event.kind == "message_refused"]
    assert [event.data["name"] for event in refused] == ["(unknown)"] * 3
    await case.at("feedback")


@cached
async def test_updates_refused_at_the_door_while_a_new_run_is_due_change_no_order(office: Office) -> None:
    """No history tells of them: were anything done sooner because of one, a replay would do it in another order."""
    for _ in range(2):
        case = await office.asked(cause="damage_unclear")
        first = now = await case.handle.describe()
        peace = asyncio.Event()
        refusing = [asyncio.create_task(_refused_until(peace, case)) for _ in range(4)]
        async with asyncio.timeout(200):
            while now.run_id == first.run_id:
                await case.handle.signal("confirm", {"actor": "nobody", "liable": liable(merchant=100), "reason": "x"})
                await asyncio.sleep(0.02)
                now = await case.handle.describe()
                if now.history_length > DUE + 60:  # it may hand over
                    peace.set()
        peace.set()
        for task in refusing:
            task.cancel()
        await asyncio.wait(refusing, timeout=5)
    await office.replay_all()


async def _refused_until(peace: asyncio.Event, case: OfCase) -> None:
    while not peace.is_set():
        with suppress(WorkflowUpdateFailedError, RPCError):
            await case.handle.execute_update("confirm", {"actor": 1})
        await asyncio.sleep(0.01)


@cached
async def test_a_flood_of_updates_is_answered_in_fresh_runs_too(office: Office) -> None:
    case = await office.asked(cause="damage_unclear")
    first_run = (await case.handle.describe()).run_id
    fields = {"liable": liable(merchant=100), "reason": "属实", "command_id": "kept-1"}
    codes = [(await case.send("confirm", GOODS_DEPT, **fields))["code"] for _ in range(FLOOD + 5)]
    assert codes == ["accepted", *["repeated"] * (FLOOD + 4)]
    async with asyncio.timeout(60):
        while (await case.handle.describe()).run_id == first_run:
            await asyncio.sleep(0.1)


async def test_hundreds_that_came_while_no_worker_was_there_are_all_judged_and_none_wedges_the_case(
    office: Office,
) -> None:
    case = await office.asked(cause="damage_unclear")
    await case.written()
    first_run = (await case.handle.describe()).run_id
    await office.rest()
    await asyncio.gather(*(case.handle.signal("nonsense", {"n": n}) for n in range(2 * AT_ONCE + 20)))
    await case.handle.signal("confirm", {"actor": GOODS_DEPT, "liable": liable(merchant=100), "reason": "属实"})
    await office.work()
    await case.until("answered")
    assert (await case.view()).refusals == 2 * AT_ONCE + 20
    assert (await case.handle.describe()).run_id != first_run, "what waits is left to a new run"
    for run in (first_run, None):
        history = await office.client.get_workflow_handle(case.handle.id, run_id=run).fetch_history()
        assert sum(event.HasField("timer_fired_event_attributes") for event in history.events) >= 1, "a task of its own"


async def test_a_message_nobody_need_be_asked_about_waits_for_no_other(office: Office) -> None:
    """Else its line would be in another page where a replay finds its task and the next made into one."""
    case = await office.asked(cause="damage_unclear")
    await case.written()
    await office.rest()
    await case.handle.signal("nonsense", {"n": 1})
    await case.handle.signal("confirm", {"actor": "nobody", "liable": liable(merchant=100), "reason": "x"})
    await office.work()
    await case.written()
    history = await case.handle.fetch_history()
    asked = [event.activity_task_scheduled_event_attributes for event in history.events]
    tasks = {each.activity_type.name: each.workflow_task_completed_event_id for each in reversed(asked)}
    first = {name: task for name, task in tasks.items() if name in {"examine", "write_down"}}
    assert len(first) == 2
    assert len(set(first.values())) == 1, first


async def test_a_flood_of_nothing_but_nonsense_is_in_the_book_though_nothing_else_happens(office: Office) -> None:
    case = await office.asked()
    await case.written()
    await office.rest()
    await asyncio.gather(*(case.handle.signal("nonsense", {"n": n}) for n in range(FLOOD + 20)))
    await office.work()
    kept = select(EventRow).where(col(EventRow.number) == case.number, col(EventRow.kind) == "message_refused")
    async with asyncio.timeout(20):
        while True:
            async with office.store.read() as session:
                if len((await session.exec(kept)).all()) == NOTED_REFUSALS:
                    return
            await asyncio.sleep(0.1)


async def test_a_child_under_way_is_followed_into_the_next_run(office: Office) -> None:
    case = await office.asked(demand={"kind": "return_and_refund"})
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
    await case.at("executing")
    first_run = (await case.handle.describe()).run_id
    for _ in range(8):
        await asyncio.gather(*(case.handle.signal("nonsense", {"n": n}) for n in range(60)))
    async with asyncio.timeout(60):
        while (await case.handle.describe()).run_id == first_run:
            await asyncio.sleep(0.1)
    await case.send("goods", "退换货专员", accepted=True)
    assert (await case.at("feedback")).refunded == 21_000


async def test_unreadable_queries_harm_nobody(office: Office) -> None:
    case = await office.asked()
    with pytest.raises((WorkflowQueryFailedError, RPCError)):
        await case.handle.query("nosuch")
    with suppress(WorkflowQueryFailedError, RPCError):
        await case.handle.query("view", args=[1, 2, 3])
    with suppress(WorkflowQueryFailedError, RPCError):
        await case.handle.query("timeline", args=[raw(b"{")])
    described = await case.handle.describe()
    assert described.status is WorkflowExecutionStatus.RUNNING
    assert (await case.view()).stage == "asked"


async def test_a_report_sent_as_an_update_is_answered_and_holds_up_nothing(office: Office) -> None:
    case = await office.asked()
    for name, report in (
        ("mail", {"mail": f"{case.number}.99", "delivered": True, "code": "smtp_250"}),
        ("remedy", {"child": f"{case.handle.id}.refund-9"}),
    ):
        assert (await case.handle.execute_update(name, report))["accepted"]
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
    assert (await case.at("feedback")).refunded == 21_000


async def test_a_request_to_cancel_ends_no_case(office: Office) -> None:
    case = await office.asked()
    await case.handle.cancel()
    await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="属实")
    await case.at("feedback")
    await case.send("feedback", SERVICE, satisfied=True)
    assert (await case.result()).exit == "satisfied"


@cached
async def test_a_request_to_cancel_that_comes_before_the_first_step_ends_no_case(office: Office) -> None:
    await office.rest()
    case = await office.start()
    await case.handle.cancel()
    await office.work()
    await case.at("asked")
