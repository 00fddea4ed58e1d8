"""`rollout doctor`: what would keep the rollout from working, and what to do about it."""

import typer

from teams_rollout.cli import tables
from teams_rollout.cli.client import Json, RolloutClient
from teams_rollout.cli.connection import connect
from teams_rollout.cli.console import print_json, say
from teams_rollout.cli.errors import ApiError
from teams_rollout.cli.session import session_of

SETTINGS_WRONG = "urn:rollout:settings-wrong"

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("doctor")
def show_doctor(ctx: typer.Context) -> None:
    """Check all that a rollout needs; change nothing."""
    session = session_of(ctx)
    with connect(session) as client:
        checks = examine(client)
    attention = [check for check in checks if not check.get("ok")]
    if session.wants_json:
        print_json(checks)
    else:
        tables.show(tables.checks(checks), nothing="")
        say(_summary(len(checks), len(attention)))
    session.finish(attention=bool(attention))


def examine(client: RolloutClient) -> list[Json]:
    """All checks; settings that keep the app from answering are one of them."""
    try:
        _, answer = client.post("/doctor")
    except ApiError as refusal:
        if refusal.problem.get("type") != SETTINGS_WRONG:
            raise
        named = {name: str(refusal.problem.get(name) or "") for name in ("detail", "do")}
        return [{"check": "settings", "ok": False, **named}]
    if isinstance(answer, list):
        return answer
    result = client.finished(answer).get("result") or {}
    return list(result.get("checks") or ())


def _summary(total: int, attention: int) -> str:
    if not attention:
        return f"All {total} checks are in order."
    return f"{attention} of {total} checks need somebody to act."
