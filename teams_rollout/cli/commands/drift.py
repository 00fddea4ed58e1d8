"""`rollout drift list`: the differences that the last reconciliation found."""

import typer

from teams_rollout.cli import tables
from teams_rollout.cli.commands.upkeep import drift_sentence, needs_attention, read_drift
from teams_rollout.cli.connection import connect
from teams_rollout.cli.console import print_json, say
from teams_rollout.cli.session import session_of

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, name="drift")


@app.callback()
def look_at_drift() -> None:
    """Look at the differences found."""


@app.command("list")
def list_drift(ctx: typer.Context) -> None:
    """List the differences that the last reconciliation found."""
    session = session_of(ctx)
    with connect(session) as client:
        report = read_drift(client)
    if session.wants_json:
        print_json(report)
    else:
        say(drift_sentence(report))
        if report.get("items"):
            tables.show(tables.drift(report["items"]), nothing="")
    session.finish(attention=needs_attention(report))
