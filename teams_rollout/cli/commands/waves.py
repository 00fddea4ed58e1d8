"""`rollout waves|plan|start|watch|decide`: the life of a wave from the project team's side."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from teams_rollout.cli import tables
from teams_rollout.cli.answers import Plan, Progress, by_position, understood
from teams_rollout.cli.client import Json, RolloutClient
from teams_rollout.cli.connection import connect
from teams_rollout.cli.console import note, print_json, say
from teams_rollout.cli.errors import EXIT_ERROR, CliError
from teams_rollout.cli.following import follow, look
from teams_rollout.cli.paths import plan_path, wave_path
from teams_rollout.cli.session import session_of
from teams_rollout.cli.words import counts, spoken
from teams_rollout.domain.coexistence import HANDED_OFF
from teams_rollout.domain.vocabulary import Environment, WaveState

app = typer.Typer(add_completion=False, rich_markup_mode=None)

WaveName = Annotated[str, typer.Argument(help="Name of the wave.", show_default=False)]
ATTENTION = frozenset(
    {WaveState.COMPLETED_WITH_FAILURES, WaveState.HALTED, WaveState.PAUSED, WaveState.CANCELLED}
)
WORK_GOES_ON = "The work goes on if you close this window."
START_ANSWERS = {
    "nothing_to_do": "Nothing to do: wave {wave} is {state}.",
    "resumed": (
        "Wave {wave} had lost what worked for it and goes on where it was ({state}). "
        "Follow it: rollout watch {wave}"
    ),
    "already_running": "Wave {wave} is already under way ({state}).",
}


class Decision(StrEnum):
    """How a pilot ends."""

    GO = "go"
    EXTEND = "extend"
    STOP = "stop"


@app.command("waves")
def list_waves(ctx: typer.Context) -> None:
    """List the waves."""
    session = session_of(ctx)
    with connect(session) as client:
        raw = client.whole("/waves")["value"]
    waves = by_position(raw)
    if session.wants_json:
        print_json(raw)
    else:
        tables.show(tables.waves(waves), nothing="There are no waves yet.")
    session.finish(attention=any(wave.state in ATTENTION for wave in waves))


@app.command("plan")
def plan_wave(ctx: typer.Context, wave: WaveName) -> None:
    """Read the tenant and show what a wave would do; nothing is changed."""
    session = session_of(ctx)
    with connect(session) as client:
        raw = make_plan(client, wave)
    plan = understood(Plan, raw)
    if session.wants_json:
        print_json(raw)
    else:
        show_plan(plan)
    session.finish(attention=bool(plan.changes))


@app.command("start")
def start_wave(
    ctx: typer.Context,
    wave: WaveName,
    *,
    allow_shortage: Annotated[
        bool, typer.Option("--allow-shortage", help="Start although licences are short.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the wave's name.")] = False,
) -> None:
    """Start a wave."""
    session = session_of(ctx)
    with connect(session) as client:
        if not yes:
            confirm_on_live(client, wave, doing="start")
        answer = start(client, wave, allow_shortage=allow_shortage)
    if session.wants_json:
        print_json(answer)
    else:
        say(_start_sentence(wave, answer))


@app.command("watch")
def watch_wave(ctx: typer.Context, wave: WaveName) -> None:
    """Follow a wave until it closes."""
    session = session_of(ctx)
    with connect(session) as client:
        if session.wants_json:
            end = look(client, wave, show=lambda _: None)
            print_json(end.model_dump(mode="json"))
        else:
            end = follow(client, wave, environment=environment_of(client), footnote=WORK_GOES_ON)
            say(end_sentence(end))
    if not end.state.is_closed:
        raise typer.Exit(EXIT_ERROR)
    session.finish(attention=end.state in ATTENTION)


@app.command("decide")
def decide_wave(
    ctx: typer.Context,
    wave: WaveName,
    decision: Annotated[Decision, typer.Argument(show_default=False)],
    *,
    reason: Annotated[str, typer.Option(help="Why; kept in the audit.")] = "",
) -> None:
    """Record the decision that ends a pilot: go, extend or stop."""
    session = session_of(ctx)
    with connect(session) as client:
        answer = decide(client, wave, decision=decision.value, reason=reason)
    if session.wants_json:
        print_json(answer)
    else:
        say(f"Recorded for wave {wave}: {decision.value}.")


def make_plan(client: RolloutClient, wave: str) -> Json:
    """A fresh plan of the wave, with all its changes."""
    _, operation = client.post(wave_path(wave, "plan"))
    plan_id = str(client.finished(operation)["result"]["plan_id"])
    return client.whole(plan_path(plan_id), key="changes")


def show_plan(plan: Plan) -> None:
    """Print a plan for people."""
    for line in tables.plan_lines(plan):
        say(line)
    if plan.seats:
        tables.show(tables.seats(plan), nothing="")


def start(client: RolloutClient, wave: str, *, allow_shortage: bool) -> Json:
    """Start the wave and wait until it is under way.

    Returns:
        `{"result": "started"|"resumed"|"nothing_to_do"|"already_running", ...}`.

    Raises:
        CliError: it could not be started; the API's reason.
    """
    body = {"allow_shortage": allow_shortage}
    status, answer = client.post(wave_path(wave, "start"), body)
    if status != 202:
        return dict(answer)
    result = dict(client.finished(answer).get("result") or {})
    if result.get("started") is False:
        raise CliError(_shortage_sentence(wave, result))
    return {"result": "started"} | result


def decide(client: RolloutClient, wave: str, *, decision: str, reason: str) -> Any:
    """Record a pilot's decision."""
    _, answer = client.post(wave_path(wave, "decision"), {"decision": decision, "reason": reason})
    return answer


def environment_of(client: RolloutClient) -> str:
    """LIVE or REHEARSAL."""
    return str(client.get("/rollout").get("environment") or "")


def confirm_on_live(client: RolloutClient, wave: str, *, doing: str) -> None:
    """On LIVE, ask for the wave's name.

    Raises:
        CliError: the name typed is another one.
    """
    if environment_of(client) != Environment.LIVE:
        return
    note(f"LIVE: this will {doing} wave {wave} in the real tenant.")
    typed = typer.prompt("Type the wave's name to go on", err=True)
    if typed.strip() != wave:
        raise CliError(f"Not confirmed; wave {wave} was left as it is.")


def end_sentence(end: Progress) -> str:
    """How a wave ended, in a sentence."""
    causes = {cause.code: cause.count for cause in end.causes}
    text = f"Wave {end.wave}: {spoken(end.state)}."
    text += f" Not done or to be noted: {counts(causes)}." if causes else ""
    if any(code in HANDED_OFF for code in causes):
        text += " Write other teams their files: rollout handoff write --to FOLDER."
    return f"{text} {end.reason}" if end.reason else text


def _shortage_sentence(wave: str, result: Json) -> str:
    short = [seat for seat in result.get("seats") or () if seat.get("short")]
    named = "; ".join(f"{s['sku']}: {s['needed']} needed, {s['free']} free" for s in short)
    reason = str(result.get("reason") or "Licences are short.")
    return f"Wave {wave} has not started. {reason}" + (f" ({named})" if named else "")


def _start_sentence(wave: str, answer: Json) -> str:
    known = START_ANSWERS.get(str(answer.get("result")))
    about = answer.get("wave")
    state = about.get("state", "") if isinstance(about, dict) else ""
    if known is None:
        return f"Wave {wave} has started. Follow it: rollout watch {wave}"
    return known.format(wave=wave, state=spoken(str(state)) or "closed")
