"""How values become payloads: JSON through pydantic, and what to do with payloads that are not."""

from collections.abc import Collection, Sequence
from typing import Any

from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverter,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
    JSONPlainPayloadConverter,
    PayloadConverter,
)

from models.base import in_one_line, problems
from models.names import SEALED_PAYLOAD, UNDECODABLE
from starter.errors import OperatorError
from starter.keyring import KeyRing

SEALED_WORDS = "sealed"
"""Stands for the words of a failure where no key opens them."""


class UnfitError(ValueError):
    """A payload that is not what it should be, in one line without any value: failures and logs quote it."""


class _Json(PydanticJSONPlainPayloadConverter):
    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """See EncodingPayloadConverter. Contracts hide what they were given; a list of them, or a text, would not."""
        try:
            return super().from_payload(payload, type_hint)
        except ValidationError as error:
            raise UnfitError(in_one_line(problems(error, whole="(payload)"))) from None


_JSON = _Json()
"""One for the process: it keeps what it has built for each type, and every run of a workflow makes a converter anew."""


def _with_pydantic(usual: EncodingPayloadConverter) -> EncodingPayloadConverter:
    return _JSON if isinstance(usual, JSONPlainPayloadConverter) else usual


class KeysNeeded(OperatorError):
    """The service seals what it takes and says, and this process has no key."""

    code = 2

    def __init__(self) -> None:
        super().__init__(
            "codec.keys: is not set here, but the service seals all it has; set REDRESS_CODEC__KEYS as there"
        )


class RedressPayloadConverter(CompositePayloadConverter):
    """Typed payloads through pydantic; untyped ones never raise.

    The SDK decodes without types when a message brings a number of arguments the handler does not take.
    An exception there fails the workflow task again and again: the case would hang, its deadline never
    firing. With a marker in the argument's place the case runs and can answer.
    """

    def __init__(self) -> None:
        super().__init__(*map(_with_pydantic, DefaultPayloadConverter.default_encoding_payload_converters))

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        if type_hints is not None:
            try:
                return super().from_payloads(payloads, type_hints)
            except KeyError:
                if any(payload.metadata.get("encoding") == SEALED_PAYLOAD for payload in payloads):
                    raise KeysNeeded from None
                raise
        return [self._read_or_mark(payload) for payload in payloads]

    def _read_or_mark(self, payload: Payload) -> Any:
        try:
            return super().from_payloads([payload])[0]
        except Exception:  # noqa: BLE001 - whatever a stranger's bytes make a decoder raise
            return UNDECODABLE


class RedressFailureConverter(DefaultFailureConverter):
    """A refusal is an answer, not a crash: what other teams get of it holds no stack trace of ours."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """See DefaultFailureConverter."""
        super().to_failure(exception, payload_converter, failure)
        if failure.application_failure_info.non_retryable:
            failure.stack_trace = ""


class SealedFailureConverter(RedressFailureConverter):
    """Message and stack trace of a failure go where the codec seals them; its type, a code, stays readable."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """See DefaultFailureConverter."""
        super().to_failure(exception, payload_converter, failure)
        words = {"message": failure.message, "stack_trace": failure.stack_trace}
        failure.encoded_attributes.CopyFrom(payload_converter.to_payloads([words])[0])
        failure.message = SEALED_WORDS
        failure.stack_trace = ""


DATA_CONVERTER = DataConverter(
    payload_converter_class=RedressPayloadConverter, failure_converter_class=RedressFailureConverter
)
"""The converter of a service that seals nothing."""


def data_converter(
    ring: KeyRing | None, *, accept_plain: bool = False, strangers: Collection[str] = ()
) -> DataConverter:
    """The one converter of every client and worker: sealing where there is a ring of keys."""
    if ring is None:
        return DATA_CONVERTER
    from starter.seal import Sealer

    return DataConverter(
        payload_converter_class=RedressPayloadConverter,
        failure_converter_class=SealedFailureConverter,
        payload_codec=Sealer(ring, accept_plain=accept_plain, strangers=strangers),
    )
