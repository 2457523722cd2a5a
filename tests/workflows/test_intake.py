"""Intake and triage on the real server: who may start a case, and what a start becomes."""

import asyncio

import pytest
from sqlmodel import select
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.common import RawValue, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from models.case import Exit
from models.names import COMPLAINT, case_id
from models.tables import CaseRow, MailRow
from tests.support import GOODS_DEPT, SERVICE, Office, complaint_data, liable, new_number


async def test_a_complaint_is_acknowledged_with_number_next_step_and_clock(office: Office) -> None:
    case = await office.asked()
    await case.written()
    async with office.store.read() as session:
        mails = (await session.exec(select(MailRow).where(MailRow.number == case.number))).all()
    acknowledgement = next(mail for mail in mails if mail.template == "acknowledged")
    seen = await case.view()
    assert seen.due is not None
    assert (acknowledgement.to, acknowledgement.values["number"]) == ("customer", case.number)
    assert (acknowledgement.values["stage"], acknowledgement.values["due_at"]) == ("asked", seen.due.isoformat())


async def test_a_complaint_without_a_number_takes_the_number_of_its_workflow(office: Office) -> None:
    case = await office.asked()
    assert (await case.view()).number == case.number


async def test_a_start_under_another_number_than_the_complaint_brings_is_refused(office: Office) -> None:
    case = await office.start(complaint_data(number="OTHER-1"))
    assert "workflow id: must be complaint.NUMBER" in await failure(case.handle)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"channel": "hotline"}, "complainant: is missing; add it"),
        (complaint_data(channel="smoke_signals"), "channel: is not a channel of marketplace.1"),
        (complaint_data(cause="bad_luck"), "cause: is not a cause of marketplace.1"),
        (complaint_data(procedure="hotel_rules"), "procedure: is not known"),
        (complaint_data(order={"paid": -1}), "order.paid:"),
        (complaint_data(order={"paid": 210.5}), "order.paid: must be a whole number"),
        (
            complaint_data(order={"delivered_at": "0001-01-01T00:00:00+08:00"}),
            "order.delivered_at: must lie in the years",
        ),
        (complaint_data(order={"promised_at": "9999-12-31T23:59:59Z"}), "order.promised_at: must lie in the years"),
        (complaint_data(order={"delivered_at": "20260131"}), "order.delivered_at: must be a date and time such as"),
        (complaint_data(order={"delivered_at": 20260131}), "order.delivered_at: must be a date and time such as"),
        (complaint_data(complainant={"id": "U-1", "email": "a\x00b@example.com"}), "complainant.email: control"),
        (complaint_data(extra="x"), "extra: is not a known field"),
        ("hello", "(start): must be a JSON object"),
    ],
)
async def test_a_bad_start_argument_fails_the_start_with_field_reason_and_what_to_do(
    office: Office, content: object, reason: str
) -> None:
    number = new_number()
    await office.client.start_workflow(COMPLAINT, content, id=case_id(number), task_queue=office.settings.task_queue)
    text = await failure(office.client.get_workflow_handle(case_id(number)))
    assert reason in text
    assert "王芳" not in text


@pytest.mark.parametrize("args", [[], [complaint_data(), complaint_data()], [complaint_data(), {"stage": "executing"}]])
async def test_a_start_with_another_number_of_arguments_is_refused_not_wedged(
    office: Office, args: list[object]
) -> None:
    number = new_number()
    await office.client.start_workflow(COMPLAINT, args=args, id=case_id(number), task_queue=office.settings.task_queue)
    assert "takes 1 argument" in await failure(office.client.get_workflow_handle(case_id(number)))


@pytest.mark.parametrize("behind", [" ", "\n"])
async def test_an_id_with_a_space_behind_the_number_where_no_message_would_reach_the_case_is_refused(
    office: Office, behind: str
) -> None:
    handle = await office.client.start_workflow(
        COMPLAINT, complaint_data(), id=f"{case_id(new_number())}{behind}", task_queue=office.settings.task_queue
    )
    assert "workflow id: must be complaint.NUMBER without spaces" in await failure(handle)


async def test_what_was_typed_into_a_web_form_is_taken_with_its_lines(office: Office) -> None:
    case = await office.asked(text="漏水\r\n要求退款", contact={"by": "徐莉", "note": "a\r\nb"})
    async with office.store.read() as session:
        row = (await session.exec(select(CaseRow).where(CaseRow.number == case.number))).one()
    assert (row.complaint["text"], row.complaint["contact"]["note"]) == ("漏水\n要求退款", "a\nb")


@pytest.mark.parametrize(
    "data",
    [b'{"text": "\\ud83d"}', "{}".encode("utf-16"), b"\xef\xbb\xbf{}"],
    ids=["half", "16", "bom"],
)
async def test_a_start_that_cannot_be_read_is_told_so(office: Office, data: bytes) -> None:
    """Half of an emoji stands at the end of a text that a program has cut by its own count of characters."""
    half = RawValue(Payload(metadata={"encoding": b"json/plain"}, data=data))
    handle = await office.client.start_workflow(
        COMPLAINT, half, id=case_id(new_number()), task_queue=office.settings.task_queue
    )
    assert "(start): is not readable JSON in UTF-8" in await failure(handle)


async def test_a_remedy_that_no_case_started_is_refused(office: Office) -> None:
    order = {"number": "X-1", "order": "O", "decision": 1, "attempt": 1, "kind": "refund", "steps": ["pay"]}
    handle = await office.client.start_workflow("Refund", order, id=new_number(), task_queue=office.settings.task_queue)
    assert "started by its case only" in await failure(handle)


async def test_the_same_complaint_started_many_times_at_once_is_one_case(office: Office) -> None:
    number = new_number()
    content = complaint_data()

    async def start() -> str | None:
        handle = await office.client.start_workflow(
            COMPLAINT,
            content,
            id=case_id(number),
            task_queue=office.settings.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )
        return handle.first_execution_run_id or handle.result_run_id

    assert len(set(await asyncio.gather(*(start() for _ in range(10))))) == 1


async def test_the_same_complaint_a_year_later_is_the_earlier_case(office: Office) -> None:
    # Retention has taken the first history by then; starting the closed id anew stands for it.
    case = await office.asked()
    await case.send("withdraw", SERVICE)
    assert (await case.result()).exit is Exit.WITHDRAWN
    again = await office.start(number=case.number)
    assert (await again.result()).exit is Exit.DUPLICATE
    async with office.store.read() as session:
        row = await session.get(CaseRow, case.number)
    assert row is not None
    assert row.exit == "withdrawn"


async def test_whoever_writes_to_a_second_start_is_not_left_waiting(office: Office) -> None:
    case = await office.asked()
    await case.send("withdraw", SERVICE)
    await case.result()
    again = await office.start(number=case.number)
    with pytest.raises((RPCError, WorkflowUpdateFailedError)):
        async with asyncio.timeout(25):
            await again.send("withdraw", SERVICE)


async def test_an_agent_corrects_the_triage_with_a_reason_and_the_right_department_is_asked(office: Office) -> None:
    case = await office.asked()
    await case.send("triage", SERVICE, handling="ask", ask=["logistics"], reason="外箱破损，应由物流认定")
    seen = await case.view()
    assert (seen.stage, seen.waiting_for) == ("asked", "logistics")
    code, _ = await case.refusal("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="晚了")
    assert code == "not_asked"


async def test_own_fault_is_determined_by_customer_service_itself_without_a_request_to_others(office: Office) -> None:
    case = await office.start(cause="system", contact=None)
    seen = await case.at("asked")
    assert (seen.waiting_for, seen.direct) == ("customer_service", True)
    await case.send("confirm", SERVICE, liable=liable(system=100), reason="重复扣款")
    assert (await case.at("feedback")).refunded == 21_000


async def test_a_self_operated_order_in_rule_is_handled_directly(office: Office) -> None:
    case = await office.start(order={"kind": "self_operated", "merchant": None})
    seen = await case.at("feedback")
    assert (seen.direct, seen.refunded, seen.ruling and seen.ruling.basis) == (True, 21_000, "in_rule")


async def test_an_out_of_rule_customer_is_told_why_and_the_refusal_stands_if_accepted(office: Office) -> None:
    case = await office.start(order={"kind": "self_operated", "merchant": None}, cause="no_reason")
    seen = await case.at("refused")
    assert (seen.out_of_rule, seen.contested, seen.waiting_for) == (True, False, "customer")
    await case.forward(days=7, minutes=1)
    assert (await case.result()).exit is Exit.REFUSAL_ACCEPTED


async def test_a_platform_order_is_negotiated_first_and_asked_when_the_time_is_up(office: Office) -> None:
    case = await office.start(negotiation="not_tried")
    assert (await case.at("negotiating")).waiting_for == "customer_service"
    await case.forward(hours=48, minutes=1)
    assert (await case.at("asked")).waiting_for == "merchandise"


async def test_a_settled_negotiation_ends_the_case_under_its_own_name(office: Office) -> None:
    case = await office.start(negotiation="not_tried")
    await case.at("negotiating")
    await case.send("negotiated", SERVICE, agreed=True)
    assert (await case.result()).exit is Exit.NEGOTIATED


async def failure(handle: object) -> str:
    """The one line a failed start says."""
    with pytest.raises(WorkflowFailureError) as raised:
        async with asyncio.timeout(15):
            await handle.result()  # type: ignore[attr-defined]
    assert isinstance(raised.value.cause, ApplicationError)
    assert raised.value.cause.type == "bad_input"
    return raised.value.cause.message
