"""What a Temporal service's answers mean to a sender: told from a service that answers as recorded."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from models.case import Verdict
from models.commands import Standing, Withdraw
from models.complaint import Complaint
from models.language import Language
from models.names import Refused
from models.stage import Stage
from procedures import load_packs
from starter.calls import Trouble, meaning
from starter.cases import Cases
from starter.cli.reading import _why
from starter.cli.session import Session
from starter.failures import BadInput, NoSuchCase, NotAllowed, NotConfirmed, TryAgain
from starter.listing import Filters, filters
from starter.wire import DATA_CONVERTER, SEALED_WORDS, KeysNeeded

ACCEPTED = Verdict(accepted=True, code="accepted")


def rpc(status: RPCStatusCode, text: str = "") -> RPCError:
    return RPCError(text, status, b"")


NO_CASE = rpc(RPCStatusCode.NOT_FOUND, "workflow not found for ID: complaint.R-ABC")
RUNNING = SimpleNamespace(status=WorkflowExecutionStatus.RUNNING)
FAILED = SimpleNamespace(status=WorkflowExecutionStatus.FAILED)
CLOSED = rpc(RPCStatusCode.NOT_FOUND, "workflow execution already completed")
LOCKED_STORE = rpc(RPCStatusCode.NOT_FOUND, "Namespace default is not found.")


class Service:
    """Stands where a Temporal client stands: gives the prepared answers, remembers what it was asked."""

    id = "complaint.R-ABC"

    def __init__(
        self, *answers: Any, signalled: Exception | None = None, described: Any = NO_CASE, ended: Any = None
    ) -> None:
        self._ended = ended
        self._answers = list(answers)
        self._described = described
        self._signalled = signalled
        self.updates: list[tuple[str, dict[str, Any], str]] = []
        self.signals: list[tuple[str, dict[str, Any]]] = []
        self.started: list[dict[str, Any]] = []
        self.data_converter = DATA_CONVERTER

    def get_schedule_handle(self, schedule_id: str) -> "Service":
        return Service()  # has none

    def get_workflow_handle(self, workflow_id: str) -> "Service":
        assert workflow_id == "complaint.R-ABC"
        return self

    async def execute_update(self, name: str, message: dict[str, Any], *, id: str, result_type: type) -> Any:  # noqa: A002
        self.updates.append((name, message, id))
        return await self._next()

    async def signal(self, name: str, message: dict[str, Any], *, rpc_timeout: object) -> None:
        self.signals.append((name, message))
        if self._signalled is not None:
            raise self._signalled

    async def describe(self, *, rpc_timeout: object) -> Any:
        if isinstance(self._described, Exception):
            raise self._described
        return self._described

    async def result(self, *, rpc_timeout: object) -> Any:
        raise self._ended

    async def query(self, name: str, *, result_type: type, rpc_timeout: object) -> Any:
        return await self._next()

    async def start_workflow(self, name: str, argument: dict[str, Any], **options: Any) -> None:
        self.started.append({"name": name, "argument": argument, **options})
        await self._next()

    async def _next(self) -> Any:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer == "silence":
            await _silence()
        if isinstance(answer, Exception):
            raise answer
        return answer


async def _silence() -> None:
    """Never ends; when it is cancelled it says so in the SDK's own way."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise WorkflowUpdateRPCTimeoutOrCancelledError from None


def cases(service: Service) -> Cases:
    return Cases(service)  # type: ignore[arg-type]


MESSAGE = Withdraw(actor="徐莉", reason="changed my mind")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NO_CASE, "there is no case"),
        (LOCKED_STORE, "the server says it has no such namespace"),
        (rpc(RPCStatusCode.UNAVAILABLE), "server: does not answer"),
        (rpc(RPCStatusCode.FAILED_PRECONDITION, "no poller seen"), "no worker answers"),
    ],
)
async def test_who_does_not_answer_for_a_case_is_said(error: RPCError, told: str) -> None:
    with pytest.raises((NoSuchCase, TryAgain), match=told):
        await cases(Service(error)).view("R-ABC")


def test_a_case_whose_history_is_gone_is_not_said_to_lack_a_worker() -> None:
    assert "no history of this case" in _why(Session(Language.EN), NoSuchCase("no_case", number="R-ABC"))
    assert "no worker answers" in _why(Session(Language.EN), TryAgain("no_worker", number="R-ABC"))


async def test_a_refusal_whose_words_no_key_opens_says_that_the_keys_are_missing() -> None:
    sealed = ApplicationError(SEALED_WORDS, type=Refused.BAD_INPUT)
    service = Service(WorkflowUpdateFailedError(sealed))
    with pytest.raises(KeysNeeded, match="set REDRESS_CODEC__KEYS"):
        await cases(service).send("R-ABC", "withdraw", MESSAGE)
    assert service.signals == []


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (NO_CASE, Trouble.NO_CASE),
        (CLOSED, Trouble.CLOSED),
        (LOCKED_STORE, Trouble.AMBIGUOUS),
        (rpc(RPCStatusCode.UNKNOWN), Trouble.AMBIGUOUS),
        (rpc(RPCStatusCode.UNAVAILABLE), Trouble.AMBIGUOUS),
        (rpc(RPCStatusCode.FAILED_PRECONDITION), Trouble.AMBIGUOUS),
        (rpc(RPCStatusCode.DEADLINE_EXCEEDED), Trouble.AMBIGUOUS),
        (rpc(RPCStatusCode.CANCELLED), Trouble.AMBIGUOUS),
        (WorkflowUpdateRPCTimeoutOrCancelledError(), Trouble.AMBIGUOUS),
        (ConnectionResetError(), Trouble.AMBIGUOUS),
        (rpc(RPCStatusCode.PERMISSION_DENIED), Trouble.REFUSED),
        (rpc(RPCStatusCode.INVALID_ARGUMENT), Trouble.REFUSED),
    ],
)
def test_every_answer_of_the_service_has_one_meaning(error: Exception, trouble: Trouble) -> None:
    assert meaning(error) is trouble


async def test_a_case_that_ends_while_a_message_is_on_its_way_is_closed_and_not_unknown() -> None:
    ended = SimpleNamespace(status=WorkflowExecutionStatus.COMPLETED)
    verdict = await cases(Service(NO_CASE, described=ended)).send("R-ABC", "withdraw", MESSAGE)
    assert (verdict.accepted, verdict.code) == (False, "closed")
    with pytest.raises(NoSuchCase):
        await cases(Service(NO_CASE)).send("R-ABC", "withdraw", MESSAGE)


async def test_an_accepted_message_returns_the_verdict() -> None:
    service = Service(ACCEPTED)
    assert await cases(service).send("R-ABC", "withdraw", MESSAGE) == ACCEPTED
    name, message, update_id = service.updates[0]
    assert (name, message["actor"], message["reason"]) == ("withdraw", "徐莉", "changed my mind")
    assert update_id.startswith(f"{message['command_id']}:")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("wrong_standing", "standing: is more than the directory says of the actor; leave it out"),
        ("bad_input", "standing: is not a known field; remove it or check its spelling"),
    ],
)
async def test_a_standing_that_is_not_taken_is_left_out_and_the_message_sent_again(code: str, reason: str) -> None:
    refused = WorkflowUpdateFailedError(ApplicationError(reason, type=code))
    service, standing = Service(refused, ACCEPTED), Standing(departments=("customer_service",))
    mine = Cases(service, standings=lambda _: standing)  # type: ignore[arg-type]
    assert await mine.send("R-ABC", "withdraw", MESSAGE) == ACCEPTED
    (_, first, _), (_, second, _) = service.updates
    assert first["standing"] == {"departments": ["customer_service"]}
    assert second == {name: value for name, value in first.items() if name != "standing"}


async def test_an_unanswered_message_goes_on_as_a_signal_without_its_standing() -> None:
    service = Service("silence")
    mine = Cases(service, standings=lambda _: Standing(departments=("panel",)))  # type: ignore[arg-type]
    with pytest.raises(NotConfirmed):
        await mine.send("R-ABC", "withdraw", MESSAGE, wait=0.2)
    assert "standing" not in service.signals[0][1]


async def test_an_ambiguous_answer_is_tried_again_under_the_same_id() -> None:
    service = Service(rpc(RPCStatusCode.UNKNOWN), LOCKED_STORE, ACCEPTED)
    assert await cases(service).send("R-ABC", "withdraw", MESSAGE) == ACCEPTED
    assert len({update_id for _, _, update_id in service.updates}) == 1
    assert len(service.updates) == 3
    assert service.signals == []


async def test_a_resend_with_its_command_id_has_the_same_update_id_and_other_content_has_another() -> None:
    service = Service(ACCEPTED)
    first = MESSAGE.model_copy(update={"command_id": "M-1"})
    await cases(service).send("R-ABC", "withdraw", first)
    await cases(service).send("R-ABC", "withdraw", first)
    await cases(service).send("R-ABC", "withdraw", first.model_copy(update={"reason": "other"}))
    ids = [update_id for _, _, update_id in service.updates]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("code", Refused)
async def test_a_refusal_carries_the_cases_code_and_reason(code: Refused) -> None:
    refused = WorkflowUpdateFailedError(ApplicationError("why", type=code.value))
    verdict = await cases(Service(refused)).send("R-ABC", "withdraw", MESSAGE)
    assert verdict == Verdict(accepted=False, code=code, reason="why")


async def test_an_error_that_is_no_refusal_of_ours_is_not_repeated_in_words() -> None:
    failed = WorkflowUpdateFailedError(ApplicationError("input 13800138000", type="RuntimeError"))
    verdict = await cases(Service(failed)).send("R-ABC", "withdraw", MESSAGE)
    assert verdict.code == Refused.BAD_INPUT
    assert "13800138000" not in verdict.reason


async def test_silence_leaves_the_message_with_the_server_as_a_signal() -> None:
    service = Service("silence")
    with pytest.raises(NotConfirmed) as caught:
        await cases(service).send("R-ABC", "withdraw", MESSAGE, wait=0.05)
    assert caught.value.code == 5
    name, message = service.signals[0]
    assert (name, message) == ("withdraw", service.updates[0][1])
    assert len(service.updates) == 1
    assert caught.value.command_id == message["command_id"]
    assert f"--command-id {message['command_id']}" in str(caught.value)


async def test_a_server_that_stays_away_is_not_confirmed_either() -> None:
    service = Service("silence", signalled=rpc(RPCStatusCode.UNAVAILABLE))
    with pytest.raises(NotConfirmed, match="the server does not answer"):
        await cases(service).send("R-ABC", "withdraw", MESSAGE, wait=0.05)


@pytest.mark.parametrize("answers", [(CLOSED,), ("silence",)])
async def test_a_closed_case_is_a_verdict(answers: tuple[Any, ...]) -> None:
    service = Service(*answers, signalled=CLOSED)
    verdict = await cases(service).send("R-ABC", "withdraw", MESSAGE, wait=0.05)
    assert (verdict.accepted, verdict.code) == (False, Refused.CLOSED)


async def test_an_unknown_number_is_no_such_case() -> None:
    with pytest.raises(NoSuchCase, match="R-ABC"):
        await cases(Service(NO_CASE)).send("R-ABC", "withdraw", MESSAGE)
    with pytest.raises(NoSuchCase, match="R-ABC"):
        await cases(Service(NO_CASE)).view("R-ABC")


async def test_a_service_that_refuses_us_is_told_as_such() -> None:
    with pytest.raises(NotAllowed, match="PERMISSION_DENIED"):
        await cases(Service(rpc(RPCStatusCode.PERMISSION_DENIED))).send("R-ABC", "withdraw", MESSAGE)


async def test_ctrl_c_while_waiting_sends_nothing_more() -> None:
    service = Service("silence")
    task = asyncio.create_task(cases(service).send("R-ABC", "withdraw", MESSAGE))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (len(service.updates), service.signals) == (1, [])


async def test_a_query_nobody_answers_says_to_start_a_worker() -> None:
    with pytest.raises(TryAgain, match="redress worker"):
        await cases(Service(rpc(RPCStatusCode.DEADLINE_EXCEEDED))).view("R-ABC")


async def test_a_case_not_yet_in_the_register_is_not_readable_yet() -> None:
    with pytest.raises(TryAgain, match="just now"):
        await cases(Service(None, described=RUNNING)).view("R-ABC")


@pytest.mark.parametrize("ask", ["view", "timeline", "taken_in"])
async def test_a_complaint_that_was_not_taken_in_is_told_with_its_reason(ask: str) -> None:
    why = ApplicationError("severity: is not a severity of courier.1; use one of none", type="bad_input")
    service = Service([] if ask == "timeline" else None, described=FAILED, ended=WorkflowFailureError(cause=why))
    with pytest.raises(NoSuchCase) as refused:
        await getattr(cases(service), ask)("R-ABC")
    assert "severity：不是 courier.1 的严重程度，可用：无；请更正后重新提交" in refused.value.line(Language.ZH)


def a_complaint(**changes: object) -> Complaint:
    order = {
        "number": "O-1",
        "kind": "self_operated",
        "paid": 1250,
        "lines": [{"sku": "S", "quantity": 1, "unit_price": 1250}],
    }
    content = {"channel": "online", "complainant": {"id": "C-1", "name": "王芳"}, "order": order, "cause": "quality"}
    return Complaint.model_validate({**content, "text": "坏了", "demand": {"kind": "refund"}, **changes})


async def test_a_complaint_starts_under_its_own_number_with_a_summary_free_of_personal_data() -> None:
    load_packs()
    service = Service(None)
    started = await cases(service).start(a_complaint())
    asked = service.started[0]
    assert (asked["name"], asked["id"], started.new) == ("Complaint", f"complaint.{started.number}", True)
    assert asked["argument"]["number"] == started.number
    assert asked["static_summary"] == "O-1: 退款, 12.50 元"
    listed = {pair.key.name: pair.value for pair in asked["search_attributes"]}
    del listed["RedressDeadline"]
    assert listed == {
        "RedressStage": "executing",
        "RedressWaitingFor": ["system"],
        "RedressOrder": "O-1",
        "RedressProcedure": "marketplace.1",
    }


async def test_a_complaint_of_a_procedure_unknown_here_is_started_with_its_order_alone() -> None:
    service = Service(None)
    await cases(service).start(a_complaint(procedure="unheard_of"))
    assert [(pair.key.name, pair.value) for pair in service.started[0]["search_attributes"]] == [
        ("RedressOrder", "O-1")
    ]


async def test_a_complaint_filed_twice_is_there_already() -> None:
    again = await cases(Service(WorkflowAlreadyStartedError("complaint.X", "Complaint"))).start(
        a_complaint(number="X-1")
    )
    assert again == ("X-1", False)


async def test_a_start_the_server_does_not_answer_can_be_tried_again() -> None:
    with pytest.raises(TryAgain):
        await cases(Service(rpc(RPCStatusCode.UNAVAILABLE))).start(a_complaint())


async def test_clocks_are_forwarded_only_on_the_local_stack() -> None:
    from datetime import timedelta

    with pytest.raises(BadInput, match="local stack"):
        await cases(Service(None)).fast_forward("R-ABC", timedelta(hours=1))


@pytest.mark.parametrize(
    ("wanted", "query"),
    [
        (Filters(), "WorkflowType = 'Complaint' AND (ExecutionStatus = 'Running' OR RedressStage = 'closed')"),
        (Filters(open_only=True), "WorkflowType = 'Complaint' AND ExecutionStatus = 'Running'"),
        (
            Filters(stage="new"),
            "WorkflowType = 'Complaint' AND RedressStage IS NULL AND ExecutionStatus = 'Running'",
        ),
        (
            Filters(stage=Stage.ASKED, department="logistics"),
            (
                "WorkflowType = 'Complaint' AND RedressStage = 'asked' AND RedressWaitingFor = 'logistics'"
                " AND ExecutionStatus = 'Running'"
            ),
        ),
        (Filters(stage=Stage.CLOSED), "WorkflowType = 'Complaint' AND RedressStage = 'closed'"),
        (
            Filters(order="O-1", overdue=True),
            (
                "WorkflowType = 'Complaint' AND RedressOrder = 'O-1' AND RedressOverdue = true"
                " AND (ExecutionStatus = 'Running' OR RedressStage = 'closed')"
            ),
        ),
    ],
)
def test_a_filter_is_made_of_checked_ids(wanted: Filters, query: str) -> None:
    assert wanted.query() == query


@pytest.mark.parametrize("value", ["a' OR 'x'='x", "a\\", 'a"', "", "a b"])
def test_nothing_but_an_id_gets_into_a_filter(value: str) -> None:
    refused: Callable[..., object] = filters
    for field in ("order", "department"):
        with pytest.raises(BadInput, match=field):
            refused(**{field: value})
