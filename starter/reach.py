"""Where Temporal is: temporal.toml and TEMPORAL_* first, then the home's running local stack, then localhost.

And the way there, as far as its own API: what only workflows need (temporalio.client, converters, keys) is left to
`connection`, since whoever just lists cases does not wait for it.
"""

import asyncio
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import ConnectConfig, RPCError, ServiceClient

from starter.errors import OperatorError
from starter.homemark import marked_home
from starter.observe.tracing import tracing
from starter.settings import Settings
from starter.stackfile import running_stack

if TYPE_CHECKING:
    from temporalio.client import Plugin

DEFAULT_PORT = 7233
PATIENCE = 10.0
"""Seconds to wait for an address that neither takes nor refuses the connection."""


class ConnectFailed(OperatorError):
    """Temporal cannot be reached, as one line: which address, what to do."""


class Reached(NamedTuple):
    """A connection, and the namespace that is meant there."""

    service: ServiceClient
    namespace: str
    plugins: "Sequence[Plugin]"
    """What a client on this connection needs."""

    @property
    def address(self) -> str:
        """host:port."""
        return self.service.config.target_host


async def reach(settings: Settings, *, identity: str | None = None, runtime: Runtime | None = None) -> Reached:
    """The configured Temporal service; `identity` is whom histories will name.

    Raises ConnectFailed with one line.
    """
    config = _configured()
    unnamed = "target_host" not in config and running_stack(settings.home) is None
    reached = await reach_at(config, settings, identity=identity, runtime=runtime or _quiet())
    if unnamed:
        await _not_of_another_home(reached, settings)
    return reached


async def _not_of_another_home(reached: Reached, settings: Settings) -> None:
    """Raises ConnectFailed for the local stack of another home, which nobody has named: a case must not go astray."""
    other, home = await marked_home(reached.service, reached.namespace), settings.home.absolute()
    if other is not None and other.resolve() != home.resolve():
        raise ConnectFailed(
            f"no local stack runs on {home}, and the one at {reached.address} is that of {other}; "
            "start yours with `redress dev`, or set REDRESS_HOME to that folder"
        )


@cache
def _quiet() -> Runtime:
    """A client's: what was tried again is no line for its user; what failed in the end we tell ourselves."""
    errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=errors)))


async def reach_at(
    config: ClientConnectConfig, settings: Settings, *, identity: str | None = None, runtime: Runtime | None = None
) -> Reached:
    """As `reach`, for a known address."""
    address = config.get("target_host") or address_of(settings)
    namespace = config.get("namespace", "default")
    named: dict[str, Any] = {name: value for name, value in config.items() if name != "namespace"}
    try:
        async with asyncio.timeout(PATIENCE):
            plugins = tracing(settings)
            there = ConnectConfig(**named | {"target_host": address}, identity=identity or "", runtime=runtime)
            return Reached(await ServiceClient.connect(there), namespace, plugins)
    except (RuntimeError, RPCError, OSError, ValueError) as error:
        raise ConnectFailed(
            f"no Temporal service answers at {address} ({_why(error)}"
            "); start one with `redress dev`, or set TEMPORAL_ADDRESS"
        ) from None


def target(settings: Settings) -> str:
    """host:port that `connect` would go to. Raises ConnectFailed."""
    return _configured().get("target_host") or address_of(settings)


def address_of(settings: Settings) -> str:
    """The local stack's address when one runs for this home, else where one is by default."""
    stack = running_stack(settings.home)
    return stack.address if stack else f"localhost:{settings.local.port or DEFAULT_PORT}"


_QUOTED = re.compile(r"'[^']*'")
"""What a setting says, as the SDK repeats it."""


def _configured() -> ClientConnectConfig:
    try:
        return ClientConfig.load_client_connect_config()
    except (RuntimeError, ValueError, OSError) as error:
        # Only the first line: a TOML parser goes on to print the source, keys included.
        reason = _QUOTED.sub("'…'", (str(error).splitlines() or [type(error).__name__])[0])[:200]
        raise ConnectFailed(f"the Temporal connection settings cannot be used ({reason}); correct them") from None


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no reply in {PATIENCE:.0f} s"
    text = str(error).lower()
    for sign, reason in _REASONS.items():
        if sign in text:
            return reason
    return type(error).__name__


_REASONS = {
    "connection refused": "connection refused",
    "dns error": "unknown host",
    "failed to lookup": "unknown host",
    "certificate": "TLS certificate refused",
    "tls": "TLS handshake failed",
    "unauthenticated": "credentials refused",
    "permission": "credentials refused",
    "invalid url": "not an address; write host:port",
    "transport error": "nothing there takes the connection",
}
"""What a connection error's text tells, in the words of the one line; the text itself may hold secrets."""
