"""Ports of this machine's loopback address."""

import socket
import sys

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        if sys.platform != "win32":  # where the option would allow to take over a taken port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def free_or_any(port: int) -> int:
    """The port if it is free, else 0, which takes any."""
    return port if is_free(port) else 0
