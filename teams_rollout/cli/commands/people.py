"""`rollout user show|list`: where people are, and why."""

from typing import Annotated

import typer

from teams_rollout.cli import tables
from teams_rollout.cli.connection import connect
from teams_rollout.cli.console import print_json, say
from teams_rollout.cli.session import session_of
from teams_rollout.cli.words import counts, people
from teams_rollout.domain.vocabulary import UserState

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, name="user")
HELP_LINES = {"sentence": "", "say": "Say: ", "do": "Do: ", "owner": "Owner: "}


@app.callback()
def look_people_up() -> None:
    """Look people up."""


@app.command("show")
def show_user(
    ctx: typer.Context,
    upn: Annotated[str, typer.Argument(help="UPN, mail or employee id.", show_default=False)],
) -> None:
    """Show where one person is, why, and what happened so far."""
    session = session_of(ctx)
    with connect(session) as client:
        _, user = client.post("/users/show", {"upn": upn})
    if session.wants_json:
        print_json(user)
        return
    if user.get("answer"):
        say(f"Can this person use Teams now? {user['answer']}")
    for key, lead in HELP_LINES.items():
        if user.get(key):
            say(f"{lead}{user[key]}")
    for table in tables.user_details(user):
        tables.show(table, nothing=f"{table.title}: nothing yet.")


@app.command("list")
def list_users(
    ctx: typer.Context,
    *,
    wave: Annotated[str | None, typer.Option(help="Only people of this wave.")] = None,
    state: Annotated[UserState | None, typer.Option(help="Only people in this state.")] = None,
) -> None:
    """List people with their state and the reason for it."""
    session = session_of(ctx)
    with connect(session) as client:
        users = client.whole("/users", wave=wave, state=state.value if state else None)["value"]
    if session.wants_json:
        print_json(users)
        return
    tables.show(tables.users(users), nothing="Nobody matches.")
    by_state: dict[str, int] = {}
    for user in users:
        by_state[user["state"]] = by_state.get(user["state"], 0) + 1
    say(f"{people(len(users))}: {counts(by_state)}" if users else "")
