"""Whether a claim is enough here. Apart from the gate: whoever need prove nothing must not wait for its keys."""

from ipaddress import ip_address

from starter.settings import Settings


def needs_proof(settings: Settings, address: str) -> bool:
    """Whether whoever sends or reads must log in."""
    return settings.auth.policy == "required" or not is_loopback(address)


def is_loopback(address: str) -> bool:
    """Whether host:port is this machine."""
    host = address.rpartition("://")[2].rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
