"""Tenant simulator: serving it with uvicorn, on a free port if wanted, and stopping politely."""

from __future__ import annotations

import asyncio
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from teams_rollout.tenant import seed as seeds
from teams_rollout.tenant.app import ABORT, Receive, Scope, Send, TenantApp

_BACKLOG = 2048
_GRACE_S = 3
_KEEP_ALIVE_S = 120
# SO_LINGER on with 0 seconds: closing sends RST, which is what a broken connection looks like.
_RESET = struct.pack("ii", 1, 0)


class AbortableProtocol(H11Protocol):
    """HTTP/1.1 that lets the application cut its own connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
        """Give every request of this connection a way to cut it."""
        super().connection_made(transport)
        inner = self.app

        def abort() -> None:
            connection = transport.get_extra_info("socket")
            if connection is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            transport.abort()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[ABORT] = abort
            await inner(scope, receive, send)

        self.app = app


class AnnouncingServer(uvicorn.Server):
    """Prints its address when it listens, and writes the state when it stops."""

    def __init__(self, config: uvicorn.Config, *, address: str, on_stop: Any) -> None:
        super().__init__(config)
        self._address, self._on_stop = address, on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then say so on standard output."""
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"listening on {self._address}\n")
            sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let requests end, then write the state."""
        await super().shutdown(sockets)
        self._on_stop()


def make_server(
    app: TenantApp,
    *,
    host: str,
    port: int,
    state: Path | None = None,
    tls: tuple[Path, Path] | None = None,
) -> tuple[AnnouncingServer, socket.socket]:
    """Return a server and the socket it shall listen on.

    Raises:
        OSError: the port is taken, or a TLS file cannot be read.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, because asyncio switches Nagle's algorithm off only for sockets that say they are
    # TCP; with it on, an answer in two pieces waits 40 ms for the client's delayed ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        config = _config(app, tls)
        config.load()
    except OSError:
        listener.close()
        raise

    def stop() -> None:
        if state is not None:
            seeds.write(app.sim.world, state)

    shown = f"[{host}]" if ":" in host else host
    address = f"{'https' if tls else 'http'}://{shown}:{listener.getsockname()[1]}"
    return AnnouncingServer(config, address=address, on_stop=stop), listener


def _config(app: TenantApp, tls: tuple[Path, Path] | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=AbortableProtocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        timeout_keep_alive=_KEEP_ALIVE_S,
        ssl_certfile=str(tls[0]) if tls else None,
        ssl_keyfile=str(tls[1]) if tls else None,
    )


def serve(server: AnnouncingServer, listener: socket.socket) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    # uvicorn raises the signal again once it has stopped: a polite stop is no failure.
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: None)
    server.run(sockets=[listener])
