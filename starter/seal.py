"""The payload codec: AES-256-GCM with a ring of keys, so that Temporal stores nothing it can read."""

import os
import zlib
from collections.abc import Collection, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from models.names import SEALED_PAYLOAD, UNDECODABLE_PAYLOAD, UNSEALED_PAYLOAD
from starter.keyring import KeyRing

KEY_ID = "kid"
OPENED_LIMIT = 4 * 1024 * 1024
"""Largest content a sealed payload may hold (bytes): the server takes no larger one either."""
_NONCE = 12
_PLAIN, _SQUEEZED = b"\x00", b"\x01"
_COMMON = (
    b'"evidence":[],"filed_at":"tags":"category":"negotiation":"failed","contact":{"by":"mode":"phone"'
    b'"order":{"number":"kind":"platform","merchant":"carrier":"lines":[{"sku":"quantity":1,"unit_price":"freight":0'
    b'"delivered_at":"complainant":{"id":"name":"email":"phone":"language":"zh"},"cause":"quality","text":"channel":'
    b'"complaint":{"procedure":"marketplace.1","duplicate":false,"run_id":"workflow_id":"goods_within":"payment_within":'
    b'"steps":["pay"],"decision":1,"attempt":1,"kind":"refund","amount":"paid":"currency":"CNY","reference":"failure":'
    b'"step":null,"done":["pay"],"refunded":"basis":"answer","rounds":1,"exit":"satisfied","liable":[{"party":"merchant",'
    b'"percent":100}],"satisfied":true,"reason":"command_id":"department":"customer_service"merchandise"logistics"panel"'
    b'"actor":"token":"eyJhbGciOiJFZERTQSIsImtpZCI6I"limits":null,"denied":null,"departments":["at":null,"'
    b'"accepted":true,"code":"accepted","reason":""}\n\x17\n\x08encoding\x12\x0bbinary/null\n\x16\n\x08encoding\x12\njson/plain\x12'
)
"""What our payloads have in common: most are short, and squeeze well only against words both sides know. Never changed:
another one would need another mark than `_SQUEEZED`."""


class KeyMissing(RuntimeError):
    """A payload was sealed with a key this process lacks. Not for good: it opens once the key is back in the ring."""


class Sealer(PayloadCodec):
    """Seals with the active key, opens with every key of the ring.

    What is damaged or forged never opens: it is marked, and refused where it is read. A payload nobody has sealed is
    marked too, since whoever lacks the key must not speak to a case; `accept_plain` lets it pass while a running
    service changes over.
    """

    def __init__(self, ring: KeyRing, *, accept_plain: bool = False, strangers: Collection[str] = ()) -> None:
        """`strangers`: ids of keys that were never the service's, which somebody has made up to hold a case up."""
        self._active = ring.active.encode()
        self._ciphers = {name.encode(): AESGCM(key) for name, key in ring.keys.items()}
        self._accept_plain = accept_plain
        self._strangers = {name.encode() for name in strangers}
        self.missing = 0
        """How many payloads stayed shut for want of their key."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Seal each payload, squeezed first where that pays."""
        return [self._seal(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Open each payload. Raises KeyMissing."""
        return [self._open(payload) for payload in payloads]

    def _seal(self, payload: Payload) -> Payload:
        content = payload.SerializeToString()
        squeezer = zlib.compressobj(6, wbits=-15, zdict=_COMMON)
        squeezed = squeezer.compress(content) + squeezer.flush()
        body = _SQUEEZED + squeezed if len(squeezed) < len(content) else _PLAIN + content
        nonce = os.urandom(_NONCE)
        sealed = self._ciphers[self._active].encrypt(nonce, body, _bound(self._active))
        return Payload(metadata={"encoding": SEALED_PAYLOAD, KEY_ID: self._active}, data=nonce + sealed)

    def _open(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != SEALED_PAYLOAD:
            return payload if self._accept_plain else Payload(metadata={"encoding": UNSEALED_PAYLOAD})
        name = payload.metadata.get(KEY_ID, b"")
        if name in self._strangers:
            return Payload(metadata={"encoding": UNDECODABLE_PAYLOAD})
        if name not in self._ciphers:
            self.missing += 1
            shown = name[:40].decode("ascii", "replace")
            raise KeyMissing(f"payload key {shown!r} is not in the key ring; put it back to go on")
        try:
            body = self._ciphers[name].decrypt(payload.data[:_NONCE], payload.data[_NONCE:], _bound(name))
            return Payload.FromString(_content(body))
        except (InvalidTag, DecodeError, ValueError, zlib.error):
            return Payload(metadata={"encoding": UNDECODABLE_PAYLOAD})


def _bound(name: bytes) -> bytes:
    return b"redress/1|" + name


def _content(body: bytes) -> bytes:
    if body[:1] == _PLAIN:
        return body[1:]
    opener = zlib.decompressobj(wbits=-15, zdict=_COMMON)
    content = opener.decompress(body[1:], OPENED_LIMIT)
    if opener.unconsumed_tail:
        raise ValueError("too large")
    return content
