"""`rollout import`: check the files, show every fault at once, take them over."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from teams_rollout.cli import tables
from teams_rollout.cli.client import Json, RolloutClient
from teams_rollout.cli.connection import connect
from teams_rollout.cli.console import note, print_json, say
from teams_rollout.cli.errors import EXIT_ERROR, ApiError, CliError, ImportRefusedError
from teams_rollout.cli.input_files import chosen_files
from teams_rollout.cli.session import Session, session_of

NEEDS_CONFIRMATION = "urn:rollout:import-needs-confirmation"
NAMES_SHOWN = 10
FIGURES = ("users", "teams", "waves", "new", "changed", "missing", "removed", "unresolved")

Fields = dict[str, str]

Folder = Annotated[
    Path | None, typer.Argument(help="Folder with rollout.toml, users.csv, teams.csv.")
]
Settings = Annotated[Path | None, typer.Option(help="The rollout's settings (TOML).")]
People = Annotated[Path | None, typer.Option(help="The people (CSV).")]
Teams = Annotated[Path | None, typer.Option(help="The teams (CSV).")]
OneWave = Annotated[str | None, typer.Option(help="Put every row into this wave.")]
ExtraColumns = Annotated[
    bool, typer.Option("--allow-extra-columns", help="Ignore columns that are not known.")
]
RemoveMissing = Annotated[
    bool, typer.Option("--remove-missing", help="Take people out who are no longer listed.")
]
AcceptGood = Annotated[
    bool, typer.Option("--accept-good", help="Take over the good rows if at most 2 % are bad.")
]
Annotate = Annotated[
    Path | None, typer.Option(help="Write the people's file back here, with a fault column.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask about changes.")]

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("import")
def import_files(
    ctx: typer.Context,
    folder: Folder = None,
    *,
    rollout: Settings = None,
    users: People = None,
    teams: Teams = None,
    wave: OneWave = None,
    allow_extra_columns: ExtraColumns = False,
    remove_missing: RemoveMissing = False,
    accept_good: AcceptGood = False,
    annotate: Annotate = None,
    yes: Yes = False,
) -> None:
    """Check and take over rollout.toml, users.csv and teams.csv."""
    session = session_of(ctx)
    files = chosen_files(folder, rollout=rollout, users=users, teams=teams)
    fields = form_fields(
        wave=wave,
        allow_extra_columns=allow_extra_columns,
        remove_missing=remove_missing,
        accept_good=accept_good,
        annotate=annotate is not None,
        confirm=yes,
    )
    with connect(session) as client:
        try:
            result = _take_over_or_ask(client, files, fields=fields)
        except ImportRefusedError as refusal:
            _show_refusal(session, refusal, annotate=annotate)
            raise typer.Exit(EXIT_ERROR) from refusal
    _show(session, result)


def form_fields(*, wave: str | None, **flags: bool) -> Fields:
    """The form's fields beside the files; flags that are off are not sent."""
    named = {"wave": wave} if wave else {}
    return named | {name: "true" for name, on in flags.items() if on}


def take_over(client: RolloutClient, files: dict[str, Path], *, fields: Fields) -> Json:
    """Upload the files and wait until they are taken over.

    Returns:
        What the operation reports.

    Raises:
        ImportRefusedError: the files have faults; nothing was saved.
        CliError: the import failed.
    """
    operation = client.upload("/imports", files=files, fields=fields)
    result: Json = client.finished(operation).get("result") or {}
    return result


def _take_over_or_ask(client: RolloutClient, files: dict[str, Path], *, fields: Fields) -> Json:
    try:
        return take_over(client, files, fields=fields)
    except ApiError as answer:
        if answer.problem.get("type") != NEEDS_CONFIRMATION:
            raise
        _show_difference(answer.problem)
        if not sys.stdin.isatty():
            raise CliError("Nothing was changed. Add --yes to take these changes over.") from answer
        typer.confirm("Take these changes over?", abort=True, err=True)
        return take_over(client, files, fields=fields | {"confirm": "true"})


def _show_difference(problem: Mapping[str, Any]) -> None:
    note(f"{problem.get('title')} {problem.get('detail')}")
    for kind, names in dict(problem.get("people") or {}).items():
        for name in names[:NAMES_SHOWN]:
            note(f"  {kind}  {name}")
        if len(names) > NAMES_SHOWN:
            note(f"  {kind}  ... and more")


def _show_refusal(session: Session, refusal: ImportRefusedError, *, annotate: Path | None) -> None:
    if annotate is not None:
        _write_annotated(annotate, refusal)
    if session.wants_json:
        print_json(dict(refusal.problem))
        return
    tables.show(tables.faults(refusal.faults), nothing="")
    number = len(refusal.faults)
    note(f"{number} fault{'s' if number != 1 else ''}; nothing was saved.")


def _write_annotated(path: Path, refusal: ImportRefusedError) -> None:
    text = refusal.problem.get("annotated_users_csv")
    if text is None:
        return
    try:
        path.write_text(str(text), encoding="utf-8", newline="")
    except OSError as exc:
        raise CliError(f"{path} cannot be written: {exc.strerror}.") from exc
    note(f"The people's file with a fault column: {path}")


def _show(session: Session, result: Json) -> None:
    if session.wants_json:
        print_json(result)
        return
    figures = [f"{result[name]:,} {name}" for name in FIGURES if result.get(name)]
    if result.get("frozen"):
        figures.append(f"{result['frozen']:,} left as they are because their wave has started")
    if result.get("frozen_teams"):
        figures.append(f"{result['frozen_teams']:,} teams left as a running wave uses them")
    say(f"Imported: {', '.join(figures) or 'nothing to change'}.")
    if result.get("faults"):
        tables.show(tables.faults(result["faults"]), nothing="")
