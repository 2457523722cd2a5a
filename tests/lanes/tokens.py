"""G16: tokens forged, mangled, stale or made for others. None is believed; the honest ones among them all are.

python -m tests.lanes.tokens --seed 7 --n 50000
"""

import argparse
import base64
import hmac
import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import jwt
from jwt import PyJWK

from activities.identity import AUDIENCE, VOUCHED, Gate, KeyFile
from starter.issuer import ISSUER, Issuer
from tests.lanes.common import Lane, main, options

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CASE, OTHER = "complaint.C-1", "complaint.C-2"
ACTOR, SOMEBODY = "耿焰", "殷国华"
OWN, FOREIGN = b"w" * 32, b"x" * 32
TELLING = 20
"""Letters of a token by which a repetition of it would be known."""
HONEST = 50
"""One in so many is honest, so that a gate that believes nobody is found too."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0é"
Forger = Callable[[], tuple[str, str]]
"""A token, and the actor its message claims."""


class Forge:
    """Everything somebody without the right key, the right name or the right moment can present."""

    def __init__(self, home: Path, dice: Random) -> None:
        self.dice = dice
        self.issuer, self.stranger, self.retired = (
            Issuer(home / name, lambda: NOW) for name in ("own", "other", "old")
        )
        for issuer in (self.issuer, self.stranger, self.retired):
            issuer.ensure()
        self._public = json.loads(self.issuer.public.read_text())["keys"][0]
        self._signer = PyJWK.from_dict(json.loads((home / "own" / "issuer.key").read_text())["keys"][0])
        self._good = [self.issuer.sign(ACTOR, CASE), self.issuer.sign(ACTOR)]
        worker = Gate(own_key=OWN, clock=lambda: NOW)
        self._vouched = worker.vouch(ACTOR, CASE) or ""
        self.kinds: dict[str, Forger] = {
            name: getattr(self, name)
            for name in (
                "mangled", "spliced", "unsigned", "shared_secret", "of_a_stranger", "retired_key", "expired", "early",
                "long_lived", "for_another_case", "for_another_actor", "misaddressed", "claims_amiss", "vouched_amiss",
                "noise",
            )
        }  # fmt: skip

    def honest(self) -> tuple[str, str]:
        return self.dice.choice([*self._good, self._vouched]), ACTOR

    def mangled(self) -> tuple[str, str]:
        """A good token with some letters changed, put in or taken out, such that it no longer means the same."""
        while True:
            good = self.dice.choice([*self._good, self._vouched])
            text = list(good)
            for _ in range(self.dice.randrange(1, 4)):
                place = self.dice.randrange(len(text))
                text[place : place + self.dice.randrange(2)] = self.dice.choice([self.dice.choice(LETTERS), ""])
            if not _same("".join(text), good):
                return "".join(text), ACTOR

    def spliced(self) -> tuple[str, str]:
        """Parts of several good tokens: the claims of one under the signature of another."""
        parts = [self.issuer.sign(name, CASE).split(".") for name in (ACTOR, SOMEBODY)]
        return f"{parts[0][0]}.{parts[0][1]}.{parts[1][2]}", ACTOR

    def unsigned(self) -> tuple[str, str]:
        kid = {"kid": self.dice.choice([self._public["kid"], VOUCHED, "x"])}
        token = jwt.encode(_claims(), "", algorithm="none", headers=kid)
        return token if self.dice.random() < 0.5 else f"{token}{self._good[0].rpartition('.')[2]}", ACTOR

    def shared_secret(self) -> tuple[str, str]:
        """What is public taken for a secret, or a secret guessed."""
        secret = self.dice.choice([self._public["x"], json.dumps(self._public), "secret", "0" * 64]).ljust(64, "=")
        header = {"alg": "HS256", "kid": self.dice.choice([self._public["kid"], VOUCHED, None])}
        content = _content(header, _claims(**self.dice.choice([{}, {"aud": VOUCHED, "iss": VOUCHED}])))
        return f"{content}.{_base64(hmac.digest(secret.encode(), content.encode(), 'sha256'))}", ACTOR

    def of_a_stranger(self) -> tuple[str, str]:
        """Signed well, by a key that is not ours, under the name of one that is."""
        home = self.stranger.public.parent
        key = PyJWK.from_dict(json.loads((home / "issuer.key").read_text())["keys"][0])
        return jwt.encode(_claims(), key, algorithm="EdDSA", headers={"kid": self._public["kid"]}), ACTOR

    def retired_key(self) -> tuple[str, str]:
        return self.retired.sign(ACTOR, CASE), ACTOR

    def expired(self) -> tuple[str, str]:
        ago = self.dice.randrange(360, 10**7)
        return self._signed(iat=_at(-ago - 300), exp=_at(-ago + 300)), ACTOR

    def early(self) -> tuple[str, str]:
        ahead = self.dice.randrange(31, 10**6)
        return self._signed(iat=_at(ahead), exp=_at(ahead + 300)), ACTOR

    def long_lived(self) -> tuple[str, str]:
        return self._signed(exp=_at(self.dice.randrange(3_601, 10**8))), ACTOR

    def for_another_case(self) -> tuple[str, str]:
        wrong = self.dice.choice([OTHER, "complaint.C-10", "", "C-1", f"{CASE}.refund-1", CASE.upper(), 1, [CASE], {}])
        return self._signed(**{"for": wrong}), ACTOR

    def for_another_actor(self) -> tuple[str, str]:
        wrong = self.dice.choice([SOMEBODY, "", f"{ACTOR} ", ACTOR[0], 7, [ACTOR], None, {"name": ACTOR}])
        return self._signed(sub=wrong), ACTOR

    def misaddressed(self) -> tuple[str, str]:
        wrong: dict[str, Any] = self.dice.choice([{"aud": "shop"}, {"iss": "evil"}, {"aud": []}, {"iss": VOUCHED}])
        return self._signed(**wrong), ACTOR

    def claims_amiss(self) -> tuple[str, str]:
        wrong: Any = self.dice.choice([None, "soon", -1, 0, 2**40, 1e300, True, [1], {}])
        name = self.dice.choice(["iat", "exp"])
        claims = _claims(**{name: wrong})
        if self.dice.random() < 0.3:
            del claims[self.dice.choice(["iat", "exp", "sub", "iss", "aud"])]
        return self._encode(claims), ACTOR

    def vouched_amiss(self) -> tuple[str, str]:
        """Tokens of workers of another service, or our own for another case or actor."""
        foreign = Gate(own_key=FOREIGN, clock=lambda: NOW).vouch(ACTOR, CASE)
        own = Gate(own_key=OWN, clock=lambda: NOW)
        stale = Gate(own_key=OWN, clock=lambda: NOW - timedelta(minutes=self.dice.randrange(6, 9_000)))
        found = [foreign, own.vouch(ACTOR, OTHER), own.vouch(SOMEBODY, CASE), stale.vouch(ACTOR, CASE)]
        return self.dice.choice(found) or "", ACTOR

    def noise(self) -> tuple[str, str]:
        def part() -> str:
            return "".join(self.dice.choice(LETTERS) for _ in range(self.dice.randrange(40)))

        return ".".join(part() for _ in range(self.dice.choice([0, 1, 2, 3, 3, 3, 4]))), ACTOR

    def _signed(self, **changes: Any) -> str:
        return self._encode(_claims(**changes))

    def _encode(self, claims: dict[str, Any]) -> str:
        """By the right key, whatever it says: the library of whoever signs may check less than ours."""
        content = _content({"alg": "EdDSA", "kid": self._public["kid"], "typ": "JWT"}, claims)
        return f"{content}.{_base64(self._signer.key.sign(content.encode()))}"


def _claims(**changes: Any) -> dict[str, Any]:
    return {"sub": ACTOR, "iss": ISSUER, "aud": AUDIENCE, "iat": _at(0), "exp": _at(300), "for": CASE} | changes


def _content(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{_base64(json.dumps(header).encode())}.{_base64(json.dumps(claims).encode())}"


def _at(seconds: int) -> int:
    return int(NOW.timestamp()) + seconds


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _same(one: str, other: str) -> bool:
    """The same signature over the same text, however its last letters are spelt."""
    (text, _, seal), (other_text, _, other_seal) = one.rpartition("."), other.rpartition(".")
    try:
        return text == other_text and _bytes(seal) == _bytes(other_seal)
    except ValueError:
        return False


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def tokens(given: argparse.Namespace) -> Lane:
    """The lane."""
    lane = Lane("tokens", given.seed, given.n)
    with tempfile.TemporaryDirectory(prefix="redress-tokens-") as folder:
        forge = Forge(Path(folder), lane.dice)
        keys = KeyFile(forge.issuer.public)
        gate = Gate(keys, required=True, issuer=ISSUER, own_key=OWN, clock=lambda: NOW)
        for index in range(lane.n):
            kind = "honest" if index % HONEST == 0 else lane.dice.choice(list(forge.kinds))
            token, actor = forge.honest() if kind == "honest" else forge.kinds[kind]()
            denied = gate.sender(actor, token, at=NOW, to=CASE)
            lane.counts[kind] += 1
            lane.must(
                (denied is None) is (kind == "honest"), f"{kind}: {'denied' if denied else 'believed'}: {token[:200]}"
            )
            told = denied.reason if denied else ""
            lane.must(
                ACTOR not in told and (len(token) < TELLING or token[:TELLING] not in told),
                f"{kind}: the denial repeats its input",
            )
    return lane


if __name__ == "__main__":
    main(tokens(options("tokens", 50_000)))
