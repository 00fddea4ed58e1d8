"""Ports on the loopback address: the usual ones, or free ones when those are taken."""

import socket
from collections.abc import Container

HOST = "127.0.0.1"


def choose_port(preferred: int, *, avoid: Container[int] = ()) -> int:
    """The preferred port if nobody has it, else one that the system calls free."""
    if preferred not in avoid and _is_free(preferred):
        return preferred
    while (port := free_port()) in avoid:
        continue
    return port


def free_port() -> int:
    """A port that nobody had a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody accepts connections on the port."""
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port that only waits out its last connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
