"""`rollout notify`: who would be told what, telling them, and the lists for managers."""

from pathlib import Path
from typing import Annotated, Any

import typer

from teams_rollout.cli import tables
from teams_rollout.cli.client import Json, RolloutClient
from teams_rollout.cli.commands.waves import confirm_on_live
from teams_rollout.cli.connection import connect
from teams_rollout.cli.console import note, print_json, say
from teams_rollout.cli.errors import CliError
from teams_rollout.cli.paths import wave_path
from teams_rollout.cli.session import Session, session_of
from teams_rollout.cli.words import people
from teams_rollout.domain.configuration import NoticeKind

app = typer.Typer(add_completion=False, rich_markup_mode=None)

NAMES_SHOWN = 20


@app.command("notify")
def notify_wave(
    ctx: typer.Context,
    wave: Annotated[str, typer.Argument(help="Name of the wave.", show_default=False)],
    *,
    kind: Annotated[
        NoticeKind | None,
        typer.Option(help="Which notice; else the one that fits where the wave is."),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show who would get what; send nothing.")
    ] = False,
    print_to: Annotated[
        Path | None,
        typer.Option("--print", help="Write the managers' lists here (HTML); send nothing."),
    ] = None,
    date: Annotated[
        str | None, typer.Option(help="Day of the move, YYYY-MM-DD; else the wave's start_at.")
    ] = None,
    only: Annotated[
        Path | None, typer.Option(help="File with the people meant: a name a line (UPN, mail, id).")
    ] = None,
    no_card: Annotated[
        bool, typer.Option("--no-card", help="Post no card into the team's channel.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the wave's name.")] = False,
) -> None:
    """Tell the people of a wave what happens, once; or show whom, or print lists."""
    session = session_of(ctx)
    asked = _asked(kind, date=date, only=only)
    with connect(session) as client:
        if print_to is not None:
            _print(client, wave, asked, print_to)
        elif preview:
            _preview(session, client, wave, asked)
        else:
            if not yes:
                confirm_on_live(client, wave, doing="send notices to")
            _send(session, client, wave, asked | {"card": not no_card})


def _asked(kind: NoticeKind | None, *, date: str | None, only: Path | None) -> Json:
    given = {"kind": kind.value if kind else None, "date": date}
    asked: Json = {name: value for name, value in given.items() if value is not None}
    return asked | ({"only": names_in(only)} if only else {})


def names_in(file: Path) -> list[str]:
    """The names in a file: the first cell of each line; a heading and empty lines are no names.

    Raises:
        CliError: the file cannot be read, or names nobody.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"The file {file} cannot be read as UTF-8 text: {error}.") from error
    cells = [line.split(",")[0].strip().strip('"') for line in lines]
    names = [cell for cell in cells if cell and (any(c in cell for c in "@0123456789"))]
    if not names:
        raise CliError(f"The file {file} names nobody; write one person a line.")
    return list(dict.fromkeys(names))


def _preview(session: Session, client: RolloutClient, wave: str, asked: Json) -> None:
    _, found = client.post(wave_path(wave, "notices/preview"), asked)
    if session.wants_json:
        print_json(found)
        return
    sender = found.get("sender") or "nobody: notices are off"
    say(f"{found['environment']}: wave {found['wave']}, mail comes from {sender}. Nothing is sent.")
    tables.show(tables.notices(found["kinds"]), nothing="No kind of notice is configured.")
    for kind in found["kinds"]:
        if kind["problem"]:
            say(f"{kind['kind']} cannot be sent: {kind['problem']}")
    for kind in found["kinds"]:
        _show_kind(kind, is_alone=len(found["kinds"]) == 1)


def _show_kind(kind: Json, *, is_alone: bool) -> None:
    if kind["people"]:
        shown = kind["people"][:NAMES_SHOWN]
        tables.show(tables.notice_people(shown), nothing="")
        more = len(kind["people"]) - len(shown)
        say(f"... and {people(more)} more (--output json lists all)." if more > 0 else "")
    if is_alone:
        say(f"\nSubject: {kind['sample']['subject']}\n\n{kind['sample']['text']}")
    else:
        say(f"{kind['kind']}: {kind['sample']['subject']}")


def _send(session: Session, client: RolloutClient, wave: str, asked: Json) -> None:
    _, operation = client.post(wave_path(wave, "notices"), asked)
    note("The work goes on if you close this window.")
    result = client.finished(operation).get("result") or {}
    if session.wants_json:
        print_json(result)
    else:
        say(sent_sentence(wave, result))
    session.finish(attention=bool(result.get("uncertain") or result.get("refused")))


def sent_sentence(wave: str, result: dict[str, Any]) -> str:
    """What was sent, in sentences."""
    said = (
        f"Wave {wave}, notice {result.get('kind')}: {people(result.get('mailed', 0))} told by "
        f"mail, {result.get('listed', 0):,} on lists for their managers, "
        f"{result.get('told_before', 0):,} told before, {result.get('left_out', 0):,} left out."
    )
    if result.get("uncertain"):
        said += (
            f" {people(result['uncertain'])} may or may not have got it (notice_uncertain): it is "
            "not sent again by itself; --preview lists them."
        )
    if result.get("refused"):
        said += f" Microsoft refused {people(result['refused'])}: see rollout user show."
    return f"{said} Card: {result.get('card') or 'not asked for'}."


def _print(client: RolloutClient, wave: str, asked: Json, file: Path) -> None:
    if "only" in asked:
        raise CliError("The lists hold everybody without a mailbox: leave --only out.")
    page = client.text(
        wave_path(wave, "notices/list"), kind=asked.get("kind"), date=asked.get("date")
    )
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise CliError(f"The file {file} cannot be written: {error.strerror}.") from error
    say(f"Written to {file}. It names people: print it, hand it out, then delete it.")
