"""`rollout wave show`: one wave."""

from typing import Annotated

import typer

from teams_rollout.cli import tables
from teams_rollout.cli.answers import Wave, understood
from teams_rollout.cli.connection import connect
from teams_rollout.cli.console import print_json
from teams_rollout.cli.paths import wave_path
from teams_rollout.cli.session import session_of

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, name="wave")


@app.callback()
def look_at_one_wave() -> None:
    """Look at one wave."""


@app.command("show")
def show_wave(ctx: typer.Context, wave: Annotated[str, typer.Argument(show_default=False)]) -> None:
    """Show where one wave is and why."""
    session = session_of(ctx)
    with connect(session) as client:
        raw = client.get(wave_path(wave))
    if session.wants_json:
        print_json(raw)
    else:
        tables.show(tables.wave_details(understood(Wave, raw)), nothing="")
