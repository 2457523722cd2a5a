"""G9: a canary in every channel a person's words, names or secrets can come by; then every place where none may be.

    python -m tests.lanes.canaries --seed 7 --n 3

`redress dev` with sealing and DEBUG logs, `n` cases. Sought in: the Temporal server's file, its histories as stored,
every log, the audit trail, the settings' secrets in SQL, what the command line shows to a department that needs no
personal data, reports, and mails to the wrong party. Only ids may be found: customer, order, goods, names of messages.
"""

import argparse
import asyncio
import base64
import json
import sqlite3
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from temporalio.client import (
    Client,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
)
from temporalio.service import RPCError

from models.names import COMPLAINT, case_id
from starter.keyring import KeyRing
from starter.wire import DATA_CONVERTER, data_converter
from tests.builders import GOODS_DEPT, PANEL, SERVICE, complaint_data, liable
from tests.e2e.conftest import Premises
from tests.lanes.common import Lane, main, options

PERSONAL = ("name", "email", "phone")
IN_CLEAR = ("customer id", "order number", "signal name", "command id")
"""Ids, and names of messages: the places where nobody may write about a person. Found, and allowed to be."""
READS = (("show", "--json"), ("timeline",), ("timeline", "--json"), ("watch", "--once"))


@dataclass
class Canaries:
    """One case's canaries: channel -> what is sought."""

    number: str
    dice: Random
    of: dict[str, str] = field(default_factory=dict)

    def word(self, channel: str) -> str:
        """A word nobody else writes."""
        return self.of.setdefault(channel, f"CANARY{self.dice.randbytes(6).hex()}")

    def complaint(self) -> dict[str, Any]:
        """The complaint, full of them."""
        self.of.setdefault("phone", f"188{self.dice.randrange(10**8):08}")
        self.of.setdefault("email", f"{self.word('name').lower()}@customers.example")
        line = {
            "sku": "SKU-1",
            "quantity": 1,
            "unit_price": 12_800,
            "name": self.word("product"),
            "category": self.word("category"),
        }
        return complaint_data(
            complainant={
                "id": self.word("customer id"),
                "name": self.word("name"),
                "email": self.of["email"],
                "phone": self.of["phone"],
            },
            order={"number": self.word("order number"), "lines": [line]},
            text=f"水壶漏水 {self.word('complaint text')}",
            evidence=[f"https://photos.example/{self.word('evidence')}"],
            contact={"by": self.word("contact by"), "note": self.word("contact note")},
        )


class Street:
    """The running stack, and what is done in it."""

    def __init__(self, lane: Lane, premises: Premises, client: Client, queue: str) -> None:
        self._lane, self._premises, self._client, self._queue = lane, premises, client, queue
        self.cases: list[Canaries] = []

    async def one(self) -> None:
        """A case from the complaint to the customer's word, with everything wrong on its way."""
        canaries = Canaries(f"CN-{self._lane.dice.randrange(10**9)}", self._lane.dice)
        self.cases.append(canaries)
        handle = await self._client.start_workflow(
            COMPLAINT,
            canaries.complaint(),
            id=case_id(canaries.number),
            task_queue=self._queue,
            memo={"note": canaries.word("memo")},
            static_summary=canaries.word("summary"),
        )
        await _at(handle, "asked")
        await self._wrong(canaries, handle)
        said = {"liable": liable(customer=100), "reason": canaries.word("determination")}
        await _say(handle, "confirm", GOODS_DEPT, command_id=canaries.word("command id"), **said)
        await _say(handle, "contest", SERVICE, by="customer", reason=canaries.word("contest"))
        await _say(handle, "decide", PANEL, grant=True, liable=liable(merchant=100), reason=canaries.word("decision"))
        await _at(handle, "feedback")
        await _say(
            handle,
            "feedback",
            SERVICE,
            satisfied=True,
            reason=f"{canaries.word('feedback')}: {canaries.of['name']}, {canaries.of['phone']}",
        )
        await handle.result()

    async def _wrong(self, canaries: Canaries, handle: WorkflowHandle[Any, Any]) -> None:
        """What strangers and broken programs send."""
        word = canaries.word
        for args in (
            [{"actor": SERVICE, word("field name"): 1}],
            [{"actor": word("stranger"), "reason": word("stranger's words")}],
            [{"actor": SERVICE, "reason": [word("wrong type")]}],
            [{"actor": SERVICE, "reason": word("too long") * 200}],
            [word("not an object")],
            [{"actor": SERVICE}, word("second argument")],
            [{"actor": SERVICE, "reason": "x", "token": f"e.{word('token')}.s"}],
            [word("nul") + "\0"],
        ):
            await handle.signal("withdraw", args=args)
            with suppress(WorkflowUpdateFailedError, RPCError):
                await handle.execute_update("insist", args=args)
        await handle.signal(word("signal name"), word("unknown signal"))
        with suppress(WorkflowQueryFailedError, RPCError):
            await handle.query("view", word("query argument"))
        bad = canaries.complaint() | {"cause": word("bad cause")}
        for number, content in ((f"{canaries.number}-B", bad), (f"{canaries.number}-C", {"text": word("bad start")})):
            failing = await self._client.start_workflow(COMPLAINT, content, id=case_id(number), task_queue=self._queue)
            with suppress(WorkflowFailureError):
                await failing.result()

    async def histories(self) -> bytes:
        """Everything the server gives out, as it has it."""
        plain = Client(self._client.service_client, namespace=self._client.namespace, data_converter=DATA_CONVERTER)
        found = []
        async for run in plain.list_workflows():
            found.append(run.raw_info.SerializeToString())
            handle = plain.get_workflow_handle(run.id, run_id=run.run_id)
            found += [event.SerializeToString() async for event in handle.fetch_history_events()]
        self._lane.counts["events"] = len(found)
        return b"\n".join(found)

    async def shown(self) -> bytes:
        """What a department without need of personal data is shown, and the reports."""
        out = []
        await self._premises.run("login", "--as", GOODS_DEPT)
        for verb, *more in READS:
            out += [await self._premises.run(verb, *more, canaries.number) for canaries in self.cases]
        out += [await self._premises.run("list", "--json"), await self._premises.run("mails", "--full")]
        await self._premises.run("login", "--as", SERVICE)
        out += [
            await self._premises.run("report", name, "--format", "csv")
            for name in ("disputes", "out-of-rule", "metrics")
        ]
        self._lane.counts["commands"] = len(out)
        return "\n".join(f"{told} {complained}" for _, told, complained in out).encode()


async def _say(handle: WorkflowHandle[Any, Any], name: str, actor: str, **fields: Any) -> None:
    await handle.execute_update(name, {"actor": actor, **fields})


async def _at(handle: WorkflowHandle[Any, Any], stage: str) -> None:
    async with asyncio.timeout(60):
        while True:
            view = await handle.query("view")
            if view is not None and view["stage"] == stage:
                return
            await asyncio.sleep(0.1)


def sought(lane: Lane, place: str, content: bytes, words: dict[str, str]) -> None:
    """No word of these in the content, however the place spells it."""
    spelt = content.lower()
    for channel, word in words.items():
        forms = {word.lower().encode(), base64.b64encode(word.encode()).rstrip(b"=")[:-1].lower()}
        found = [form for form in forms if form in spelt]
        if channel in IN_CLEAR:
            lane.counts[f"{channel} in {place}, as it may be"] += bool(found)
        else:
            lane.must(not found, f"{place}: the canary of {channel!r} was found")


def mails_of(home: Path) -> list[tuple[str, str]]:
    """To whom and what, opened."""
    from starter.mailcatcher import read_mails

    return [(" ".join(mail.to), f"{mail.subject}\n{mail.text}") for mail in read_mails(home / "mails")]


async def canaries(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("canaries", given.seed, given.n)
    key = base64.b64encode(lane.dice.randbytes(32)).decode()
    with tempfile.TemporaryDirectory(prefix="redress-canaries-") as folder:
        home = Path(folder)
        secret = f"CANARY{lane.dice.randbytes(6).hex()}"
        premises = Premises(
            home,
            {"REDRESS_CODEC__KEYS": f"c:{key}", "REDRESS_LOG_LEVEL": "debug", "REDRESS_AUTH__WORKER_KEY": secret * 3},
        )
        stack = await premises.stack()
        try:
            address = json.loads((home / "stack.json").read_text())["address"]
            client = await Client.connect(address, data_converter=data_converter(KeyRing.parse(f"c:{key}")))
            street = Street(lane, premises, client, "redress")
            for _ in range(lane.n):
                await street.one()
            histories, shown = await street.histories(), await street.shown()
        finally:
            stack.terminate()
            await stack.wait()
        look(lane, home, street.cases, histories, shown, {"codec key": key, "worker key": secret})
    return lane


def look(
    lane: Lane, home: Path, cases: list[Canaries], histories: bytes, shown: bytes, secrets: dict[str, str]
) -> None:
    """Everywhere."""
    server = b"".join(file.read_bytes() for file in home.glob("temporal.db*"))
    logs = b"".join(file.read_bytes() for file in home.rglob("*.log*"))
    with sqlite3.connect(home / "redress.db") as raw:
        audit = str(raw.execute("SELECT * FROM audit_row").fetchall()).encode()
        tables = "\n".join(raw.iterdump()).encode()
    raw.close()
    mails = mails_of(home)
    lane.counts |= {"server bytes": len(server), "log lines": logs.count(b"\n"), "mails": len(mails)}
    lane.counts["channels"] = len(cases[0].of) + len(secrets)
    for place, content in (
        ("server's file", server),
        ("histories", histories),
        ("logs", logs),
        ("audit", audit),
        ("SQL", tables),
    ):
        sought(lane, place, content, secrets)
    for canaries in cases:
        for place, content in (("server's file", server), ("histories", histories), ("logs", logs), ("audit", audit)):
            sought(lane, place, content, canaries.of)
        personal = {channel: canaries.of[channel] for channel in PERSONAL}
        sought(lane, "shown", shown, personal)
        lane.must(canaries.of["complaint text"].encode() in tables, "SQL: the words that belong there were not found")
        sought(lane, "SQL", tables, {"token": canaries.of["token"]})
        for to, text in mails:
            if canaries.number not in text:
                sought(lane, f"a mail to {to} of another case", text.encode(), canaries.of)
            if canaries.of["email"] not in to:
                sought(lane, f"a mail to {to}", text.encode(), personal)


if __name__ == "__main__":
    main(canaries(options("canaries", 3)))
