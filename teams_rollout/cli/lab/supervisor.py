"""Starts the lab's parts in order, looks after them, stops them in the reverse order."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from teams_rollout.cli.addresses import ADDRESSES, Addresses
from teams_rollout.cli.errors import CliError
from teams_rollout.cli.lab import parts
from teams_rollout.cli.lab.parts import LabOptions, Part
from teams_rollout.cli.lab.ports import is_held_by_another
from teams_rollout.cli.lab.processes import Child, Identity, identify
from teams_rollout.cli.lab.records import LabRecord

READY_POLL = 0.1
PORT_TAKEN = ("EADDRINUSE", "address already in use", "Address already in use")
START_TRIES = 3
RETURN_TRIES = 10
"""How often in a row a part may be killed before it is ready: what kills it every time stays."""
# Ctrl-C is named too: a job that a script starts in the background has it ignored.
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class PartDiedError(CliError):
    """A part of the lab ended by itself."""


class Lab:
    """The running parts; made by `running_lab`, which also stops them."""

    def __init__(self, options: LabOptions, *, tell: Callable[[str], None]) -> None:
        self._options = options
        self._tell = tell
        self._running: list[tuple[Part, Child]] = []
        self._addresses: Addresses | None = None

    @property
    def addresses(self) -> Addresses:
        """Where the parts are.

        Raises:
            CliError: the lab is not up.
        """
        if self._addresses is None:
            raise CliError("The lab is not up yet.")
        return self._addresses

    def start(self) -> None:
        """Start every part and wait until each answers; writes `addresses.json`.

        Raises:
            CliError: a part is not installed, died, or did not get ready in time.
        """
        options = self._options
        (options.folder / ADDRESSES).unlink(missing_ok=True)
        (options.folder / parts.STORAGE_DATA).mkdir(parents=True, exist_ok=True)
        storage, tenant = self._bring_up(
            lambda: parts.storage(options), lambda: parts.tenant(options)
        )
        (host,) = self._bring_up(
            lambda: parts.host(
                options, connection=storage.connection, tenant_address=tenant.address
            )
        )
        self._addresses = Addresses(
            api=host.address,
            portal=host.address,
            tenant=tenant.address,
            storage=storage.connection,
            host=host.address,
        )
        self._addresses.write(options.folder)

    def tend(self) -> None:
        """Look after the parts: the host may be killed at any moment and comes back.

        Raises:
            PartDiedError: a part that cannot come back has ended.
        """
        for place, (_, child) in enumerate(self._running):
            if child.exit_code is not None:
                self._bring_back(place)

    def _bring_back(self, place: int) -> None:
        """Start a killed part again, also when it is killed before it is ready."""
        for tries_left in reversed(range(RETURN_TRIES)):
            part, child = self._running[place]
            code = child.exit_code or 0
            if not (part.may_return and code < 0):
                raise PartDiedError(_obituary(part, child))
            self._tell(f"The {part.title} was killed (signal {-code}); starting it again.")
            self._running[place] = (part, self._launch(part))
            self._record()
            try:
                self._await(*self._running[place])
            except PartDiedError:
                if not tries_left:
                    raise
                continue
            return

    def stop(self) -> None:
        """Stop the parts, the last started first; each gets time to end by itself."""
        while self._running:
            part, child = self._running.pop()
            self._tell(f"Stopping {part.title} ...")
            if not child.stop(within=part.stops_within):
                self._tell(f"It did not stop within {part.stops_within:.0f} s and was killed.")

    def _bring_up(self, *makes: Callable[[], Part]) -> list[Part]:
        """Start some parts at the same time and wait until all of them answer."""
        first = len(self._running)
        for make in makes:
            part = make()
            self._running.append((part, self._launch(part)))
        self._record()
        return [self._ensure(make, place) for place, make in enumerate(makes, start=first)]

    def _ensure(self, make: Callable[[], Part], place: int) -> Part:
        for tries_left in reversed(range(START_TRIES)):
            part, child = self._running[place]
            try:
                self._await(part, child)
            except PartDiedError:
                # Between our look and the part's bind somebody else may have taken the port.
                if not tries_left or not any(sign in child.tail() for sign in PORT_TAKEN):
                    raise
                part = make()
                self._running[place] = (part, self._launch(part))
                self._record()
                continue
            break
        return part

    def _launch(self, part: Part) -> Child:
        log = self._options.folder / "logs" / f"{part.key}.log"
        return Child(part.command, env=part.env, cwd=self._options.app, log=log)

    def _await(self, part: Part, child: Child) -> None:
        self._tell(f"Waiting for the {part.title} on {part.address} ...")
        begun = time.monotonic()
        # A stranger on the same port answers too: only our own part counts.
        while not (part.answers() and _is_itself(part, child)):
            if child.exit_code is not None:
                raise PartDiedError(_obituary(part, child))
            if time.monotonic() - begun > part.starts_within:
                text = f"The {part.title} was not ready after {part.starts_within:.0f} s"
                raise CliError(f"{text}; its log {child.log} ends:\n{child.tail()}")
            time.sleep(READY_POLL)

    def _record(self) -> None:
        own = identify(os.getpid()) or Identity(os.getpid(), "")
        found = {part.key: child.identity for part, child in self._running}
        record = LabRecord(supervisor=own, seed=str(self._options.seed), parts=found)
        record.write(self._options.folder)


@contextmanager
def running_lab(options: LabOptions, *, tell: Callable[[str], None]) -> Iterator[Lab]:
    """A lab that is up inside the block and stopped after it, whatever happens.

    SIGTERM and SIGHUP end the block like Ctrl-C; while the parts stop, none of them does.
    """
    lab = Lab(options, tell=tell)
    before = {number: signal.signal(number, _interrupt) for number in ENDINGS}
    try:
        lab.start()
        yield lab
    finally:
        for number in ENDINGS:
            signal.signal(number, signal.SIG_IGN)
        lab.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_itself(part: Part, child: Child) -> bool:
    if child.exit_code is not None:
        return False
    return not any(is_held_by_another(port, child.identity.pid) for port in part.ports)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _obituary(part: Part, child: Child) -> str:
    code = child.exit_code or 0
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return f"The {part.title} {how}; its log {child.log} ends:\n{child.tail()}"
