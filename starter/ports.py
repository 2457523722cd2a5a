"""Ports of this machine, on its loopback address unless another one is named."""

import socket
import sys

HOST = "127.0.0.1"
_marks: dict[tuple[str, int], socket.socket] = {}
"""The addresses and ports this process has claimed, for as long as it lives."""


def is_free(port: int, host: str = HOST) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        if sys.platform != "win32":  # where the option would allow to take over a taken port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def claim(port: int, host: str = HOST) -> bool:
    """Whether the port is free; then no other process that asks here gets it while this one lives.

    A server listens seconds after its port was chosen, and two that are started together would choose the same. The
    mark of a chosen port is the datagram port of its number: nothing of ours uses it, and it goes with its process.
    """
    if not is_free(port, host):
        return False
    if (host, port) in _marks:
        return True
    mark = socket.socket(type=socket.SOCK_DGRAM)
    try:
        mark.bind((host, port))
    except OSError:
        mark.close()
        return False
    _marks[host, port] = mark
    return True


def free_or_any(port: int, host: str = HOST) -> int:
    """The port, claimed, if it is free, else 0, which takes any."""
    return port if port and claim(port, host) else 0
