"""`rollout lab host ps|show|terminate|purge`: the durable instances of the lab's local host."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from teams_rollout.cli import tables
from teams_rollout.cli.addresses import read_addresses
from teams_rollout.cli.console import print_json, say
from teams_rollout.cli.errors import CliError
from teams_rollout.cli.lab.host_api import HostApi, read_keys
from teams_rollout.cli.session import session_of
from teams_rollout.cli.words import moment

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

Instance = Annotated[str, typer.Argument(metavar="INSTANCE", help="Its id, as `ps` shows it.")]
LONGEST_CELL = 120


@app.callback()
def look_into_the_host() -> None:
    """Look into the lab's local host."""


@app.command("ps")
def list_instances(
    ctx: typer.Context,
    *,
    state: Annotated[
        list[str] | None, typer.Option(help="Only these, such as Running or Failed; repeatable.")
    ] = None,
) -> None:
    """List the durable instances and where they are."""
    rows = list(_host().instances(states=state or ()))
    if session_of(ctx).wants_json:
        print_json(rows)
        return
    table = tables.grid("Instances", "instance", "orchestration", "state", "created", "updated")
    for row in rows:
        times = moment(row.get("createdTime")), moment(row.get("lastUpdatedTime"))
        names = row.get("instanceId"), row.get("name"), row.get("runtimeStatus")
        table.add_row(*tables.cells(*names, *times))
    tables.show(table, nothing="There are no instances.")


@app.command("show")
def show_instance(ctx: typer.Context, instance: Instance) -> None:
    """Show one instance with its history."""
    found = _host().instance(instance)
    if session_of(ctx).wants_json:
        print_json(found)
        return
    facts = tables.grid(f"Instance {instance}", "", "")
    facts.show_header = False
    for name in ("name", "runtimeStatus", "input", "customStatus", "output"):
        if found.get(name) is not None:
            facts.add_row(*tables.cells(name, _short(found[name])))
    tables.show(facts, nothing="")
    history = tables.grid("History", "at", "event", "function", "result")
    for event in found.get("historyEvents") or ():
        history.add_row(*tables.cells(*_event_cells(event)))
    tables.show(history, nothing="It has no history yet.")


@app.command("terminate")
def terminate_instance(
    instance: Instance,
    *,
    reason: Annotated[str, typer.Option(help="Becomes the instance's output.")] = "by hand",
) -> None:
    """End an instance now; what it has started goes on."""
    _host().terminate(instance, reason=reason)
    say(f"Instance {instance} is told to end.")


@app.command("purge")
def purge_instances(
    instance: Annotated[
        str | None, typer.Argument(metavar="[INSTANCE]", help="Its id, as `ps` shows it.")
    ] = None,
    *,
    finished: Annotated[bool, typer.Option("--finished", help="Every finished instance.")] = False,
) -> None:
    """Remove an instance, or every finished one, with its history."""
    if finished == (instance is not None):
        raise typer.BadParameter("name one instance, or say --finished")
    if instance is not None:
        _host().purge(instance)
        say(f"Instance {instance} is gone.")
    else:
        gone = _host().purge_finished()
        say(f"{gone} finished {'instance is' if gone == 1 else 'instances are'} gone.")


def _host() -> HostApi:
    addresses = read_addresses()
    if addresses is None:
        raise CliError("No lab is known in this folder. Start one here with `rollout lab up`.")
    return HostApi(addresses.host, read_keys())


def _event_cells(event: Mapping[str, Any]) -> tuple[str, ...]:
    said = next((event[name] for name in ("Result", "Reason", "Input") if event.get(name)), "")
    function = event.get("FunctionName") or event.get("Name") or ""
    return str(event["Timestamp"])[:23], str(event["EventType"]), str(function), _short(said)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"
