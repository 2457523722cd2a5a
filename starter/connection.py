"""Where Temporal is: temporal.toml and TEMPORAL_* first, then the home's running local stack, then localhost."""

import asyncio
import re
from functools import cache

from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError

from starter.cluster import marked_home
from starter.errors import OperatorError
from starter.observe.tracing import tracing
from starter.settings import Codec, Settings
from starter.stackfile import running_stack
from starter.wire import data_converter

DEFAULT_PORT = 7233
PATIENCE = 10.0
"""Seconds to wait for an address that neither takes nor refuses the connection."""


class ConnectFailed(OperatorError):
    """Temporal cannot be reached, as one line: which address, what to do."""


async def connect(settings: Settings, *, identity: str | None = None, runtime: Runtime | None = None) -> Client:
    """A client of the configured Temporal service; `identity` is whom histories will name.

    Raises ConnectFailed with one line.
    """
    config = _configured()
    unnamed = "target_host" not in config and running_stack(settings.home) is None
    client = await connect_to(config, settings, identity=identity, runtime=runtime or _quiet())
    if unnamed:
        await _not_of_another_home(client, settings)
    return client


async def _not_of_another_home(client: Client, settings: Settings) -> None:
    """Raises ConnectFailed for the local stack of another home, which nobody has named: a case must not go astray."""
    other, home = await marked_home(client), settings.home.absolute()
    if other is not None and other.resolve() != home.resolve():
        address = client.service_client.config.target_host
        raise ConnectFailed(
            f"no local stack runs on {home}, and the one at {address} is that of {other}; "
            "start yours with `redress dev`, or set REDRESS_HOME to that folder"
        )


@cache
def _quiet() -> Runtime:
    """A client's: what was tried again is no line for its user; what failed in the end we tell ourselves."""
    errors = TelemetryFilter(core_level="ERROR", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=errors)))


def _converter(codec: Codec) -> DataConverter:
    return data_converter(codec.ring, accept_plain=codec.plain == "accept", strangers=codec.strangers)


async def connect_to(
    config: ClientConnectConfig, settings: Settings, *, identity: str | None = None, runtime: Runtime | None = None
) -> Client:
    """As `connect`, for a known address."""
    address = config.get("target_host") or address_of(settings)
    target: ClientConnectConfig = {**config, "target_host": address}
    try:
        async with asyncio.timeout(PATIENCE):
            return await Client.connect(
                **target,
                data_converter=_converter(settings.codec),
                identity=identity,
                runtime=runtime,
                plugins=tracing(settings),
            )
    except (RuntimeError, RPCError, OSError, ValueError) as error:
        raise ConnectFailed(
            f"no Temporal service answers at {address} ({_why(error)}"
            "); start one with `redress dev`, or set TEMPORAL_ADDRESS"
        ) from None


def no_namespace(error: RuntimeError, namespace: str) -> ConnectFailed | None:
    """Why the SDK lets no worker begin; None for another error. Its own text is a page of what the server sent."""
    text = str(error)
    if "Worker validation failed" not in text:
        return None
    if "NotFound" in text:
        return ConnectFailed(
            f"namespace {namespace} is not there; make it with `redress setup`, or correct TEMPORAL_NAMESPACE"
        )
    return ConnectFailed(
        f"namespace {namespace} cannot be asked about; see what may be done there with these credentials"
    )


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
