"""`rollout lab demo` (`make demo`): a whole council, wave by wave, from a clean start.

1. Start the lab in an empty folder and import the files.
2. For each wave in order: plan, start, follow until it closes; record `go` for a pilot.
3. Reconcile, sum up, say where to look.
4. Keep serving until Ctrl-C; or write the results and stop.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from teams_rollout.cli import tables
from teams_rollout.cli.answers import Plan, Wave, by_position, understood
from teams_rollout.cli.client import RolloutClient
from teams_rollout.cli.commands.imports import take_over
from teams_rollout.cli.commands.upkeep import drift_sentence, reconcile
from teams_rollout.cli.commands.waves import (
    decide,
    end_sentence,
    environment_of,
    make_plan,
    start,
)
from teams_rollout.cli.console import say
from teams_rollout.cli.errors import EXIT_ERROR, CliError, ImportRefusedError
from teams_rollout.cli.following import Watchman, follow
from teams_rollout.cli.lab.demo_results import people_to_look_at, write_results
from teams_rollout.cli.lab.parts import LabOptions
from teams_rollout.cli.lab.records import clean, sole_owner
from teams_rollout.cli.lab.running import serve, show_addresses
from teams_rollout.cli.lab.supervisor import Lab, running_lab
from teams_rollout.cli.words import counts, people, span

STUCK_AFTER = 10 * 60.0  # seconds without any change in a wave
ALL_WITHIN = 60 * 60.0  # seconds for everything
REHEARSAL_REASON = "rehearsal: the demo decides go by itself"


@dataclass(frozen=True)
class DemoOptions:
    """What the demo rolls out, and whether it serves afterwards."""

    lab: LabOptions
    files: Mapping[str, Path]
    leave: bool


def run_demo(options: DemoOptions) -> None:
    """Run the demo.

    Raises:
        CliError: something did not work; the parts are stopped by then.
        typer.Exit: 1 when not all waves have closed.
    """
    with sole_owner(options.lab.folder):
        clean(options.lab.folder)
        with running_lab(options.lab, tell=say) as lab:
            show_addresses(lab.addresses)
            closed = _roll_out(options, lab)
            if not options.leave:
                say("Everything keeps running; Ctrl-C stops it.")
                serve(lab)
    if not closed:
        raise typer.Exit(EXIT_ERROR)


def _roll_out(options: DemoOptions, lab: Lab) -> bool:
    begun = time.monotonic()
    with RolloutClient(lab.addresses.api, tend=lab.tend) as client:
        _import(client, options.files)
        trouble = _run_waves(client, until=begun + ALL_WITHIN)
        seconds = time.monotonic() - begun
        if trouble:
            say(f"Error: {trouble}")
        else:
            say(drift_sentence(reconcile(client)))
        waves = _waves(client)
        users = client.whole("/users")["value"]
        tables.show(tables.waves(waves), nothing="There are no waves.")
        say(f"{people(len(users))} in {span(seconds)}.")
        for line in people_to_look_at(users, portal=lab.addresses.portal):
            say(line)
        if options.leave:
            write_results(
                options.lab.folder, users=users, seconds=seconds, tenant=lab.addresses.tenant
            )
    return not trouble and bool(waves) and all(wave.state.is_closed for wave in waves)


def _import(client: RolloutClient, files: Mapping[str, Path]) -> None:
    say(f"Importing {', '.join(str(path) for path in files.values())} ...")
    try:
        take_over(client, dict(files), fields={"confirm": "true"})
    except ImportRefusedError as refusal:
        tables.show(tables.faults(refusal.faults), nothing="")
        raise


def _run_waves(client: RolloutClient, *, until: float) -> str:
    """Run all waves; returns what went wrong, empty if nothing did."""
    environment = environment_of(client)
    for wave in _waves(client):
        try:
            _run_wave(client, wave, environment=environment, until=until)
        except CliError as exc:
            return exc.message
    return ""


def _run_wave(client: RolloutClient, wave: Wave, *, environment: str, until: float) -> None:
    name = wave.wave
    _say_plan(understood(Plan, make_plan(client, name)))
    answer = start(client, name, allow_shortage=True)
    say(f"Wave {name}: {str(answer['result']).replace('_', ' ')}.")
    watchman = Watchman(stuck_after=STUCK_AFTER, until=until)
    end = follow(client, name, environment=environment, watchman=watchman)
    say(end_sentence(end))
    if not end.state.is_closed:
        raise CliError(f"Wave {name} needs somebody: it is {end.state}. {end.reason or ''}".strip())
    if wave.pilot:
        decide(client, name, decision="go", reason=REHEARSAL_REASON)
        say(f"Pilot {name}: go, recorded as rehearsal; in a real rollout a person decides.")


def _say_plan(plan: Plan) -> None:
    say(f"\n== wave {plan.wave}")
    say(
        f"Plan: {people(plan.users)} ({counts(plan.by_class)}), {len(plan.changes):,} changes, "
        f"about {plan.graph.writes:,.0f} writes in {span(plan.graph.seconds)}."
    )
    short = {seat.sku: seat.short for seat in plan.seats if seat.short}
    if short:
        say(f"Licences short: {counts(short)}.")


def _waves(client: RolloutClient) -> list[Wave]:
    return by_position(client.whole("/waves")["value"])
