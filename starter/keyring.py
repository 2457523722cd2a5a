"""Keys that payloads are sealed with, by id: the first is in use, the others still open what they sealed."""

import base64
import binascii
import re
from dataclasses import dataclass, field

KEY_BYTES = 32
_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")


@dataclass(frozen=True)
class KeyRing:
    """`active` seals; every key opens. Its text never shows a key."""

    active: str
    keys: dict[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """`ID:BASE64,ID:BASE64`, the active key first. Raises ValueError, which says nothing of a key."""
        keys: dict[str, bytes] = {}
        for place, item in enumerate(filter(None, (part.strip() for part in text.split(","))), 1):
            name, _, secret = item.partition(":")
            if not _ID.fullmatch(name):
                raise ValueError(f"key {place}: write ID:BASE64; an id takes letters, digits, dot, dash, underscore")
            if name in keys:
                raise ValueError(f"key {place}: its id is there already; give each key an id of its own")
            keys[name] = _bytes(secret, place)
        if not keys:
            raise ValueError("holds no key; write ID:BASE64, the key in use first")
        return cls(active=next(iter(keys)), keys=keys)


def _bytes(secret: str, place: int) -> bytes:
    try:
        found = base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != KEY_BYTES:
        raise ValueError(f"key {place}: must be {KEY_BYTES} bytes in base64; make one with `openssl rand -base64 32`")
    return found
