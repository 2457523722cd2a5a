"""Who is believed: a token signed by a known key, in its time, for this service, this case and this actor."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from activities.identity import Denied, Gate, Holder, KeyFile, KeyFileError, read_keys
from starter.gate import GateError, gate_of
from starter.issuer import KEPT_KEYS, Issuer
from starter.proof import is_loopback
from starter.settings import load_settings

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CASE = "complaint.C-1"
Make = Callable[..., str]


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    made = Issuer(tmp_path_factory.mktemp("home"), lambda: NOW)
    made.ensure()
    return made


@pytest.fixture(scope="module")
def gate(issuer: Issuer) -> Gate:
    return Gate(KeyFile(issuer.public), required=True, issuer="redress", clock=lambda: NOW)


def _reason(found: Denied | None) -> str:
    return found.reason if found else "believed"


def test_the_workers_secret_stays_the_same_however_often_the_key_is_renewed(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path, lambda: NOW)
    before = issuer.secret()
    for _ in range(KEPT_KEYS + 1):
        issuer.renew()
    assert issuer.secret() == before


def test_a_token_of_a_known_key_proves_its_actor(gate: Gate, issuer: Issuer) -> None:
    assert gate.sender("耿焰", issuer.sign("耿焰", CASE), to=CASE) is None
    assert gate.holder(issuer.sign("耿焰")) == Holder("耿焰")


@pytest.mark.parametrize(
    ("actor", "to", "life", "at", "told"),
    [
        ("殷国华", CASE, 5, 0, "actor: is not whom the token names"),
        ("耿焰", "complaint.C-2", 5, 0, "token: was made for another case"),
        ("耿焰", CASE, 5, 7, "token: had expired when the message arrived"),
        ("耿焰", CASE, 5, -7, "token: is not valid yet"),
        ("耿焰", CASE, 90, 0, "token: is valid for longer than the 60 min"),
    ],
)
def test_a_token_that_does_not_fit_is_refused_in_one_line(
    issuer: Issuer, actor: str, to: str, life: int, at: int, told: str
) -> None:
    keys = KeyFile(issuer.public)
    gate = Gate(keys, required=True, issuer="redress", clock=lambda: NOW + timedelta(minutes=max(at, 0)))
    found = gate.sender(
        actor, issuer.sign("耿焰", CASE, timedelta(minutes=life)), at=NOW + timedelta(minutes=at), to=to
    )
    assert _reason(found).startswith(told)
    assert "耿焰" not in _reason(found)


def test_a_message_that_waited_for_a_worker_is_judged_by_when_the_server_received_it(issuer: Issuer) -> None:
    monday = Gate(KeyFile(issuer.public), required=True, issuer="redress", clock=lambda: NOW + timedelta(days=3))
    assert monday.sender("耿焰", issuer.sign("耿焰"), at=NOW + timedelta(minutes=1)) is None
    assert "had expired" in _reason(monday.sender("耿焰", issuer.sign("耿焰")))


def test_without_a_token_only_a_service_that_takes_claims_believes(gate: Gate) -> None:
    assert _reason(gate.sender("耿焰", None)).startswith("token: is missing")
    assert Gate().sender("耿焰", None) is None


def test_a_wrong_token_is_refused_even_where_a_claim_would_do(issuer: Issuer) -> None:
    assert "is not signed by a key" in _reason(Gate().sender("耿焰", issuer.sign("耿焰")))


def test_after_a_new_key_the_old_tokens_are_good_until_they_expire(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path, lambda: NOW)
    before = issuer.sign("耿焰")
    gate = Gate(KeyFile(issuer.public), required=True, clock=lambda: NOW)
    issuer.renew()
    assert gate.holder(before) == gate.holder(issuer.sign("耿焰")) == Holder("耿焰")
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    assert '"d"' not in issuer.public.read_text()


def test_a_key_that_a_login_makes_later_is_known_without_a_restart(tmp_path: Path) -> None:
    gate = gate_of(load_settings(home=tmp_path), "127.0.0.1:7233")
    assert "is not signed by a key" in _reason(gate.sender("耿焰", Issuer(tmp_path / "stranger").sign("耿焰")))
    assert gate.sender("耿焰", Issuer(tmp_path).sign("耿焰")) is None


def test_the_workers_vouch_for_whom_they_have_judged_to_one_case(issuer: Issuer, gate: Gate) -> None:
    def clock() -> datetime:
        return NOW

    worker, other = (Gate(KeyFile(issuer.public), required=True, own_key=key * 32, clock=clock) for key in (b"a", b"b"))
    vouched = worker.vouch("售后团队负责人", CASE)
    assert vouched is not None
    assert worker.sender("售后团队负责人", vouched, to=CASE) is None
    assert "another case" in _reason(worker.sender("售后团队负责人", vouched, to="complaint.C-2"))
    assert "is not whom" in _reason(worker.sender("耿焰", vouched, to=CASE))
    for stranger in (other, gate, Gate(clock=clock)):
        assert "is not signed by a key" in _reason(stranger.sender("售后团队负责人", vouched, to=CASE))
    assert gate.vouch("耿焰", CASE) is None


def test_what_the_workers_vouch_for_is_believed_whatever_the_companys_sign_in_calls_a_name(issuer: Issuer) -> None:
    keys = KeyFile(issuer.public)
    worker = Gate(keys, required=True, claim="preferred_username", own_key=b"a" * 32, clock=lambda: NOW)
    assert worker.holder(worker.vouch("售后团队负责人", CASE), to=CASE) == Holder("售后团队负责人", ours=True)


def _forged(claims: dict[str, Any], issuer: Issuer) -> list[str]:
    """Tokens for whoever wants to be somebody else."""
    kid = json.loads(issuer.public.read_text())["keys"][0]["kid"]
    public = issuer.public.read_text()
    stranger = Issuer(issuer.public.parent / "stranger", lambda: NOW)
    return [
        jwt.encode(claims, "", algorithm="none", headers={"kid": kid}),
        jwt.encode(claims, public[:64], algorithm="HS256", headers={"kid": kid}),
        jwt.encode(claims, "x" * 64, algorithm="HS256"),
        jwt.encode(claims, "x" * 64, algorithm="HS256", headers={"kid": "nobody"}),
        stranger.sign("耿焰"),
        issuer.sign("耿焰")[:-4] + "AAAA",
        issuer.sign("耿焰").replace(".", "..", 1),
        "a.b.c",
        "",
        "é.é.é",
    ]


def test_no_forged_token_is_believed(gate: Gate, issuer: Issuer) -> None:
    claims: dict[str, Any] = {"sub": "耿焰", "iss": "redress", "aud": "redress", "iat": int(NOW.timestamp())}
    claims["exp"] = claims["iat"] + 300
    assert [token[:20] for token in _forged(claims, issuer) if isinstance(gate.holder(token), Holder)] == []


@given(st.text(max_size=60), st.integers(0, 400), st.characters(codec="ascii"))
def test_no_mangled_token_is_believed_or_raises(text: str, place: int, letter: str) -> None:
    home = Path(_HOME)
    issuer = Issuer(home, lambda: NOW)
    gate = Gate(read_keys(issuer.public).copy, required=True, clock=lambda: NOW)  # type: ignore[attr-defined]
    good = issuer.sign("耿焰")
    mangled = good[:place] + letter + good[place + 1 :]
    # The last character of a signature carries bits that mean nothing.
    if mangled[:-1] != good[:-1]:
        assert isinstance(gate.holder(mangled), Denied)
    assert isinstance(gate.holder(text), Denied)


@pytest.fixture(scope="module", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> None:
    global _HOME  # noqa: PLW0603 - hypothesis takes no fixture of a function
    _HOME = str(tmp_path_factory.mktemp("fuzz"))
    Issuer(Path(_HOME), lambda: NOW).ensure()


_HOME = ""


def _claims(**changes: Any) -> dict[str, Any]:
    start = int(NOW.timestamp())
    base = {
        "preferred_username": "徐莉",
        "iss": "https://sso.example",
        "aud": "redress",
        "iat": start,
        "exp": start + 600,
    }
    return base | changes


@pytest.mark.parametrize("kind", ["RS256", "ES256"])
def test_the_companys_sign_in_is_believed_by_its_published_keys(kind: str, tmp_path: Path) -> None:
    private: Any
    algorithm: type[RSAAlgorithm | ECAlgorithm]
    if kind == "RS256":
        private, algorithm = rsa.generate_private_key(65537, 2048), RSAAlgorithm
    else:
        private, algorithm = ec.generate_private_key(ec.SECP256R1()), ECAlgorithm
    file = tmp_path / "keys.json"
    jwk = algorithm.to_jwk(private.public_key(), as_dict=True) | {"kid": "k1", "alg": kind}
    file.write_text(json.dumps({"keys": [jwk]}))
    gate = Gate(
        KeyFile(file), required=True, issuer="https://sso.example", claim="preferred_username", clock=lambda: NOW
    )

    def sign(**changes: Any) -> str:
        return jwt.encode(_claims(**changes), private, algorithm=kind, headers={"kid": "k1"})

    assert gate.holder(sign()) == Holder("徐莉")
    for wrong in ({"iss": "https://evil.example"}, {"aud": "shop"}, {"exp": "soon"}, {"iat": None}, {"exp": 2**60}):
        assert isinstance(gate.holder(sign(**wrong)), Denied), wrong
    assert "names nobody" in _reason(gate.sender("徐莉", sign(preferred_username="")))


def test_a_service_believes_the_companys_sign_in_as_its_settings_say_and_its_own_workers(tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    file = tmp_path / "keys.json"
    jwk = ECAlgorithm.to_jwk(private.public_key(), as_dict=True) | {"kid": "k1", "alg": "ES256"}
    file.write_text(json.dumps({"keys": [jwk]}))
    auth = {"jwks_file": file, "issuer": "https://sso.example", "audience": "complaints", "longest_minutes": 20}
    auth |= {"claim": "preferred_username", "worker_key": "w" * 32}
    believed = gate_of(load_settings(home=tmp_path, auth=auth), "temporal:7233")

    def sign(minutes: int = 20, **changes: Any) -> str:
        start = int(datetime.now(UTC).timestamp())
        claims = _claims(aud="complaints", iat=start, exp=start + 60 * minutes, **changes)
        return jwt.encode(claims, private, algorithm="ES256", headers={"kid": "k1"})

    assert believed.holder(sign()) == Holder("徐莉")
    assert "the 20 min allowed" in _reason(believed.sender("徐莉", sign(minutes=21)))
    for wrong in (sign(iss="redress"), sign(preferred_username=None, sub="徐莉"), Issuer(tmp_path).sign("徐莉")):
        assert isinstance(believed.holder(wrong), Denied)
    vouched = believed.vouch("徐莉", CASE)
    for key, known in (("w", True), ("v", False)):
        worker = gate_of(load_settings(home=tmp_path, auth=auth | {"worker_key": key * 32}), "temporal:7233")
        assert (worker.sender("徐莉", vouched, to=CASE) is None) is known


def test_a_service_whose_keys_are_not_there_does_not_begin_and_says_which_setting_names_them(tmp_path: Path) -> None:
    auth = {"jwks_file": tmp_path / "none.json", "issuer": "x", "worker_key": "w" * 32}
    with pytest.raises(GateError, match=r"^auth\.jwks_file: [^\n]+$"):
        gate_of(load_settings(home=tmp_path, auth=auth), "temporal:7233")


def test_a_service_elsewhere_believes_the_logins_of_its_own_home_and_its_workers_vouch(tmp_path: Path) -> None:
    gates = [gate_of(load_settings(home=tmp_path), "temporal:7233") for _ in range(2)]
    assert gates[0].holder(Issuer(tmp_path).sign("耿焰")) == Holder("耿焰")
    assert gates[1].sender("耿焰", gates[0].vouch("耿焰", CASE), to=CASE) is None


@pytest.mark.parametrize(
    "content", ["", "{}", '{"keys": []}', "[1]", '{"keys": [{"kty": "oct", "k": "AAAA", "kid": "a"}]}', "null"]
)
def test_a_file_of_keys_that_cannot_be_used_is_told_in_one_line(content: str, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    with pytest.raises(KeyFileError, match=r"keys\.json: ") as told:
        read_keys(file)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("localhost:7233", True),
        ("127.0.0.1:7233", True),
        ("127.9.9.9:1", True),
        ("[::1]:7233", True),
        ("http://127.0.0.1:7233", True),
        ("temporal:7233", False),
        ("10.0.0.1:7233", False),
        ("localhost.evil.example:7233", False),
        ("127.0.0.1.evil.example:7233", False),
        ("", False),
    ],
)
def test_a_claim_is_enough_on_this_machine_only(address: str, here: bool, tmp_path: Path) -> None:
    assert is_loopback(address) is here
    assert gate_of(load_settings(home=tmp_path), address).required is not here
    claimed = load_settings(home=tmp_path, auth={"policy": "claimed"})
    if here:
        assert not gate_of(claimed, address).required
    else:
        with pytest.raises(GateError, match="on this machine only"):
            gate_of(claimed, address)
    assert gate_of(load_settings(home=tmp_path, auth={"policy": "required"}), address).required
