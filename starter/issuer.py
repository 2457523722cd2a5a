"""Signing on one machine: whoever may read the home's key file may sign. A company's own sign-in takes its place."""

import hashlib
import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt import PyJWK
from jwt.algorithms import OKPAlgorithm

from activities.clock import wall_clock
from activities.identity import AUDIENCE
from starter.errors import OperatorError
from starter.stackfile import make_home

PRIVATE, PUBLIC = "issuer.key", "issuer.jwks"
LIFE = timedelta(minutes=5)
"""How long a token of ours is good for: long enough to be sent."""
KEPT_KEYS = 5
WORKERS = "workers"
"""Where the private file has the workers' secret; one of an earlier release has none until its key is renewed."""
ISSUER = "redress"


class IssuerError(OperatorError):
    """The home's signing keys cannot be used."""


class Issuer:
    """The signing keys of one home: the first signs, the public parts of all are believed."""

    def __init__(self, home: Path, clock: Callable[[], datetime] = wall_clock) -> None:
        self._home = home
        self._now = clock

    @property
    def public(self) -> Path:
        """The JWKS file workers read."""
        return self._home / PUBLIC

    def ensure(self) -> None:
        """See that there is a key. Raises IssuerError, HomeError."""
        make_home(self._home)
        if not (self._home / PRIVATE).exists():
            self.renew()

    def renew(self) -> None:
        """A new key signs from now on; tokens of the earlier ones stay good until they expire."""
        make_home(self._home)
        fresh: dict[str, Any] = OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True)
        fresh["kid"] = token_hex(4)
        earlier = self._ring() if (self._home / PRIVATE).exists() else None
        keys = [fresh, *(earlier["keys"] if earlier else [])][:KEPT_KEYS]
        _write(self._home / PRIVATE, {"keys": keys, WORKERS: _secret(earlier or {"keys": keys}).hex()})
        self._publish(keys)

    def secret(self) -> bytes:
        """What only those who may sign know, for the workers' own tokens; the same however often the key is renewed.

        Raises IssuerError.
        """
        self.ensure()
        return _secret(self._ring())

    def sign(self, name: str, to: str | None = None, life: timedelta = LIFE) -> str:
        """A token that names somebody, good for one workflow where `to` is given. Raises IssuerError."""
        self.ensure()
        keys = self._keys()
        if not self.public.exists():
            self._publish(keys)
        now = int(self._now().timestamp())
        claims: dict[str, Any] = {
            "sub": name,
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + int(life.total_seconds()),
        }
        if to is not None:
            claims["for"] = to
        signer = PyJWK.from_dict(keys[0])
        return jwt.encode(claims, signer, algorithm="EdDSA", headers={"kid": keys[0]["kid"]})

    def _keys(self) -> list[dict[str, Any]]:
        keys: list[dict[str, Any]] = self._ring()["keys"]
        return keys

    def _ring(self) -> dict[str, Any]:
        """The private file's content."""
        try:
            ring: dict[str, Any] = json.loads((self._home / PRIVATE).read_text(encoding="utf-8"))
            _ = ring["keys"][0]
        except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
            raise IssuerError(
                f"{self._home / PRIVATE}: cannot be read ({type(error).__name__}); delete it for a new one"
            ) from None
        return ring

    def _publish(self, keys: list[dict[str, Any]]) -> None:
        _write(self.public, {"keys": [{k: v for k, v in key.items() if k != "d"} for key in keys]})


def _secret(ring: dict[str, Any]) -> bytes:
    """Made of the first key there was, and written down, because that key is not kept for ever."""
    if (known := ring.get(WORKERS)) is not None:
        return bytes.fromhex(known)
    return hashlib.sha256(f"workers/{ring['keys'][-1]['d']}".encode()).digest()


def _write(file: Path, content: dict[str, Any]) -> None:
    """At once or not at all, for this user alone."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(content, out)
    draft.replace(file)
