"""Who sent a message: a signed token, checked against the keys of whoever the company lets sign."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import structlog
from jwt import PyJWK, PyJWKSet

from activities.clock import wall_clock

AUDIENCE = "redress"
TIGHT = timedelta(seconds=30)
"""How far the clocks of whoever signs and of ours may be apart."""
SYMMETRIC = "oct"
VOUCHED = "redress-workers"
VOUCHED_FOR = 300
"""Seconds a token of our own is good for."""
NOT_THERE = 0
"""The time of change of a file that is not there."""
_log = structlog.get_logger()

Keys = Mapping[str, PyJWK]
KeyReader = Callable[[], Keys]


Voucher = Callable[[str, str], str | None]
"""Vouches for somebody to a workflow, by a token."""


def no_voucher(name: str, to: str) -> str | None:
    """Nobody asks who somebody is."""
    return None


class KeyFileError(Exception):
    """A file of public keys that cannot be used, in one line."""


@dataclass(frozen=True)
class Holder:
    """Whom a token names. `ours`: a worker vouches for it, whatever the directory says."""

    name: str
    ours: bool = False


@dataclass(frozen=True)
class Denied:
    """Why a message's sender is not believed: field, reason, what to do. Holds nothing of the token."""

    reason: str


class KeyFile:
    """The public keys of a JWKS file as it says now; one that has become unusable is left aside until it is mended."""

    def __init__(self, file: Path, *, may_come: bool = False) -> None:
        """`may_come`: a file that is not there yet holds no key until it is.

        Raises KeyFileError when the file cannot be used to begin with.
        """
        self._file = file
        self._stamp = self._changed()
        self._keys = no_keys() if may_come and self._stamp == NOT_THERE else read_keys(file)

    def __call__(self) -> Keys:
        """Key id -> key."""
        stamp = self._changed()
        if stamp != self._stamp:
            try:
                self._keys = read_keys(self._file)
            except KeyFileError as error:
                _log.warning("keys_not_read", problem=str(error))
            self._stamp = stamp  # last: workflows' threads ask too
        return self._keys

    def _changed(self) -> int:
        try:
            return self._file.stat().st_mtime_ns
        except OSError:
            return NOT_THERE


def read_keys(file: Path) -> Keys:
    """The keys of a JWKS file. Raises KeyFileError: unreadable, no key, a key without an id, a shared secret."""
    try:
        found = PyJWKSet.from_json(file.read_text(encoding="utf-8")).keys
    except (OSError, ValueError, AttributeError, KeyError, TypeError, jwt.PyJWTError) as error:
        raise KeyFileError(f"{file.name}: is not a readable JWKS file ({type(error).__name__}); correct it") from None
    if any(key.key_id is None or key.key_type == SYMMETRIC for key in found):
        raise KeyFileError(f"{file.name}: takes public keys with a `kid` only; remove the others")
    return {str(key.key_id): key for key in found}


def no_keys() -> Keys:
    """Nobody can prove anything."""
    return {}


class Gate:
    """Believes or does not believe who a message says it is from.

    `own_key`: what the workers of the service share, to vouch to a case for somebody a meeting has believed already.
    `required`: a message without a token is refused; otherwise its word is taken. A token that is there is always
    checked. `longest` bounds how long a token may be valid, whoever signed it.
    """

    def __init__(
        self,
        keys: KeyReader = no_keys,
        *,
        required: bool = False,
        issuer: str | None = None,
        audience: str = AUDIENCE,
        claim: str = "sub",
        longest: timedelta = timedelta(hours=1),
        own_key: bytes | None = None,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._keys = keys
        self.required = required
        self._issuer = issuer
        self._audience = audience
        self._claim = claim
        self._longest = longest
        self._own_key = own_key
        self._now = clock

    def sender(
        self, actor: str, token: str | None, *, at: datetime | None = None, to: str = "", ours: bool = False
    ) -> Denied | None:
        """Why this is not the actor's message; None where it is. `at`: when the server received it.

        `ours`: only the service may bring it, and vouches for the actor.
        """
        if token is None:
            return Denied(MISSING) if self.required else None
        found = self.holder(token, at=at, to=to)
        if isinstance(found, Denied):
            return found
        if found.name != actor:
            return Denied(ANOTHER)
        return Denied(NOT_OURS) if ours and self.required and not found.ours else None

    def holder(self, token: str | None, *, at: datetime | None = None, to: str = "") -> Holder | Denied:
        """Whom the token names. `to` is the workflow it came to: a token made for one is no good for another."""
        if token is None:
            return Denied(MISSING)
        try:
            claims = self._claims(token)
        except (jwt.PyJWTError, ValueError, TypeError):
            return Denied("token: is not signed by a key this service knows, or is for another service; log in again")
        # A case whose clock was forwarded is ahead of everybody: then our own clock counts.
        moment = min(at or self._now(), self._now())
        begins, ends = _moment(claims, "iat"), _moment(claims, "exp")
        if ends - begins > self._longest:
            n = int(self._longest.total_seconds() // 60)
            return Denied(f"token: is valid for longer than the {n} min allowed; ask for a shorter one")
        if moment > ends + TIGHT:
            return Denied("token: had expired when the message arrived; log in again and send it anew")
        if begins > moment + TIGHT:
            return Denied("token: is not valid yet; set the clock of whoever signs it")
        if claims.get("for") not in (None, to):
            return Denied("token: was made for another case; log in again and send it anew")
        name = claims.get(self._claim)
        ours = claims.get("iss") == VOUCHED
        return Holder(name, ours) if isinstance(name, str) and name else Denied("token: names nobody; ask who signs it")

    def vouch(self, name: str, to: str) -> str | None:
        """A token of our own for somebody whose message we have judged already; None where nobody asks for one."""
        if self._own_key is None:
            return None
        now = int(self._now().timestamp())
        claims = {"sub": name, "iss": VOUCHED, "aud": VOUCHED, "iat": now, "exp": now + VOUCHED_FOR, "for": to}
        return jwt.encode(claims, self._own_key, algorithm="HS256", headers={"kid": VOUCHED})

    def _claims(self, token: str) -> dict[str, Any]:
        kid = str(jwt.get_unverified_header(token).get("kid"))
        if kid == VOUCHED and self._own_key is not None:
            claims = _decoded(token, self._own_key, "HS256", VOUCHED, VOUCHED)
            return claims | {self._claim: claims.get("sub")}
        key = self._keys().get(kid)
        if key is None:
            raise jwt.InvalidKeyError
        return _decoded(token, key, key.algorithm_name, self._audience, self._issuer)


def _decoded(token: str, key: PyJWK | bytes, algorithm: str, audience: str, issuer: str | None) -> dict[str, Any]:
    """The claims of a token with a good signature; its times are judged by the caller."""
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        audience=audience,
        issuer=issuer,
        options={"require": ["exp", "iat"], "verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    for name in ("exp", "iat"):
        if not isinstance(claims[name], int) or not 0 < claims[name] < 2**33:
            raise jwt.InvalidTokenError
    return claims


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    return datetime.fromtimestamp(claims[name], UTC)


MISSING = "token: is missing; run `redress login`, or send one of your company's sign-in"
ANOTHER = "actor: is not whom the token names; leave your own name there"
NOT_OURS = "token: is a person's, but only the service tells a case this; decide the incident, or start RefundTakenBack"
