"""How values become payloads: JSON through pydantic, and what to do with payloads that are not."""

from collections.abc import Sequence
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import DataConverter, DefaultFailureConverter

UNDECODABLE = "\u0000undecodable"
"""Stands for an argument that could not be read. Plain text, so a workflow needs no import to meet it; no
message of ours can hold it, since control characters are refused."""


class RedressPayloadConverter(PydanticPayloadConverter):
    """Typed payloads through pydantic; untyped ones never raise.

    The SDK decodes without types when a message brings a number of arguments the handler does not take.
    An exception there fails the workflow task again and again: the case would hang, its deadline never
    firing. With a marker in the argument's place the case runs and can answer.
    """

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        if type_hints is not None:
            return super().from_payloads(payloads, type_hints)
        return [self._read_or_mark(payload) for payload in payloads]

    def _read_or_mark(self, payload: Payload) -> Any:
        try:
            return super().from_payloads([payload])[0]
        except Exception:  # noqa: BLE001 - whatever a stranger's bytes make a decoder raise
            return UNDECODABLE


DATA_CONVERTER = DataConverter(
    payload_converter_class=RedressPayloadConverter, failure_converter_class=DefaultFailureConverter
)
"""The one converter of every client and worker."""
