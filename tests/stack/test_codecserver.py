"""The codec server: opens payloads for whoever may read them, and for nobody else, on this machine only."""

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from google.protobuf import json_format
from sqlalchemy import text
from sqlmodel import col, select
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from activities.store import Store
from models.tables import AuditRow
from starter.codecserver import BODY_LIMIT, CodecServerError, serving
from starter.issuer import Issuer
from starter.keyring import KeyRing
from starter.seal import Sealer
from starter.settings import Settings, load_settings
from starter.stack import LocalStack
from starter.wire import data_converter

KEYS = f"a:{base64.b64encode(os.urandom(32)).decode()}"
RING = KeyRing.parse(KEYS)
UI = "http://127.0.0.1:8233"
WORDS = "水壶漏水"
LOCAL = "127.0.0.1:7233"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path, codec={"keys": KEYS, "origins": [UI]})


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with (
        serving(settings, LOCAL, port=0) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        yield client


def bearer(settings: Settings, name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {Issuer(settings.home).sign(name)}"}


async def sealed() -> str:
    payloads = await Sealer(RING).encode([Payload(metadata={"encoding": b"json/plain"}, data=WORDS.encode())])
    return json_format.MessageToJson(Payloads(payloads=payloads))


def opened(answer: httpx2.Response) -> str:
    return json_format.Parse(answer.text, Payloads()).payloads[0].data.decode()


async def audited(settings: Settings) -> list[tuple[str, str]]:
    store = Store(settings.database)
    async with store.read() as session:
        rows = (await session.exec(select(AuditRow).order_by(col(AuditRow.seq)))).all()
    await store.close()
    return [(row.kind, row.actor) for row in rows]


async def test_who_needs_customers_data_has_payloads_opened_and_that_is_recorded(
    server: httpx2.AsyncClient, settings: Settings
) -> None:
    answers = [
        await server.post(path, content=await sealed(), headers=bearer(settings, "徐莉"))
        for path in ("/decode?preserveStorageRefs=true", "/default/decode")
    ]
    assert [(answer.status_code, opened(answer)) for answer in answers] == [(200, WORDS)] * 2
    back = await server.post("/encode", content=answers[-1].text, headers=bearer(settings, "耿焰"))
    again = await server.post("/decode", content=back.text, headers=bearer(settings, "徐莉"))
    assert WORDS not in back.text
    assert opened(again) == WORDS
    assert await audited(settings) == [("read", "徐莉")]


async def test_nothing_is_opened_before_its_row_stands_and_many_requests_at_once_make_one_row(
    server: httpx2.AsyncClient, settings: Settings
) -> None:
    who, body = bearer(settings, "徐莉"), await sealed()

    async def rename(old: str, new: str) -> None:
        store = Store(settings.database)
        async with store.write() as session:
            await (await session.connection()).execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
        await store.close()

    await rename("audit_row", "away")
    assert (await server.post("/decode", content=body, headers=who)).status_code == 500
    await rename("away", "audit_row")
    answers = await asyncio.gather(*(server.post("/decode", content=body, headers=who) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert await audited(settings) == [("read", "徐莉")]


async def test_nobody_else_has(server: httpx2.AsyncClient, settings: Settings, tmp_path: Path) -> None:
    body = await sealed()
    forged = {"authorization": f"Bearer {Issuer(tmp_path / 'other').sign('徐莉')}"}
    for headers, status in (
        ({}, 401),
        ({"origin": UI}, 401),
        ({"authorization": "Basic eA=="}, 401),
        (forged, 401),
        (bearer(settings, "张三"), 401),
        (bearer(settings, "耿焰"), 403),
    ):
        answer = await server.post("/decode", content=body, headers=headers)
        assert answer.status_code == status
        assert WORDS not in answer.text
        assert answer.json()["message"]
    assert await audited(settings) == [("denied", "耿焰")]


async def test_what_is_no_list_of_payloads_is_refused(server: httpx2.AsyncClient, settings: Settings) -> None:
    who = bearer(settings, "徐莉")
    for body, status in ((b"{", 400), (b"\xff", 400), (b'{"payloads": 1}', 400), (b" " * (BODY_LIMIT + 1), 413)):
        assert (await server.post("/decode", content=body, headers=who)).status_code == status
    assert (await server.get("/decode", headers=who)).status_code == 405
    other = await Sealer(KeyRing.parse(KEYS.replace("a:", "gone:"))).encode([Payload()])
    answer = await server.post("/decode", content=json_format.MessageToJson(Payloads(payloads=other)), headers=who)
    assert (answer.status_code, "'gone' is not in the key ring" in answer.text) == (409, True)


@pytest.mark.parametrize(("origin", "allowed"), [(UI, UI), ("http://evil.example", None), ("null", None)])
async def test_a_browser_may_call_it_from_the_named_pages_only(
    server: httpx2.AsyncClient, origin: str, allowed: str | None
) -> None:
    asking = {"origin": origin, "access-control-request-method": "POST"}
    asking["access-control-request-headers"] = "authorization,content-type,x-namespace"
    answer = await server.options("/decode", headers=asking)
    assert answer.headers.get("access-control-allow-origin") == allowed


async def test_open_to_the_ui_means_its_page_needs_no_token_and_others_do(settings: Settings) -> None:
    async with (
        serving(settings, LOCAL, port=0, open_to_ui=True) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        body = await sealed()
        answers = [await client.post("/decode", content=body, headers={"origin": page}) for page in (UI, UI + "1", "")]
    assert [answer.status_code for answer in answers] == [200, 401, 401]
    assert opened(answers[0]) == WORDS


async def test_it_does_not_run_without_keys_or_open_to_the_world(tmp_path: Path) -> None:
    for codec, told in (({}, "codec.keys"), ({"keys": KEYS, "host": "0.0.0.0", "open_to_ui": True}, "open_to_ui")):  # noqa: S104
        with pytest.raises(CodecServerError, match=told):
            async with serving(load_settings(home=tmp_path, codec=codec), LOCAL, port=0):
                pass


async def test_the_temporal_program_shows_what_it_may(
    env: WorkflowEnvironment, settings: Settings, server: httpx2.AsyncClient
) -> None:
    client = Client(env.client.service_client, namespace=env.client.namespace, data_converter=data_converter(RING))
    with env.with_time_skipping_disabled():
        await client.start_workflow("Nothing", WORDS, id="sealed-show", task_queue="nobody")
    address = env.client.service_client.config.target_host
    program, codec = str(Path(sys.executable).with_name("temporal")), str(server.base_url)
    words = [program, *f"workflow show -w sealed-show --address {address} --codec-endpoint {codec} -o json".split()]

    async def shown(**more: str) -> str:
        done = await asyncio.to_thread(
            subprocess.run, words, capture_output=True, text=True, check=False, env=dict(os.environ) | more
        )
        return done.stdout + done.stderr

    token = bearer(settings, "徐莉")["authorization"]
    seen = base64.b64encode(f'"{WORDS}"'.encode()).decode()
    assert seen in await shown(TEMPORAL_CODEC_AUTH=token)
    assert seen not in await shown()


async def test_a_local_stack_with_keys_opens_payloads_for_its_own_web_page(settings: Settings) -> None:
    local = settings.local.model_copy(update=dict.fromkeys(("port", "ui_port", "http_port", "smtp_port"), 0))
    codec = settings.codec.model_copy(update={"port": 0, "origins": ()})
    stack = LocalStack(settings.model_copy(update={"local": local, "codec": codec}), make_worker=_nobody)
    async with stack, httpx2.AsyncClient(trust_env=False) as browser:
        told = (await browser.get(f"{stack.ui_url}/api/v1/settings")).json()["Codec"]
        assert told["Endpoint"].startswith("http://127.0.0.1:")
        for origin, status in ((stack.ui_url, 200), ("http://127.0.0.1:1", 401)):
            answer = await browser.post(
                f"{told['Endpoint']}/decode", content=await sealed(), headers={"origin": origin}
            )
            assert answer.status_code == status


@asynccontextmanager
async def _nobody(client: Client, settings: Settings) -> AsyncIterator[None]:
    yield
