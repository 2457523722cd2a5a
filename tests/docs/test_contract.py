"""docs/contract.md against the code: each JSON example is valid, every name is there, and the example case runs."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from models import names
from models.base import NOTE_LIMIT, PAYLOAD_LIMIT
from models.case import Basis, Event, Exit
from models.commands import COMMANDS
from models.complaint import Complaint, DemandKind
from models.procedure import Procedure
from models.stage import Stage
from procedures import HERE, read_pack
from rules.record import KEPT_EVENTS
from starter.cli.schemas import MODELS
from tests.support import Office
from workflows import attributes

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ROOT / "texts"
CONTRACT = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"```json ?(\w*)\n(.*?)```", CONTRACT, re.DOTALL)
SENT = re.findall(r"temporal workflow (?:signal|update execute) .*?--name (\w+) \\\n  --input '(.*?)'", CONTRACT)
EXAMPLES: dict[str, Any] = {name: json.loads(block) for name, block in BLOCKS}


@pytest.fixture(scope="module")
def pack() -> Procedure:
    return read_pack(HERE / "marketplace.procedure.toml")


@pytest.mark.parametrize(("name", "block"), [*BLOCKS, *SENT], ids=lambda value: value[:20])
def test_every_example_is_a_valid_message(name: str, block: str) -> None:
    if name == "timeline":
        events = TypeAdapter(list[Event]).validate_json(block)
        assert [set(item) for item in json.loads(block)] == [set(Event.model_fields)] * len(events)
        return
    model = MODELS[name]
    model.model_validate_json(block)
    assert set(json.loads(block)) <= set(model.model_fields)


def test_there_is_an_example_of_everything_sent_and_returned() -> None:
    assert set(EXAMPLES) == {"complaint", *COMMANDS, "taken_back", "mail", "verdict", "view", "timeline", "result"}
    assert [name for name, _ in SENT] == ["confirm", "feedback"]
    assert set(EXAMPLES["view"]) == set(MODELS["view"].model_fields)
    assert set(EXAMPLES["result"]) == set(MODELS["result"].model_fields)


def test_every_name_on_the_wire_is_there() -> None:
    wire = [
        names.TASK_QUEUE,
        names.COMPLAINT,
        names.REFUND,
        names.EXCHANGE,
        names.VIEW,
        names.TIMELINE,
        names.MAIL_REPORT,
        names.REFUND_TAKEN_BACK,
        names.taken_back_id("REFERENCE"),
        names.case_id("NUMBER"),
        names.remedy_id("NUMBER", 1, 1, names.REFUND).removesuffix("1") + "DECISION",
        *(key.name for key in attributes.ALL),
        *(code.value for code in names.Refused),
        *(word.value for kind in (Exit, Stage, Basis, DemandKind) for word in kind),
    ]
    assert [name for name in wire if f"`{name}`" not in CONTRACT] == []


def test_every_command_has_its_section_and_every_field_its_mention() -> None:
    sections = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^##)", CONTRACT, re.DOTALL | re.MULTILINE))
    assert list(sections) == list(COMMANDS)
    common = {"actor", "department", "command_id", "token", "standing"}
    for name, model in COMMANDS.items():
        fields = set(model.model_fields) - common
        assert [
            field for field in fields if f'"{field}"' not in sections[name] and f"`{field}`" not in sections[name]
        ] == []


def test_the_table_of_fields_has_every_field_of_a_complaint() -> None:
    table = CONTRACT.partition("| field | needed | meaning |")[2].partition("## Messages")[0]
    for field, info in Complaint.model_fields.items():
        inner = getattr(info.annotation, "model_fields", {}) if field in {"complainant", "order", "demand"} else {}
        for name in [f"{field}.{part}" for part in inner] or [field]:
            assert f"`{name}`" in table or f"`.{name.partition('.')[2]}`" in table, name


def test_the_table_of_senders_is_the_procedures(pack: Procedure) -> None:
    table = CONTRACT.partition("## Who may send what")[2].partition("## Refusals")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE))
    assert rows == {name: ", ".join(who) for name, who in pack.authority.items()}


def test_every_kind_of_line_in_the_record_is_there() -> None:
    listed = CONTRACT.partition("`kind` is one of:")[2].partition("`data` holds")[0]
    kinds = re.findall(r"`(\w+)`", listed)
    assert set(kinds) == set(tomllib.loads((TEXTS / "en.toml").read_text(encoding="utf-8"))["event"])


def test_the_limits_are_the_codes() -> None:
    assert f"**{PAYLOAD_LIMIT // 1024} KiB**" in CONTRACT
    assert f"**{NOTE_LIMIT}**" in CONTRACT
    assert f"last {KEPT_EVENTS} lines" in CONTRACT


async def test_the_example_of_a_case_runs_as_written(office: Office) -> None:
    case = await office.start(EXAMPLES["complaint"])
    await case.at("asked")
    signal, update = (json.loads(message) for _, message in SENT)
    await case.handle.signal("confirm", signal)
    await case.at("feedback")
    assert set(await case.handle.query(names.VIEW)) == set(EXAMPLES["view"])
    lines = {line["kind"]: line["data"] for line in await case.handle.query(names.TIMELINE)}
    assert [set(lines[line["kind"]]) for line in EXAMPLES["timeline"]] == [
        set(line["data"]) for line in EXAMPLES["timeline"]
    ]
    assert await case.handle.execute_update("feedback", update) == EXAMPLES["verdict"]
    result = await case.handle.result()
    assert result == EXAMPLES["result"] | {"number": case.number}
