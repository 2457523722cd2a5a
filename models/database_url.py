"""Where the database is, as libpq and every hosted PostgreSQL write it. Plain text, since every command reads it."""

from urllib.parse import parse_qsl, urlencode

DSN = frozenset(
    {
        "application_name",
        "options",
        "passfile",
        "sslcert",
        "sslcrl",
        "sslkey",
        "sslnegotiation",
        "sslpassword",
        "sslrootcert",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
    }
)
"""Parameters that our driver knows only as part of a URL of its own."""
PATIENCE = "connect_timeout"
"""Seconds to wait for a connection."""
_DRIVER = frozenset({"command_timeout", "host", "port", "prepared_statement_cache_size", "ssl", "target_session_attrs"})
_OTHER_NAMES = {"sslmode": "ssl"}


def database_url(url: str) -> str:
    """The URL as SQLAlchemy reads it, with the asynchronous driver. Raises ValueError; no value is in its text."""
    scheme, found, rest = url.strip().partition("://")
    if found and scheme in {"sqlite", "sqlite+aiosqlite"}:
        return f"sqlite+aiosqlite://{rest}"
    if found and scheme in {"postgres", "postgresql", "postgresql+asyncpg"}:
        return f"postgresql+asyncpg://{_postgresql(rest)}"
    raise ValueError("must start with postgresql:// or sqlite:///; correct it")


def _postgresql(rest: str) -> str:
    address, _, said = rest.partition("?")
    who, at, place = address.rpartition("@")
    hosts, slash, name = place.partition("/")
    several = hosts.split(",")
    for host in several:
        _check_port(host)
    asked = [(_OTHER_NAMES.get(key, key), value) for key, value in parse_qsl(said, keep_blank_values=True)]
    for key, value in asked:
        if key == PATIENCE and not value.isdecimal():
            raise ValueError("its connect_timeout is not a number of seconds; correct it")
        if key in DSN | _DRIVER | {PATIENCE}:
            continue
        if slash and key.isidentifier():
            raise ValueError(f"its parameter {key} is not known here; remove it")
        # With no name of a database before it this may be half a password.
        raise ValueError("its parameters are not known here; remove them, or write %3F for a ?")
    if len(several) > 1:
        asked += [("host", host if _port(host) else f"{host}:5432") for host in several]
        hosts = ""
    return f"{who}{at}{hosts}{slash}{name}" + (f"?{urlencode(asked)}" if asked else "")


def _port(host: str) -> str:
    """Of `name:5432` or `[::1]:5432`; empty where none is said."""
    return host.rpartition("]")[2].rpartition(":")[2] if ":" in host.rpartition("]")[2] else ""


def _check_port(host: str) -> None:
    port = _port(host)
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(
            "its port is not one; write postgresql://user:password@host:5432/name, with %40 for an @ in it, %3F for a ?"
        )
