"""Who is logged in on this machine: a name our own keys sign for, or a token of the company's sign-in."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from starter.errors import OperatorError
from starter.settings import Settings
from starter.stackfile import make_home

FILE = "login.json"


class LoginError(OperatorError):
    """What was kept of a login cannot be used."""


@dataclass(frozen=True)
class Login:
    """Somebody, or nobody. `token(to)` is a token for one workflow, or for any."""

    name: str | None
    token: Callable[[str | None], str | None]


NOBODY = Login(None, lambda _: None)


def read_login(settings: Settings) -> Login:
    """Who has logged in; NOBODY where nobody has. Raises LoginError."""
    file = settings.home / FILE
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        name, token = kept["name"], kept.get("token")
    except FileNotFoundError:
        return NOBODY
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LoginError(f"{file} cannot be read ({type(error).__name__}); log in again") from None
    if settings.auth.jwks_file is not None:
        return Login(name, lambda _: token)
    return Login(name, lambda to: _sign(settings.home, name, to))


def keep_login(settings: Settings, name: str, token: str | None) -> None:
    """Remember who has logged in, for this user of the machine alone. Raises HomeError."""
    make_home(settings.home)
    draft = settings.home / f".{FILE}.{os.getpid()}"
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump({"name": name} | ({"token": token} if token else {}), out, ensure_ascii=False)
    draft.replace(settings.home / FILE)


def forget_login(settings: Settings) -> bool:
    """Whether somebody was logged in."""
    file = settings.home / FILE
    found = file.exists()
    file.unlink(missing_ok=True)
    return found


def _sign(home: Path, name: str, to: str | None) -> str:
    from starter.issuer import Issuer

    return Issuer(home).sign(name, to)
