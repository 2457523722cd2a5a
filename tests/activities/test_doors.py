"""Who gets in, at the door of a case and at the start of everything else, without a server: whom a token proves."""

import asyncio
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select
from temporalio.exceptions import ApplicationError

from activities.door import PATIENCE, RECOVERY, Door
from activities.doorkeeper import Doorkeeper
from activities.identity import ANOTHER, MISSING, Gate, KeyFile
from activities.store import Store
from models.case import Verdict
from models.commands import Confirm, Standing
from models.pages import Knock
from models.tables import AuditRow
from starter.issuer import Issuer
from tests.support import GOODS_DEPT, SERVICE, everybody, liable

CASE = "complaint.C-1"
STRANGER = "陌生人"
Denials = list[tuple[str, str, dict[str, Any]]]


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    made = Issuer(tmp_path_factory.mktemp("home"))
    made.ensure()
    return made


def gate(issuer: Issuer, *, required: bool) -> Gate:
    return Gate(KeyFile(issuer.public), required=required, issuer="redress", own_key=b"w" * 32 if required else None)


async def denials(store: Store) -> Denials:
    async with store.read() as session:
        rows = await session.exec(select(AuditRow).where(AuditRow.kind == "denied").order_by(col(AuditRow.seq)))
        return [(row.subject, row.actor, row.data) for row in rows]


async def believed(store: Store, believes: Gate, token: str | None, run: str = "r-1", **who: Any) -> str:
    """The type of the refusal, "" where there is none."""
    keeper = Doorkeeper(store, believes, everybody)
    asked: dict[str, Any] = {
        "to": CASE,
        "run_id": run,
        "at": datetime.now(UTC),
        "what": "complaint",
        "subject": CASE,
    } | who
    try:
        await keeper.believe(token, **asked)
    except ApplicationError as refused:
        return f"{refused.type}: {refused.message}" if refused.non_retryable else "tried again"
    return ""


async def test_nothing_begins_without_a_token_where_the_service_asks_for_one(store: Store, issuer: Issuer) -> None:
    assert await believed(store, gate(issuer, required=True), None) == f"not_proven: {MISSING}"
    assert await denials(store) == [(CASE, "", {"code": "not_proven", "message": "complaint"})]
    assert await believed(store, gate(issuer, required=False), None) == ""


@pytest.mark.parametrize("required", [True, False])
async def test_a_token_that_is_there_must_be_somebodys_of_the_directory_and_the_actors_own(
    store: Store, issuer: Issuer, required: bool
) -> None:
    asks = gate(issuer, required=required)
    own = issuer.sign(GOODS_DEPT, CASE)
    assert await believed(store, asks, own, actor=GOODS_DEPT) == await believed(store, asks, own) == ""
    assert await believed(store, asks, own, actor=SERVICE) == f"not_proven: {ANOTHER}"
    assert (await believed(store, asks, issuer.sign(STRANGER, CASE))).startswith("unknown_actor: ")
    assert "another case" in await believed(store, asks, own, to="complaint.C-2")
    forged = Issuer(issuer.public.parent / "forger").sign(GOODS_DEPT, CASE)
    assert (await believed(store, asks, forged)).startswith("not_proven: token: is not signed")


async def test_a_token_that_was_good_when_something_was_begun_is_good_however_late_it_is_looked_at(
    store: Store, issuer: Issuer
) -> None:
    then = datetime.now(UTC) - timedelta(days=2)
    token = Issuer(issuer.public.parent, lambda: then).sign(GOODS_DEPT, CASE)
    assert await believed(store, gate(issuer, required=True), token, at=then) == ""
    assert "had expired" in await believed(store, gate(issuer, required=True), token)


async def test_whom_our_own_workers_vouch_for_need_not_be_in_the_directory(store: Store, issuer: Issuer) -> None:
    asks = gate(issuer, required=True)
    assert await believed(store, asks, asks.vouch("redress.call", CASE)) == ""


async def test_a_denial_is_noted_once_for_the_run_that_asked(store: Store, issuer: Issuer) -> None:
    asks = gate(issuer, required=True)
    for run in ("r-1", "r-1", "r-2"):
        assert (await believed(store, asks, None, run)).startswith("not_proven")
    assert len(await denials(store)) == 2


def knock(actor: str = STRANGER, **changes: Any) -> Knock:
    command = Confirm(
        actor=actor, liable=liable(merchant=100), reason="x", standing=Standing(departments=("merchandise",))
    )
    made = Knock("C-1", CASE, "run", str(uuid.uuid4()), "confirm", command, datetime.now(UTC))
    return made._replace(**changes)


@pytest.fixture
async def door(store: Store) -> Callable[[Knock], Any]:
    """Asked as a workflow's thread asks it."""
    made = Door(store, Gate(), everybody, asyncio.get_running_loop())
    return lambda knocks: asyncio.to_thread(made, knocks)


async def test_a_denial_at_the_door_is_noted_once_however_often_the_step_is_tried(
    store: Store, door: Callable[[Knock], Any]
) -> None:
    again = knock()
    for knocks in (again, again, knock(GOODS_DEPT), knock(name="x" * 100)):
        verdict = await door(knocks)
        assert (verdict is None) is (knocks.command.actor == GOODS_DEPT)
    told = {"code": "wrong_standing", "event": "door"}
    assert await denials(store) == [
        ("C-1", "", told | {"message": "confirm"}),
        ("C-1", "", told | {"message": "x" * 60}),
    ]


async def test_a_token_counts_at_the_door_as_of_when_the_case_saw_it_and_for_that_case_only(
    store: Store, issuer: Issuer
) -> None:
    door = Door(store, gate(issuer, required=True), everybody, asyncio.get_running_loop())
    then = datetime.now(UTC) - timedelta(days=2)
    token = Issuer(issuer.public.parent, lambda: then).sign(GOODS_DEPT, CASE)
    shown = knock(GOODS_DEPT)
    shown = shown._replace(at=then, command=shown.command.model_copy(update={"token": token}))
    assert await asyncio.to_thread(door, shown) is None
    late, elsewhere = shown._replace(at=datetime.now(UTC)), shown._replace(workflow_id="complaint.C-2", update_id="u-2")
    for wrong in (late, elsewhere, knock(GOODS_DEPT)):
        refused = await asyncio.to_thread(door, wrong)
        assert refused is not None
        assert refused.code == "not_proven"
    assert [(actor, data["code"]) for _, actor, data in await denials(store)] == [(GOODS_DEPT, "not_proven")] * 3


async def test_what_is_said_of_nobodys_standing_is_refused(door: Callable[[Knock], Any]) -> None:
    unsaid = knock(GOODS_DEPT, command=knock(GOODS_DEPT).command.model_copy(update={"standing": None}))
    refused: Verdict = await door(unsaid)
    assert (refused.accepted, refused.code) == (False, "wrong_standing")


async def test_a_thread_that_waited_for_the_database_in_vain_waits_no_more_until_it_has_rested(tmp_path: Path) -> None:
    class Hanging(Store):
        """A database that answers nobody."""

        def write(self) -> Any:
            return _Never()

    store = Hanging(f"sqlite+aiosqlite:///{tmp_path}/none.db")
    door = Door(store, Gate(), everybody, asyncio.get_running_loop())

    def knocked(times: int) -> float:
        began = time.monotonic()
        for _ in range(times):
            refused = door(knock())
            assert refused is not None
            assert "could not be looked up now" in refused.reason
        return time.monotonic() - began

    def course() -> tuple[float, float, float]:
        first = knocked(1)
        many = knocked(20)
        time.sleep(max(0.0, (first + many - PATIENCE * 2 / 3) / RECOVERY))  # a busy machine takes longer than it may
        return first, many, knocked(1)

    first, many, rested = await asyncio.to_thread(course)
    assert first > PATIENCE * 0.9
    assert many < 20 * PATIENCE / 4, "a step of 20 forgeries takes little longer than one"
    assert rested > PATIENCE / 6
    await store.close()


class _Never:
    async def __aenter__(self) -> None:
        await asyncio.sleep(3600)

    async def __aexit__(self, *_: object) -> None:
        return
