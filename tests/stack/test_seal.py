"""The payload codec: sealed with one key, opened with any of the ring, marked where it cannot be opened."""

import base64
import json

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

from models.names import SEALED_PAYLOAD, UNDECODABLE_PAYLOAD, UNSEALED_PAYLOAD
from starter.keyring import KeyRing
from starter.seal import KEY_ID, KeyMissing, Sealer
from starter.settings import SettingsError, load_settings
from starter.wire import data_converter

OLD, NEW = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
RING = KeyRing.parse(f"new:{NEW},old:{OLD}")
CANARY = "13800138000"


def _payload(content: object) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(content).encode())


@pytest.mark.parametrize("size", [1, 50, 300, 70_000])
async def test_what_is_sealed_comes_back_as_it_was_and_shows_nothing(size: int) -> None:
    payload = _payload(CANARY * size)
    (sealed,) = await Sealer(RING).encode([payload])
    assert sealed.metadata["encoding"] == SEALED_PAYLOAD
    assert CANARY.encode() not in sealed.SerializeToString()
    assert await Sealer(RING).decode([sealed]) == [payload]


async def test_a_long_payload_is_smaller_sealed_than_plain() -> None:
    payload = _payload([{"kind": "ruled", "department": "merchandise", "at": "2026-03-01"}] * 5)
    (sealed,) = await Sealer(RING).encode([payload])
    assert sealed.ByteSize() < payload.ByteSize()


async def test_after_a_rotation_old_payloads_open_and_new_ones_take_the_new_key() -> None:
    before = Sealer(KeyRing.parse(f"old:{OLD}"))
    (sealed,) = await before.encode([_payload(1)])
    assert await Sealer(RING).decode([sealed]) == [_payload(1)]
    (fresh,) = await Sealer(RING).encode([_payload(2)])
    assert fresh.metadata[KEY_ID] == b"new"
    with pytest.raises(KeyMissing, match="'new' is not in the key ring"):
        await before.decode([fresh])


async def test_a_payload_nobody_sealed_is_marked_and_its_content_gone_unless_plain_is_accepted() -> None:
    plain = _payload(CANARY)
    (marked,) = await Sealer(RING).decode([plain])
    assert (marked.metadata["encoding"], marked.data) == (UNSEALED_PAYLOAD, b"")
    assert await Sealer(RING, accept_plain=True).decode([plain]) == [plain]


async def test_a_broken_or_forged_seal_is_marked_never_raised() -> None:
    (sealed,) = await Sealer(RING).encode([_payload("x" * 500)])
    other_key = Sealer(KeyRing.parse(f"new:{OLD}"))
    data = sealed.data
    forged = [
        Payload(metadata=sealed.metadata, data=data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        for at in (0, 12, 40, len(data) - 1)
    ]
    forged += [Payload(metadata=sealed.metadata, data=sealed.data[:n]) for n in (0, 5, 12, 20)]
    forged += [Payload(metadata={"encoding": SEALED_PAYLOAD, KEY_ID: b"old"}, data=sealed.data)]
    forged += await other_key.encode([_payload(1)])
    opened = await Sealer(RING).decode(forged)
    assert {payload.metadata["encoding"] for payload in opened} == {UNDECODABLE_PAYLOAD}


async def test_a_key_that_was_never_ours_is_a_broken_seal_once_it_is_named() -> None:
    (sealed,) = await Sealer(KeyRing.parse(f"mine:{OLD}")).encode([_payload(1)])
    with pytest.raises(KeyMissing):
        await Sealer(RING).decode([sealed])
    (marked,) = await Sealer(RING, strangers=("mine",)).decode([sealed])
    assert marked.metadata["encoding"] == UNDECODABLE_PAYLOAD


def test_a_failure_shows_its_code_and_nothing_else() -> None:
    converter = data_converter(RING)
    failure = Failure()
    error = ApplicationError(f"phone {CANARY}", type="bad_input", non_retryable=True)
    converter.failure_converter.to_failure(error, converter.payload_converter, failure)
    assert (failure.message, failure.application_failure_info.type) == ("sealed", "bad_input")
    back = converter.failure_converter.from_failure(failure, converter.payload_converter)
    assert isinstance(back, ApplicationError)
    assert back.message == f"phone {CANARY}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (",", "holds no key"),
        (NEW, "write ID:BASE64"),
        (f"a b:{NEW}", "write ID:BASE64"),
        (f"a:{NEW},a:{OLD}", "its id is there already"),
        ("a:AAAA", "32 bytes"),
        ("a:s3cret-canary", "32 bytes"),
    ],
)
def test_a_ring_that_cannot_be_used_is_told_in_one_line_without_a_key(
    text: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDRESS_CODEC__KEYS", text)
    with pytest.raises(SettingsError, match=told) as refused:
        load_settings()
    assert "codec.keys" in str(refused.value)
    assert NEW not in str(refused.value)
    assert "canary" not in str(refused.value)


def test_no_text_of_a_ring_or_the_settings_shows_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDRESS_CODEC__KEYS", f"a:{NEW}")
    settings = load_settings()
    assert settings.codec.ring is not None
    assert NEW not in f"{settings!r}{settings.codec.ring!r}{settings.model_dump_json()}"
