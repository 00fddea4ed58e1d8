"""`lab up` and `lab down`: in the foreground, in the background, and from another terminal."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from teams_rollout.cli import tables
from teams_rollout.cli.addresses import ADDRESSES, Addresses, read_addresses
from teams_rollout.cli.console import note, say
from teams_rollout.cli.errors import CliError
from teams_rollout.cli.lab.host_api import HostApi, read_keys
from teams_rollout.cli.lab.parts import HOST_STOPS_WITHIN, PART_STOPS_WITHIN, LabOptions
from teams_rollout.cli.lab.processes import gone_within, is_running, stop
from teams_rollout.cli.lab.records import (
    LabRecord,
    LabRunningError,
    clean,
    read_record,
    sole_owner,
)
from teams_rollout.cli.lab.seed import check_seed
from teams_rollout.cli.lab.supervisor import Lab, running_lab

TEND_SECONDS = 0.5
ALL_STOP_WITHIN = HOST_STOPS_WITHIN + 2 * PART_STOPS_WITHIN + 10
READY_WITHIN = 200.0  # seconds for a lab in the background; each part has its own bound within it


def up(options: LabOptions, *, fresh: bool) -> None:
    """Run the lab until Ctrl-C, SIGTERM, or the death of a part.

    Raises:
        CliError: no usable seed, a lab of another seed's data, a part that did not come up or died.
    """
    check_seed(options.seed)
    try:
        with sole_owner(options.folder):
            _prepare(options, fresh=fresh)
            with running_lab(options, tell=note) as lab:
                show_functions(lab.addresses, folder=options.folder)
                show_addresses(lab.addresses)
                say("The lab is up; Ctrl-C stops it.")
                serve(lab)
    except LabRunningError:
        if fresh:
            raise
        _say_running(options)


def chosen_seed(named: Path | None, *, folder: Path, fresh: bool, default: Path) -> Path:
    """The seed named, else the one whose data lie in the folder, else the default."""
    if named is not None:
        return named.resolve()
    record = None if fresh else read_record(folder)
    return Path(record.seed) if record is not None else default.resolve()


def serve(lab: Lab) -> None:
    """Look after the parts until Ctrl-C or SIGTERM.

    Raises:
        PartDiedError: a part that cannot come back has ended.
    """
    try:
        while True:
            lab.tend()
            time.sleep(TEND_SECONDS)
    except KeyboardInterrupt:
        note("Stopping the lab ...")


def up_detached(options: LabOptions, *, line: Sequence[str], fresh: bool) -> None:
    """Run the lab in the background and return when it is up.

    Args:
        line: the command line of the same lab in the foreground.
        fresh: a lab that runs already is not what is asked for.

    Raises:
        CliError: it did not come up; its last lines are the message.
    """
    check_seed(options.seed)
    record = read_record(options.folder)
    if record is not None and is_running(record.supervisor):
        if fresh:
            raise LabRunningError(options.folder)
        _say_running(options)
        return
    log = options.folder / "logs" / "lab.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    (options.folder / ADDRESSES).unlink(missing_ok=True)
    with log.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603 - this command itself, no shell
            [sys.executable, "-m", "teams_rollout.cli", *line],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    _await_addresses(options.folder, process=process, log=log)


def down(folder: Path) -> None:
    """Stop the lab of a folder, and whatever an earlier one left behind."""
    record = read_record(folder)
    if record is None or not _anything_runs(record):
        say(f"No lab runs in {folder}.")
        return
    # The supervisor stops its parts in order; only what outlives it is stopped from here.
    if is_running(record.supervisor):
        note("Stopping the lab ...")
        stop(record.supervisor, within=ALL_STOP_WITHIN)
    for key, part in reversed(list(record.parts.items())):
        if is_running(part) and not gone_within(part, seconds=2):
            note(f"Stopping {key}, which its lab left behind ...")
            stop(part, within=PART_STOPS_WITHIN)
    say("The lab is down.")


def show_functions(addresses: Addresses, *, folder: Path) -> None:
    """Print what the function app serves: name, trigger, and where it is reached."""
    try:
        listed = HostApi(addresses.host, read_keys(folder)).functions()
    except CliError:
        # A host that is just being killed and started again must not take the lab with it.
        note("The table of functions is left out: the host is starting again.")
        return
    tables.show(tables.functions(listed), nothing="The app has no functions.")


def show_addresses(addresses: Addresses) -> None:
    """Say where the parts are."""
    say(f"API               {addresses.api}/api/v1")
    say(f"helpdesk page     {addresses.portal}/helpdesk")
    say(f"tenant simulator  {addresses.tenant}")


def _prepare(options: LabOptions, *, fresh: bool) -> None:
    if fresh:
        clean(options.folder)
        return
    record = read_record(options.folder)
    if record is not None and record.seed != str(options.seed):
        raise CliError(
            f"{options.folder} holds the data of a lab with the tenant {record.seed}. "
            "Add --fresh to begin again with the other tenant, or name the same --seed."
        )


def _anything_runs(record: LabRecord) -> bool:
    return is_running(record.supervisor) or any(map(is_running, record.parts.values()))


def _say_running(options: LabOptions) -> None:
    record = read_record(options.folder)
    if record is not None and record.seed != str(options.seed):
        raise CliError(
            f"A lab with the tenant {record.seed} already runs in {options.folder}. "
            "Stop it first: rollout lab down"
        )
    say("The lab is already running.")
    addresses = read_addresses(options.folder)
    if addresses is not None:
        show_addresses(addresses)


def _await_addresses(folder: Path, *, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while (addresses := read_addresses(folder)) is None:
        if process.poll() is not None:
            raise CliError(log.read_text(encoding="utf-8", errors="replace").strip())
        if time.monotonic() > deadline:
            process.terminate()
            raise CliError(f"The lab was not up after {READY_WITHIN:.0f} s; see {log}.")
        time.sleep(0.1)
    show_functions(addresses, folder=folder)
    show_addresses(addresses)
    say("The lab is up in the background; stop it with: rollout lab down")
