"""`rollout handoff list|write|take`: what other teams do, their files, and their results."""

from pathlib import Path
from typing import Annotated, Any

import typer

from teams_rollout.cli import tables
from teams_rollout.cli.client import Json, RolloutClient
from teams_rollout.cli.connection import connect
from teams_rollout.cli.console import note, print_json, say
from teams_rollout.cli.errors import EXIT_ERROR, CliError, ImportRefusedError
from teams_rollout.cli.input_files import checked
from teams_rollout.cli.session import session_of
from teams_rollout.cli.words import counts, people
from teams_rollout.domain.hand_off.files import to_csv
from teams_rollout.domain.hand_off.model import HandOffLine

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, name="handoff")

OneWave = Annotated[str | None, typer.Option(help="Only this wave.")]


@app.callback()
def hand_over() -> None:
    """Write what other teams have to do; take their results."""


@app.command("list")
def list_hand_offs(ctx: typer.Context, *, wave: OneWave = None) -> None:
    """Show how many people wait for which team, and since when."""
    session = session_of(ctx)
    with connect(session) as client:
        rows = _summaries(client, wave=wave)
    if session.wants_json:
        print_json(rows)
    else:
        tables.show(tables.hand_offs(rows), nothing="Nobody waits for another team.")
    session.finish(attention=any(row["people"] or row["refused"] for row in rows))


@app.command("write")
def write_hand_offs(
    ctx: typer.Context,
    *,
    to: Annotated[Path, typer.Option(help="Folder for the files; made if it is missing.")],
    wave: OneWave = None,
    with_refused: Annotated[
        bool, typer.Option("--with-refused", help="Also people whom the team could not do.")
    ] = False,
) -> None:
    """Write a file per wave and team, and a page that says what to do with it."""
    session = session_of(ctx)
    with connect(session) as client:
        due = [
            row
            for row in _summaries(client, wave=wave)
            if row["people"] or (with_refused and row["refused"])
        ]
        files = [_write_one(client, row, to=to, with_refused=with_refused) for row in due]
    if session.wants_json:
        print_json(files)
        return
    for file in files:
        say(f"{people(file['people'])} for the {_team(file['addressee'])}: {file['file']}")
    if not files:
        say("Nobody waits for another team, so nothing was written.")


@app.command("take")
def take_results(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A hand-off file with its results filled in.")],
) -> None:
    """Take a team's results; who is reported as done is read back from Microsoft."""
    session = session_of(ctx)
    with connect(session) as client:
        try:
            operation = client.upload(
                "/hand-offs/results", files={"file": checked(file)}, fields={}
            )
        except ImportRefusedError as refusal:
            if session.wants_json:
                print_json(dict(refusal.problem))
            else:
                tables.show(tables.faults(refusal.faults), nothing="")
                note(f"{len(refusal.faults)} fault(s); nothing was saved.")
            raise typer.Exit(EXIT_ERROR) from refusal
        result: Json = client.finished(operation).get("result") or {}
    if session.wants_json:
        print_json(result)
        return
    states = {name: result[name] for name in ("done", "waiting", "blocked") if result.get(name)}
    where = counts(states, nothing="nobody was concerned")
    say(f"{result['reported']:,} rows taken, {result['unanswered']:,} still open. Now: {where}.")
    if result.get("waiting"):
        say("Microsoft does not show everything yet; they are looked for until it does.")


def _summaries(client: RolloutClient, *, wave: str | None) -> list[Json]:
    rows: list[Json] = client.whole("/hand-offs", wave=wave)["value"]
    return rows


def _write_one(client: RolloutClient, row: Json, *, to: Path, with_refused: bool) -> Json:
    body = {"wave": row["wave"], "addressee": row["addressee"], "with_refused": with_refused}
    stem = f"{row['wave']}.{row['addressee']}".replace(" ", "-")
    table, page = to / f"{stem}.csv", to / f"{stem}.txt"
    if table.exists():
        # It may hold results that nobody has taken yet.
        text = f"{table} is there already. Take it back first (rollout handoff take {table}), "
        raise CliError(f"{text}or name another folder.")
    _, hand_off = client.post("/hand-offs", body)
    lines = [HandOffLine.model_validate(line) for line in hand_off["lines"]]
    try:
        to.mkdir(parents=True, exist_ok=True)
        table.write_text(to_csv(lines), encoding="utf-8", newline="")
        page.write_text(_page(hand_off), encoding="utf-8")
    except OSError as exc:
        raise CliError(f"{table} cannot be written: {exc.strerror}.") from exc
    return {
        "hand_off": hand_off["hand_off"],
        "addressee": row["addressee"],
        "wave": row["wave"],
        "people": len(lines),
        "file": str(table),
        "page": str(page),
    }


def _page(hand_off: dict[str, Any]) -> str:
    team = _team(hand_off["addressee"])
    head = f"{hand_off['environment']}: hand-off {hand_off['hand_off']} for the {team}"
    notes = "\n".join(f"- {text}" for text in hand_off["notes"])
    return f"{head}\n\n{notes}\n"


def _team(addressee: str) -> str:
    return addressee.replace("_", " ").replace("teams ", "Teams ")
