"""What probes are told."""

import asyncio
from collections.abc import Mapping
from threading import Thread

import httpx2
import pytest

from starter.errors import OperatorError
from starter.observe.health import Check, health
from starter.ports import free_port


async def well() -> bool:
    return True


async def broken() -> bool:
    raise OSError("gone")


async def hanging() -> bool:
    await asyncio.sleep(30)
    return True


async def ask(path: str, checks: Mapping[str, Check]) -> tuple[int, dict[str, bool]]:
    port = free_port()
    async with health("127.0.0.1", port, checks, patience=0.2), httpx2.AsyncClient() as probe:
        answer = await probe.get(f"http://127.0.0.1:{port}{path}")
        return answer.status_code, answer.json()


async def test_ready_means_that_every_part_answers() -> None:
    assert await ask("/readyz", {"temporal": well, "database": well}) == (
        200,
        {"ok": True, "temporal": True, "database": True},
    )


@pytest.mark.parametrize("check", [broken, hanging])
async def test_a_part_that_fails_or_hangs_is_named_and_leaves_the_worker_alive(check: Check) -> None:
    checks = {"temporal": well, "database": check}
    assert await ask("/readyz?verbose", checks) == (503, {"ok": False, "temporal": True, "database": False})
    assert await ask("/healthz", checks) == (200, {"ok": True})


async def test_an_event_loop_that_hangs_is_not_alive() -> None:
    port, seen = free_port(), []
    probe = Thread(target=lambda: seen.append(httpx2.get(f"http://127.0.0.1:{port}/healthz", timeout=30).status_code))
    async with health("127.0.0.1", port, {}, patience=0.1):
        probe.start()
        probe.join(40)  # the loop hangs until the probe has its answer
    assert seen == [503]


async def test_other_paths_are_not_there_and_a_taken_port_is_one_line() -> None:
    port = free_port()
    async with health("127.0.0.1", port, {}), httpx2.AsyncClient() as probe:
        assert (await probe.get(f"http://127.0.0.1:{port}/metrics")).status_code == 404
        with pytest.raises(OperatorError, match=r"^the health endpoint .*REDRESS_OBSERVE__HEALTH_PORT$"):
            async with health("127.0.0.1", port, {}):
                pass
