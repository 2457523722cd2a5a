"""The worker is killed in mid-case: the deadline stays where it was and the case ends right, paid once."""

import asyncio
import signal
from datetime import timedelta

import pytest
from sqlmodel import select

from activities.store import Store
from models.tables import GatewayRefund
from procedures import PACKS, load_packs
from starter.settings import Settings
from tests.e2e.conftest import Premises, quick_pack
from tests.server import local_environment
from tests.support import OfCase, Office
from tests.support import test_parts as make_parts

ANSWER_SECONDS = 6


@pytest.mark.timeout(180)
async def test_a_killed_worker_moves_no_deadline_and_pays_once(premises: Premises) -> None:
    packs = premises.home / "packs"
    packs.mkdir()
    (packs / "quick.procedure.toml").write_text(quick_pack(ANSWER_SECONDS), encoding="utf-8")
    database = f"sqlite+aiosqlite:///{premises.home / 'redress.db'}"
    load_packs(packs)
    async with local_environment() as env:
        premises.extra = {
            "TEMPORAL_ADDRESS": env.client.service_client.config.target_host,
            "REDRESS_PROCEDURES_DIR": str(packs),
            "REDRESS_WORKER__GRACEFUL_SHUTDOWN_SECONDS": "1",
        }
        store = Store(database)
        await store.create()
        office = Office(env, Settings(), make_parts(store))
        first = await premises.spawn("worker")
        # The clocks of the others are short: they begin once a worker is there to see them.
        await (await office.start()).at("asked", within=80)
        cases = [await office.start(procedure="quick") for _ in range(5)]
        # By its record: a slow machine may come to look only when a clock has run out.
        asked = [event.at for event in await asyncio.gather(*(case.until("asked", within=40) for case in cases))]
        first.send_signal(signal.SIGKILL)
        await first.wait()
        await asyncio.sleep(ANSWER_SECONDS + 1)
        await premises.spawn("worker")
        for case, at in zip(cases, asked, strict=True):
            seen = await case.at("feedback", within=60)
            silence = await case.until("silence")
            assert silence.at == at + timedelta(seconds=ANSWER_SECONDS)
            assert seen.ruling is not None
            assert (seen.ruling.basis, seen.refunded) == ("silence", 21_000)
        assert await _paid(store, cases) == [1] * len(cases)
        quick = PACKS.pinned("quick.1").clocks.answer
        assert quick is not None
        assert quick.within == timedelta(seconds=ANSWER_SECONDS)
        await premises.close()
        await store.close()


async def _paid(store: Store, cases: list[OfCase]) -> list[int]:
    async with store.read() as session:
        references = (await session.exec(select(GatewayRefund.our_reference))).all()
    return [sum(reference.startswith(case.number) for reference in references) for case in cases]
