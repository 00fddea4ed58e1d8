"""Puts the parts of the host together and runs them from start to drain (localhost)."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from aiohttp import web

from teams_rollout.localhost.activities import ActivityRunner
from teams_rollout.localhost.addresses import Addresses
from teams_rollout.localhost.admin import AdminApi
from teams_rollout.localhost.app import FunctionSpec, LoadedApp, TriggerKind
from teams_rollout.localhost.client import Client
from teams_rollout.localhost.config import HostConfig
from teams_rollout.localhost.durable_http import call_http
from teams_rollout.localhost.engine import Engine
from teams_rollout.localhost.entities import Entities
from teams_rollout.localhost.http_server import HttpServer, http_functions
from teams_rollout.localhost.invoke import Invoker
from teams_rollout.localhost.keys import HostKeys, keys_path
from teams_rollout.localhost.leftovers import close_sessions
from teams_rollout.localhost.listing import list_functions, table
from teams_rollout.localhost.management import ManagementApi
from teams_rollout.localhost.outputs import QueueOutputs
from teams_rollout.localhost.queue_listener import QueueListener
from teams_rollout.localhost.store import Store
from teams_rollout.localhost.timer_listener import TimerListener
from teams_rollout.localhost.turn import KnownFunctions, RunOrchestrator

logger = logging.getLogger(__name__)

LAST_ANSWERS: Final = 1.0
MOST_THREADS: Final = 32


@dataclass(frozen=True, slots=True)
class Setup:
    """What a host is made of; `invoker` is replaced to compare it with another one."""

    app: LoadedApp
    config: HostConfig
    store: Store
    keys: HostKeys
    listening: socket.socket
    drain_seconds: float
    message_lease: timedelta
    invoker: type[Invoker] = Invoker

    @property
    def origin(self) -> str:
        """The address that the host serves."""
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"


class Host:
    """One running host.

    Raises:
        RouteError, ScheduleError, ConfigError: a binding cannot be served.
    """

    def __init__(self, setup: Setup) -> None:
        app, config = setup.app, setup.config
        self._setup = setup
        self._id = uuid4().hex
        self._started = time.monotonic()
        self._state = "Initializing"
        addresses = Addresses(setup.origin, config.hub_name, setup.keys.durable)
        self._outputs = QueueOutputs(base64=config.queues.base64)
        self._invoker = setup.invoker(
            client_binding=addresses.client_binding,
            deliver=self._outputs.send,
            timeout=config.function_timeout,
            threads=_threads(),
        )
        self._engine = _engine(setup, self._invoker)
        self._entities = Entities(
            setup.store,
            self._invoker,
            functions=_by_name(app.of(TriggerKind.ENTITY)),
            wake=self._engine.wake,
        )
        self._engine.on_entities = self._entities.poke
        routes = http_functions(app.of(TriggerKind.HTTP), prefix=config.route_prefix)
        self._functions = list_functions(
            app.functions,
            addresses={r.spec.name: f"{setup.origin}/{r.route.template}" for r in routes},
        )
        self._server = HttpServer(
            routes,
            invoker=self._invoker,
            management=ManagementApi(
                Client(self._engine, replaces_running=config.replaces_running),
                self._entities,
                addresses,
            ),
            admin=AdminApi(app.functions, self._functions, self._invoker, setup.keys, self.status),
            keys=setup.keys,
        )
        self._listeners: Sequence[QueueListener | TimerListener] = ()

    async def run(self, say: Callable[[str], None]) -> None:
        """Serve until SIGTERM or SIGINT, then drain.

        Args:
            say: receives the table of functions and the line that tells the address.
        """
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        self._listeners = self._make_listeners()
        runner = web.AppRunner(self._server.web_app(), access_log=None, handle_signals=False)
        await runner.setup()
        await web.SockSite(runner, self._setup.listening).start()
        await self._engine.start()
        self._entities.start()
        for listener in self._listeners:
            listener.start()
        self._state = "Running"
        for line in table(self._functions, left_out=self._setup.app.left_out):
            say(line)
        say(f"keys: {keys_path(self._setup.store.path)}")
        say(f"listening on {self._setup.origin}")
        await stop.wait()
        await self._drain(runner)

    async def _drain(self, runner: web.AppRunner) -> None:
        """Take nothing new, let what runs finish, answer HTTP meanwhile."""
        self._state = "Stopping"
        logger.info("Stopping")
        deadline = time.monotonic() + self._setup.drain_seconds
        parts = (*self._listeners, self._engine, self._entities)
        await asyncio.gather(*(part.stop(within=self._setup.drain_seconds) for part in parts))
        left = max(deadline - time.monotonic(), LAST_ANSWERS)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(runner.cleanup(), left)
        await self._outputs.close()
        await close_sessions()
        self._invoker.close()

    @property
    def threads_at_work(self) -> int:
        """How many sync functions still run; the interpreter would wait for them."""
        return self._invoker.in_threads

    def status(self) -> Mapping[str, Any]:
        """Return what `/admin/host/status` shows."""
        return {
            "id": self._id,
            "state": self._state,
            "version": "localhost",
            "processUptime": round((time.monotonic() - self._started) * 1000),
            "functions": [function.name for function in self._setup.app.functions],
            "running": self._invoker.running,
        }

    def _make_listeners(self) -> Sequence[QueueListener | TimerListener]:
        app, invoker = self._setup.app, self._invoker
        queues = [
            QueueListener(
                spec,
                options=self._setup.config.queues,
                lease=self._setup.message_lease,
                invoker=invoker,
            )
            for spec in app.of(TriggerKind.QUEUE)
        ]
        timers = [
            TimerListener(spec, store=self._setup.store, invoker=invoker)
            for spec in app.of(TriggerKind.TIMER)
        ]
        return [*queues, *timers]


def _engine(setup: Setup, invoker: Invoker) -> Engine:
    app, config = setup.app, setup.config
    activities = app.of(TriggerKind.ACTIVITY)
    orchestrators = {spec.name: spec for spec in app.of(TriggerKind.ORCHESTRATION)}
    return Engine(
        setup.store,
        run=_runner(orchestrators, invoker),
        activities=ActivityRunner(
            invoker,
            functions=_by_name(activities),
            call_http=call_http,
            most=config.max_activities,
        ),
        known=KnownFunctions(
            activities=frozenset(spec.name for spec in activities),
            orchestrators=frozenset(orchestrators),
        ),
        versions=config.versions,
        max_turns=config.max_orchestrators,
    )


def _runner(orchestrators: Mapping[str, FunctionSpec], invoker: Invoker) -> RunOrchestrator:
    by_name = {name.casefold(): spec for name, spec in orchestrators.items()}
    return lambda name, envelope: invoker.orchestrate(by_name[name.casefold()], envelope)


def _by_name(specs: Sequence[FunctionSpec]) -> dict[str, FunctionSpec]:
    return {spec.name.casefold(): spec for spec in specs}


def _threads() -> int:
    given = os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT", "")
    return int(given) if given.isdigit() else min(MOST_THREADS, (os.cpu_count() or 1) + 4)
