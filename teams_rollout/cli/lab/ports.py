"""Ports on the loopback address: the usual ones, or free ones when those are taken."""

import socket
from collections.abc import Container
from pathlib import Path

HOST = "127.0.0.1"
_LISTEN = "0A"  # the state of a listening socket in /proc/net/tcp


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


def is_held_by_another(port: int, pid: int) -> bool:
    """Whether a process other than this one listens on the port, as far as one can tell.

    A stranger on our port answers as if he were our part. Only Linux shows who holds a socket;
    elsewhere the answer is always no.
    """
    socket_id = _listening_socket(port)
    if not socket_id:
        return False
    try:
        handles = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False
    return all(_target(handle) != f"socket:[{socket_id}]" for handle in handles)


def _listening_socket(port: int) -> str:
    """The inode of the socket that listens on the port, or nothing."""
    try:
        rows = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return ""
    fields = (row.split() for row in rows)
    listening = (f for f in fields if f[3] == _LISTEN and int(f[1].rpartition(":")[2], 16) == port)
    return next((f[9] for f in listening), "")


def _target(handle: Path) -> str:
    try:
        return str(handle.readlink())
    except OSError:
        return ""


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port that only waits out its last connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
