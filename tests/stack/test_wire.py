"""The converter: typed values survive, untyped garbage is marked instead of raised."""

import base64
import traceback
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, WorkflowSerializationContext

from models.case import Event
from models.names import UNDECODABLE
from models.pages import Page
from starter.keyring import KeyRing
from starter.wire import DATA_CONVERTER, KeysNeeded, data_converter

CONVERTER = DATA_CONVERTER.payload_converter
SEALING = data_converter(KeyRing.parse(f"k1:{base64.b64encode(bytes(32)).decode()}"))


class Parcel(BaseModel):
    sku: str
    packed_at: datetime


def _payload(data: bytes, encoding: bytes = b"json/plain") -> Payload:
    return Payload(metadata={"encoding": encoding}, data=data)


BROKEN = [
    _payload(b"{"),
    _payload(b"\xff\xfe"),
    _payload(b"x", b"binary/unknown"),
    _payload(b"\xff", b"json/protobuf"),
    Payload(data=b"no encoding at all"),
]


def test_a_typed_value_comes_back_as_it_was() -> None:
    parcel = Parcel(sku="茶-1", packed_at=datetime(2026, 1, 31, 9, tzinfo=UTC))
    assert CONVERTER.from_payloads(CONVERTER.to_payloads([parcel]), [Parcel]) == [parcel]


@pytest.mark.parametrize("broken", BROKEN)
def test_an_untyped_payload_that_cannot_be_read_becomes_the_marker(broken: Payload) -> None:
    good = CONVERTER.to_payloads([{"sku": "A"}])[0]
    assert CONVERTER.from_payloads([broken, good]) == [UNDECODABLE, {"sku": "A"}]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_typed_payload_that_cannot_be_read_still_raises(broken: Payload) -> None:
    with pytest.raises(Exception, match=r".+"):
        CONVERTER.from_payloads([broken], [Parcel])


async def test_a_sealed_value_read_without_keys_is_one_line_that_says_so() -> None:
    sealed = await SEALING.encode([{"sku": "A"}])
    with pytest.raises(KeysNeeded, match=r"^codec\.keys: is not set here, .+; set REDRESS_CODEC__KEYS"):
        await DATA_CONVERTER.decode(sealed, [Parcel])
    assert await DATA_CONVERTER.decode(sealed) == [UNDECODABLE]


def test_the_marker_survives_the_wire_itself() -> None:
    assert CONVERTER.from_payloads(CONVERTER.to_payloads([UNDECODABLE])) == [UNDECODABLE]


@pytest.mark.parametrize("converter", [DATA_CONVERTER, SEALING], ids=["plain", "sealing"])
def test_no_converter_heeds_the_context_that_the_sandbox_is_not_asked_for(converter: DataConverter) -> None:
    told = converter.with_context(WorkflowSerializationContext(namespace="default", workflow_id="complaint.1"))
    assert told.payload_converter is converter.payload_converter
    assert told.payload_codec is converter.payload_codec
    assert told.failure_converter is converter.failure_converter
    assert converter.external_storage is None


@pytest.mark.parametrize("wanted", [list[Event], Page, Page | None, str, int])
def test_what_does_not_fit_is_told_without_its_value(wanted: Any) -> None:
    said = _payload(b'{"summary": {"number": {"name": "13800138000"}}, "events": "13800138000"}')
    with pytest.raises(ValueError, match=r"must be|is not|input should be") as raised:
        CONVERTER.from_payloads([said], [wanted])
    assert "13800138000" not in "".join(traceback.format_exception(raised.value))
