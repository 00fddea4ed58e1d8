"""The list of commands: name, sentence for the help, and the module that does the work.

A command's module is imported when the command runs, so that `rollout --help` needs neither the
HTTP client nor Rich (STYLE: start-up under 300 ms).
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


@dataclass(frozen=True)
class Entry:
    """One command of the list; its module holds a Typer app `app` with a command of that name."""

    name: str
    module: str
    help: str


def _in(module: str, **helps: str) -> tuple[Entry, ...]:
    path = f"teams_rollout.cli.commands.{module}"
    return tuple(Entry(name.rstrip("_"), path, text) for name, text in helps.items())


ENTRIES: tuple[Entry, ...] = (
    *_in("imports", import_="Check and take over rollout.toml, users.csv and teams.csv."),
    *_in(
        "waves",
        waves="List the waves.",
        plan="Read the tenant and show what a wave would do; nothing is changed.",
        start="Start a wave.",
        watch="Follow a wave until it closes.",
        decide="Record the decision that ends a pilot: go, extend or stop.",
    ),
    *_in("wave", wave="Look at one wave."),
    *_in(
        "notices",
        notify="Tell the people of a wave what happens, once; or show whom, or print lists.",
    ),
    *_in("people", user="Look people up."),
    *_in("handoff", handoff="Write what other teams have to do; take their results."),
    *_in("upkeep", reconcile="Compare the whole tenant with what was agreed."),
    *_in("drift", drift="Look at the differences found."),
    *_in("upkeep", audit="Show who did what."),
    *_in("doctor", doctor="Check all that a rollout needs; change nothing."),
    *_in("lab", lab="Run the whole system on this machine, without Azure and without a tenant."),
)


class LazyGroup(TyperGroup):
    """A group that knows its commands' names and helps, and imports one only to run it."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._entries = {entry.name: entry for entry in ENTRIES}
        # Placeholders: Typer lists names and suggests corrections from here.
        self.commands = {
            entry.name: TyperCommand(entry.name, help=entry.help, callback=None)
            for entry in ENTRIES
        }

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and return a command; None if there is none of that name."""
        entry = self._entries.get(cmd_name)
        if entry is None:
            return None
        command: Any = get_command(import_module(entry.module).app)
        if command.name != cmd_name:
            command = command.get_command(ctx, cmd_name)
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands from their helps alone."""
        with formatter.section("Commands"):
            rows = [(name, self._entries[name].help) for name in self.list_commands(ctx)]
            formatter.write_dl(rows)
