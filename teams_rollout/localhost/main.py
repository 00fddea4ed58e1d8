"""The host's command line (localhost)."""

import argparse
import asyncio
import os
import socket
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from teams_rollout.localhost.app import AppError, load_app, require_app
from teams_rollout.localhost.config import ConfigError, load_settings, read_host_config
from teams_rollout.localhost.fast_dates import use_fast_dates
from teams_rollout.localhost.host import Host, Setup
from teams_rollout.localhost.invoke import Invoker
from teams_rollout.localhost.keys import load_keys
from teams_rollout.localhost.logs import set_up_logs
from teams_rollout.localhost.routes import RouteError
from teams_rollout.localhost.store import StateFileError, Store
from teams_rollout.localhost.timer_listener import ScheduleError


class PortError(Exception):
    """The port cannot be used; the message is one sentence for a person."""


def main(arguments: Sequence[str] | None = None, *, invoker: type[Invoker] = Invoker) -> int:
    """Run the host until it is told to stop; 0 after a drain, 1 when it could not start."""
    options = _parser().parse_args(arguments)
    set_up_logs(options.log_level.upper())
    try:
        setup = replace(_set_up(options), invoker=invoker)
        try:
            host = Host(setup)
            asyncio.run(host.run(_say))
        finally:
            setup.store.close()
    except (AppError, ConfigError, PortError, StateFileError, RouteError, ScheduleError) as error:
        cause = error.__cause__
        if isinstance(error, AppError) and cause is not None:
            traceback.print_exception(cause)
        sys.stderr.write(f"{error}\n")
        return 1
    if host.threads_at_work:
        sys.stderr.write("Functions that do not end are left; they run again where that is due.\n")
        sys.stderr.flush()
        os._exit(0)  # the interpreter would wait for their threads without limit
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m teams_rollout.localhost",
        description="Runs an Azure Functions app (v2 model, Durable Functions) on one machine.",
    )
    parser.add_argument("--app", type=Path, required=True, help="folder with function_app.py")
    parser.add_argument("--port", type=int, default=7071, help="0 takes a free port")
    parser.add_argument("--state", type=Path, required=True, help="file that keeps all state")
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning"])
    parser.add_argument("--drain", type=float, default=10, help="seconds to finish work in at stop")
    parser.add_argument(
        "--message-lease",
        type=int,
        default=600,
        help="seconds for which a queue message stays hidden after a crash (600 on Azure)",
    )
    parser.add_argument(
        "--fast-dates",
        action="store_true",
        help="read dates in history with the standard library, which replays several times faster",
    )
    return parser


def _set_up(options: argparse.Namespace) -> Setup:
    folder, state = options.app.resolve(), options.state.resolve()
    require_app(folder)  # before a state file is made
    load_settings(folder)
    config = read_host_config(folder)
    store = Store(state)
    try:
        listening = _listen(options.port)
        os.environ.setdefault("WEBSITE_HOSTNAME", f"localhost:{listening.getsockname()[1]}")
        app = load_app(folder)
        if options.fast_dates:
            use_fast_dates()
        lease = timedelta(seconds=options.message_lease)
        return Setup(app, config, store, load_keys(state), listening, options.drain, lease)
    except BaseException:
        store.close()
        raise


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        raise PortError(f"The host cannot listen on port {port} ({error}).") from error


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
