"""Who is believed here: by the settings, and by where the Temporal service is."""

from datetime import timedelta

from activities.identity import Gate, KeyFile, KeyFileError
from starter.errors import OperatorError
from starter.issuer import ISSUER, Issuer
from starter.proof import is_loopback, needs_proof
from starter.settings import Settings


class GateError(OperatorError):
    """The settings leave open who is believed, as one line."""


def gate_of(settings: Settings, address: str) -> Gate:
    """The gate of a service whose Temporal is at `address` (host:port).

    Raises GateError: a claim is enough on this machine only; keys that cannot be used.
    """
    auth, here = settings.auth, is_loopback(address)
    if auth.policy == "claimed" and not here:
        raise GateError(
            "auth.policy: claimed is for a Temporal service on this machine only; "
            "set REDRESS_AUTH__POLICY=required and name the keys (docs/security.md)"
        )
    required = needs_proof(settings, address)
    own = auth.jwks_file is None
    if own and required:
        Issuer(settings.home).ensure()
    file = auth.jwks_file or Issuer(settings.home).public
    try:
        # The first `redress login` makes the keys of a home, long after the worker began.
        keys = KeyFile(file, may_come=not required)
    except KeyFileError as error:
        raise GateError(f"auth.jwks_file: {error}") from None
    return Gate(
        keys,
        required=required,
        issuer=ISSUER if own else auth.issuer,
        audience=auth.audience,
        claim="sub" if own else auth.claim,
        longest=timedelta(minutes=auth.longest_minutes),
        own_key=(Issuer(settings.home).secret() if own else auth.worker_key.get_secret_value().encode())
        if required
        else None,
    )
