"""Messages as a stranger, a broken program or an attacker sends them, by the seed. Each carries a canary."""

import json
from random import Random
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from models.commands import COMMANDS
from tests.builders import GOODS_DEPT, LEADER, LOGISTICS, PANEL, RETURNS, SERVICE, liable

CANARY = "KANARI-13800001111"
ACTORS = (GOODS_DEPT, LOGISTICS, SERVICE, PANEL, LEADER, RETURNS, "路人", "", "x" * 300, "a\u202eb", CANARY)
NAMES = (
    *COMMANDS, *COMMANDS, "mail", "ruel", "Confirm", "confirm ", "確認", "x" * 900, "__temporal_x", "__stack_trace",
    "view", "a\nb", "';--",
)  # fmt: skip
ENCODINGS = (b"binary/null", b"binary/plain", b"binary/protobuf", b"json/protobuf", b"", b"\xff", b"binary/encrypted")
JUNK: tuple[Any, ...] = (
    None, True, -1, 10**40, 0.1, "", CANARY, [], {}, [[]], {"a": CANARY}, "\u0000", "x" * 3000, [1] * 50,
    {"party": CANARY, "percent": 100}, "NaN", "１２.３４", "=cmd|' /C calc'!A0", "../../etc/passwd",
)  # fmt: skip
BYTES = (
    b"", b"{", b"null", b"\xff\xfe", b"[" * 9_000, b"1" * 6_000, b'{"actor":NaN}', b'"' + CANARY.encode() + b'"',
    b'{"actor": "\\ud800"}', b"{" * 5_000, b'{"actor": "' + b"x" * 70_000 + b'"}', b'{"a":1,"a":2}', b"[1e999]",
)  # fmt: skip


def name(dice: Random) -> str:
    """A message's name, often one of ours."""
    return dice.choice(NAMES)


def arguments(dice: Random, of: str) -> list[Any]:
    """What it brings."""
    kind = dice.random()
    if kind < 0.08:
        return []
    if kind < 0.14:
        return [honest(dice, of), dice.choice(JUNK)]
    if kind < 0.34:
        return [raw(dice.choice(BYTES), dice.choice((b"json/plain", *ENCODINGS)))]
    if kind < 0.44:
        return [raw(dice.randbytes(dice.randrange(2_000)))]
    if kind < 0.5:
        return [dice.choice(JUNK)]
    if kind < 0.56:
        torn = json.dumps(honest(dice, of)).encode()
        return [raw(torn[: dice.randrange(len(torn))])]
    return [mutated(dice, honest(dice, of))]


def raw(data: bytes, encoding: bytes = b"json/plain") -> RawValue:
    """A payload exactly as it is."""
    return RawValue(Payload(metadata={"encoding": encoding}, data=data))


def honest(dice: Random, of: str) -> dict[str, Any]:
    """Something a command could carry, though not to this case or from this person."""
    content: dict[str, Any] = {"actor": dice.choice(ACTORS), "reason": CANARY}
    match of:
        case "confirm":
            content["liable"] = liable(**{dice.choice(("merchant", "carrier", "customer", "martians")): 100})
        case "decide":
            content["grant"] = dice.random() < 0.5
        case "goods":
            content = {"actor": content["actor"], "accepted": dice.random() < 0.5, "note": CANARY}
        case "mail":
            content = {"mail": f"T-{dice.randrange(9)}.1", "delivered": dice.random() < 0.5, "code": "x"}
        case "feedback":
            content["satisfied"] = False
    if dice.random() < 0.2:
        content["standing"] = {"departments": [dice.choice(("merchandise", "customer_service", "panel", "martians"))]}
    if dice.random() < 0.3:
        content["command_id"] = f"c-{dice.randrange(40)}"
    return content


def mutated(dice: Random, content: dict[str, Any]) -> dict[str, Any]:
    """One or two fields taken away, added or spoilt."""
    for _ in range(dice.randrange(3)):
        key = dice.choice([*content, "extra", CANARY])
        if dice.random() < 0.3:
            content.pop(key, None)
        else:
            content[key] = dice.choice(JUNK)
    return content


def complaint(dice: Random, good: dict[str, Any]) -> list[Any]:
    """A start argument: usually not a complaint."""
    kind = dice.random()
    if kind < 0.3:
        return arguments(dice, "")
    spoilt = json.loads(json.dumps(good))
    part = dice.choice((spoilt, spoilt["order"], spoilt["complainant"], spoilt["demand"], spoilt["order"]["lines"][0]))
    part[dice.choice([*part, "extra"])] = dice.choice(JUNK)
    return [spoilt]
