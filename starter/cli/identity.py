"""Saying who you are."""

import sys
from typing import Annotated

from cyclopts import Parameter

from starter.cli.session import Flag, Session, session
from starter.failures import BadInput, NotAllowed

TOKEN_LIMIT = 8192


def login(
    *,
    actor: Annotated[str | None, Parameter(name="--as", help="Your name in the directory.")] = None,
    new_key: Flag = False,
) -> int:
    """Say who you are. Where the company has a sign-in (auth.jwks_file), give its token on standard input.

    :param new_key: Sign with a new key from now on.
    """
    from starter.login import keep_login

    current = session()
    settings = current.settings
    if settings.auth.jwks_file is not None:
        token = sys.stdin.read(TOKEN_LIMIT).strip()
        name = _name_of(current, token)
        keep_login(settings, name, token)
    else:
        from starter.issuer import Issuer

        name = actor or settings.actor or ""
        _known(current, name)
        issuer = Issuer(settings.home)
        issuer.renew() if new_key else issuer.ensure()
        keep_login(settings, name, None)
    current.err.print(current.say("logged_in", name=name), markup=False)
    return 0


def logout() -> int:
    """Forget who you are."""
    from starter.login import forget_login

    current = session()
    key = "logged_out" if forget_login(current.settings) else "not_logged_in"
    current.err.print(current.say(key))
    return 0


def token(*, actor: Annotated[str | None, Parameter(name="--as", help="A program of the directory.")] = None) -> int:
    """Print a short-lived token, for a program that sends messages or asks the codec server.

    Anybody who reads it can act with it until it expires: give it to a program by a pipe or its environment.
    """
    current = session()
    if actor is None:
        found = current.login.token(None)
        if found is None:
            raise BadInput("no_actor")
    else:
        if current.settings.auth.jwks_file is not None:
            raise BadInput("company_signs")
        from starter.issuer import Issuer

        _known(current, actor)
        found = Issuer(current.settings.home).sign(actor)
    sys.stdout.write(f"{found}\n")
    return 0


def _name_of(current: Session, token: str) -> str:
    """Whom the company's token names. Raises BadInput for one that would be refused."""
    from activities.identity import Denied
    from starter.gate import gate_of

    # A token is checked the same way wherever the service is.
    found = gate_of(current.settings, "elsewhere:0").holder(token or None)
    if isinstance(found, Denied):
        raise BadInput("input", problem=found.reason)
    _known(current, found.name)
    return found.name


def _known(current: Session, name: str) -> None:
    if not name.strip():
        raise BadInput("no_actor")
    if not current.directory.departments_of(name) and not current.directory.parties_of(name):
        raise NotAllowed("not_in_directory")
