"""A service that believes nobody's word: tokens with every start and message, denials in the audit trail."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from activities.identity import Gate, KeyFile
from activities.store import Store
from models.commands import TakenBack
from models.directory import Directory
from models.incident import Scope
from models.names import (
    BATCH_RETURN,
    CORRECTIVE_ACTION,
    MAILROOM_ID,
    SUPERVISION_MEETING,
    VIEW,
    case_id,
    corrective_id,
    incident_id,
    meeting_id,
    taken_back_id,
)
from models.stage import Stage
from models.tables import AuditRow, CaseRow, EventRow, MailRow
from procedures import DIRECTORY, load_packs
from procedures.directory import read_directory
from starter.issuer import Issuer
from starter.takeback import tell_taken_back
from tests.eightd import COMPLAINT
from tests.quality import known, quality_pack
from tests.support import (
    GOODS_DEPT,
    LEADER,
    PANEL,
    RETURNS,
    SERVICE,
    OfCase,
    Office,
    complaint_data,
    liable,
    new_number,
    office_at_work,
    under_way,
)


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    made = Issuer(tmp_path / str(uuid.uuid4()))
    made.ensure()
    return made


@asynccontextmanager
async def guarded(env: WorkflowEnvironment, store: Store, issuer: Issuer) -> AsyncIterator[Office]:
    gate = Gate(KeyFile(issuer.public), required=True, issuer="redress", own_key=b"w" * 32)
    async with office_at_work(env, store, gate=gate, directory=_directory) as office:
        yield office


def _directory() -> Directory:
    """The example's people; the first of the panel may let out 100.00 at once."""
    data = read_directory(DIRECTORY).model_dump()
    data["departments"]["panel"]["owners"][0]["limits"] = {"CNY": 10_000}
    return Directory.model_validate(data)


async def _audited(store: Store, number: str) -> list[tuple[str, str, str]]:
    async with store.read() as session:
        rows = await session.exec(select(AuditRow).where(AuditRow.subject == number).order_by(col(AuditRow.seq)))
        return [(row.kind, row.actor, str(row.data.get("code", ""))) for row in rows]


async def _filed(office: Office, issuer: Issuer) -> OfCase:
    number = new_number()
    token = issuer.sign("storefront", case_id(number))
    return await office.start(complaint_data() | {"token": token}, number=number)


async def test_a_message_counts_only_with_its_senders_token_and_every_denial_is_audited(
    env: WorkflowEnvironment, store: Store, issuer: Issuer
) -> None:
    async with guarded(env, store, issuer) as office:
        case = await _filed(office, issuer)
        await case.at("asked")
        said = {"liable": liable(customer=100), "reason": "x"}
        await case.signal("confirm", GOODS_DEPT, **said)
        assert (await case.until("message_refused")).data["code"] == "not_proven"
        stolen = issuer.sign(SERVICE, case_id(case.number))
        assert (await case.refusal("confirm", GOODS_DEPT, **said, token=stolen))[0] == "not_proven"
        assert (await case.refusal("confirm", SERVICE, **said, token=stolen))[0] == "wrong_department"
        own = issuer.sign(GOODS_DEPT, case_id(case.number))
        assert (await case.send("confirm", GOODS_DEPT, **said, token=own, command_id="m-1"))["code"] == "accepted"
        again = issuer.sign(GOODS_DEPT)
        assert (await case.send("confirm", GOODS_DEPT, **said, token=again, command_id="m-1"))["code"] == "repeated"
        await case.send("contest", SERVICE, by="customer", reason="x", token=issuer.sign(SERVICE))
        await case.at(Stage.PANEL)
        decision = {"grant": True, "reason": "x", "liable": liable(merchant=100)}
        too_much = await case.refusal("decide", PANEL, **decision, token=issuer.sign(PANEL))
        assert too_much[0] == "over_limit"
        boss = "邮乐领导"
        assert (await case.send("decide", boss, **decision, token=issuer.sign(boss)))["code"] == "accepted"
        await case.at("feedback")
        await case.send("feedback", SERVICE, satisfied=True, token=issuer.sign(SERVICE))
        await case.result()
        denied = [row for row in await _audited(store, case.number) if row[0] == "denied"]
        assert denied == [
            ("denied", GOODS_DEPT, "not_proven"),
            ("denied", GOODS_DEPT, "not_proven"),
            ("denied", SERVICE, "wrong_department"),
            ("denied", PANEL, "over_limit"),
        ]
        async with store.read() as session:
            kept = str((await session.get(CaseRow, case.number)).model_dump())  # type: ignore[union-attr]
            events = (await session.exec(select(EventRow).where(EventRow.number == case.number))).all()
        assert "eyJ" not in kept + str([event.model_dump() for event in events])


async def test_a_meeting_an_incident_and_a_report_begin_for_whom_they_name_and_their_denials_are_audited(
    env: WorkflowEnvironment, store: Store, issuer: Issuer
) -> None:
    load_packs()
    pack = known(quality_pack(f"q{uuid.uuid4().hex[:8]}"))
    scope, reference = Scope(product=f"P-{uuid.uuid4().hex[:6]}"), f"QC-{uuid.uuid4().hex[:8]}"
    starts: list[tuple[str, str, dict[str, Any], str, dict[str, Any]]] = [
        (BATCH_RETURN, incident_id(pack.name, scope.key),
         {"procedure": pack.name, "scope": {"product": scope.product}, "reason": "x", "opened_by": LEADER},
         "verify", {"confirmed": True, "defect": "x", "inspected": 10, "defective": 4}),
        (CORRECTIVE_ACTION, corrective_id(reference),
         COMPLAINT | {"reference": reference, "procedure": pack.name, "requester": LEADER},
         "recall", {"recall": True, "lots": ["L-7"], "reason": "x"}),
        (SUPERVISION_MEETING, meeting_id(pack.name, "2026-W40"),
         {"procedure": pack.name, "name": "2026-W40", "at_once": True}, "close", {}),
    ]  # fmt: skip
    async with guarded(env, store, issuer) as office:
        for kind, workflow_id, content, said, fields in starts:

            async def start(token: str | None, kind: str = kind, wid: str = workflow_id, what: Any = content) -> Any:
                proof = {"token": token} if token else {}
                with env.with_time_skipping_disabled():
                    return await office.client.start_workflow(
                        kind, what | proof, id=wid, task_queue=office.settings.task_queue
                    )

            with pytest.raises(WorkflowFailureError) as failed:
                await (await start(None)).result()
            assert isinstance(failed.value.cause, ApplicationError)
            assert failed.value.cause.type == "not_proven"
            handle = await start(issuer.sign(LEADER, workflow_id))
            for token in (None, issuer.sign(SERVICE, workflow_id)):
                proof = {"token": token} if token else {}
                with pytest.raises(WorkflowUpdateFailedError) as refused:
                    await handle.execute_update(said, {"actor": SERVICE, **fields, **proof})
                assert isinstance(refused.value.cause, ApplicationError)
                assert refused.value.cause.type == ("wrong_department" if token else "not_proven")
            seen = await handle.query(VIEW)
            subject = workflow_id if kind == SUPERVISION_MEETING else seen["number"]
            assert "eyJ" not in str(seen)
            told = [("denied", SERVICE, "not_proven"), ("denied", SERVICE, "wrong_department")]
            async with asyncio.timeout(20):
                while (await _audited(store, subject))[-2:] != told:
                    await asyncio.sleep(0.1)
            assert ("denied", "", "not_proven") in await _audited(store, workflow_id)
            await handle.terminate()


async def test_a_report_of_delivery_counts_only_from_the_mailroom(
    env: WorkflowEnvironment, store: Store, issuer: Issuer
) -> None:
    async with guarded(env, store, issuer) as office:
        case = await _filed(office, issuer)
        await case.at("asked")
        await case.written()
        async with store.read() as session:
            asked = select(MailRow.id).where(MailRow.number == case.number, col(MailRow.ask).is_not(None))
            mail = (await session.exec(asked)).one()
        report = {"mail": mail, "delivered": False, "code": "no_such_user"}
        for token in (None, issuer.sign(SERVICE, case_id(case.number))):
            await case.handle.signal("mail", report | ({"token": token} if token else {}))
        async with asyncio.timeout(20):
            while (await case.view()).refusals < 2:
                await asyncio.sleep(0.05)
        assert "undelivered" not in await case.kinds()
        vouched = Gate(own_key=b"w" * 32).vouch(MAILROOM_ID, case_id(case.number))
        await case.handle.signal("mail", report | {"token": vouched})
        await case.until("undelivered")
        async with asyncio.timeout(20):
            while len(denied := [row for row in await _audited(store, case.number) if row[0] == "denied"]) < 2:
                await asyncio.sleep(0.1)
        assert denied == [("denied", "", "not_proven")] * 2
        assert "eyJ" not in str(await case.events())


async def test_that_a_refund_came_back_counts_only_with_its_senders_token_for_a_case_that_has_ended_too(
    env: WorkflowEnvironment, store: Store, issuer: Issuer
) -> None:
    async with guarded(env, store, issuer) as office:
        case = await _filed(office, issuer)
        await case.at("asked")
        await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="x", token=issuer.sign(GOODS_DEPT))
        await case.at("feedback")
        reference = str((await case.until("executed")).data["reference"])
        alone = {"reference": reference, "code": "account_closed", "token": issuer.sign(RETURNS, case_id(case.number))}
        assert (await case.refusal("taken_back", RETURNS, **alone))[0] == "not_proven"
        await case.send("feedback", SERVICE, satisfied=True, token=issuer.sign(SERVICE))
        await case.result()
        news = TakenBack(actor=RETURNS, reference=reference, code="account_closed")

        async def told(token: str | None) -> str:
            with env.with_time_skipping_disabled():
                queue = office.settings.task_queue
                told = await tell_taken_back(office.client, news, task_queue=queue, tokens=lambda _: token, wait=30)
            return told.code

        to = taken_back_id(reference)
        unproven = (None, issuer.sign(SERVICE, to), issuer.sign(RETURNS, case_id(case.number)))
        assert [await told(token) for token in unproven] == ["not_proven"] * 3
        assert (await case.view()).stage == "closed"
        assert await told(issuer.sign(RETURNS, to)) == "accepted"
        assert (await case.at("task")).refunded == 0
        assert [row[0] for row in await _audited(store, to)] == ["denied"] * 3


async def test_the_decision_of_an_incident_counts_only_from_the_service_whoever_may_decide_one(
    env: WorkflowEnvironment, store: Store, issuer: Issuer
) -> None:
    load_packs()
    pack = known(quality_pack(f"q{uuid.uuid4().hex[:8]}"))
    async with guarded(env, store, issuer) as office:
        number = new_number()
        token = issuer.sign("storefront", case_id(number))
        case = await office.start(complaint_data(procedure=pack.name) | {"token": token}, number=number)
        await case.at("asked")
        made_up = {"incident": "IN20260302001", "grant": True, "reason": "x", "liable": liable(merchant=100)}
        alone = made_up | {"token": issuer.sign(LEADER, case_id(number))}
        standing = {"departments": _directory().departments_of(LEADER)}
        for said in (alone, alone | {"standing": standing}):
            assert (await case.refusal("incident", LEADER, **said))[0] == "not_proven"
        await case.signal("incident", LEADER, **alone)
        async with asyncio.timeout(20):
            while [row[0] for row in await _audited(store, number)].count("denied") < 3:
                await asyncio.sleep(0.1)
        assert (await case.view()).stage == "asked"
        vouched = Gate(own_key=b"w" * 32).vouch(LEADER, case_id(number))
        assert (await case.send("incident", LEADER, **made_up, token=vouched))["code"] == "accepted"


async def test_a_complaint_of_nobody_known_opens_no_case(
    env: WorkflowEnvironment, store: Store, issuer: Issuer
) -> None:
    async with guarded(env, store, issuer) as office:
        stranger = Issuer(issuer.public.parent / "other").sign("storefront")
        for token, code in ((None, "not_proven"), (stranger, "not_proven"), (issuer.sign("张三"), "unknown_actor")):
            number = new_number()
            case = await office.start(complaint_data() | ({"token": token} if token else {}), number=number)
            with pytest.raises(WorkflowFailureError) as failed:
                await case.handle.result()
            assert isinstance(failed.value.cause, ApplicationError)
            assert failed.value.cause.type == code
            assert await _audited(store, number) == [("denied", "", code)]


async def test_word_of_returned_goods_that_passes_the_case_by_pays_nothing_and_is_denied_in_the_audit_trail(
    env: WorkflowEnvironment, store: Store, issuer: Issuer
) -> None:
    async with guarded(env, store, issuer) as office:
        number = new_number()
        token = issuer.sign("storefront", case_id(number))
        returns = {"demand": {"kind": "return_and_refund"}, "token": token}
        case = await office.start(complaint_data() | returns, number=number)
        await case.at("asked")
        await case.send("confirm", GOODS_DEPT, liable=liable(merchant=100), reason="x", token=issuer.sign(GOODS_DEPT))
        child = (await case.at("executing")).child
        remedy = await under_way(office.client, child or "")
        for _ in range(2):
            await remedy.signal("goods", {"actor": RETURNS, "accepted": True})
            async with asyncio.timeout(20):
                while ("denied", "", "not_proven") not in await _audited(store, number):
                    await asyncio.sleep(0.1)
        await case.send("goods", RETURNS, accepted=False, token=issuer.sign(RETURNS))
        seen = await case.at("task")
        assert (seen.refunded, seen.task and seen.task.code) == (0, "goods_rejected")
        assert [row for row in await _audited(store, number) if row[0] == "denied"] == [("denied", "", "not_proven")]
