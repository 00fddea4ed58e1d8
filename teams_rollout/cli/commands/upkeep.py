"""`rollout reconcile` and `rollout audit`: does the tenant hold what was agreed; who did what."""

import typer

from teams_rollout.cli import tables
from teams_rollout.cli.client import Json, RolloutClient
from teams_rollout.cli.connection import connect
from teams_rollout.cli.console import print_json, say
from teams_rollout.cli.session import session_of
from teams_rollout.cli.words import counts

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("reconcile")
def reconcile_tenant(ctx: typer.Context) -> None:
    """Compare the whole tenant with what was agreed."""
    session = session_of(ctx)
    with connect(session) as client:
        report = reconcile(client)
    if session.wants_json:
        print_json(report)
    else:
        say(drift_sentence(report))
    session.finish(attention=needs_attention(report))


@app.command("audit")
def show_audit(ctx: typer.Context) -> None:
    """Show who did what."""
    session = session_of(ctx)
    with connect(session) as client:
        entries = client.whole("/audit")["value"]
    if session.wants_json:
        print_json(entries)
    else:
        tables.show(tables.audit(entries), nothing="Nobody has done anything yet.")


def reconcile(client: RolloutClient) -> Json:
    """Run a reconciliation, wait for it, and read its report."""
    _, operation = client.post("/reconciliations")
    result = client.finished(operation).get("result") or {}
    return read_drift(client, run_id=result.get("run_id"))


def read_drift(client: RolloutClient, *, run_id: str | None = None) -> Json:
    """The report of one reconciliation (None = the last), with all its items."""
    return client.whole("/drift", key="items", run_id=run_id)


def drift_sentence(report: Json) -> str:
    """A reconciliation in a sentence."""
    if not report.get("complete"):
        why = str(report.get("reason") or "A source could not be read whole.")
        return f"The reconciliation is not complete and claims nothing. {why}"
    if not report.get("found"):
        return "The tenant is converged: no drift."
    kinds = counts(dict(report.get("by_kind") or {}))
    number = int(report["found"])
    what = "difference" if number == 1 else "differences"
    return f"{number:,} {what} found ({kinds}); {report.get('open', 0):,} open."


def needs_attention(report: Json) -> bool:
    """Whether somebody has to look at the report."""
    return not report.get("complete") or bool(report.get("open"))
