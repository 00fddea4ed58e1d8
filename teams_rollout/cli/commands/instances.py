"""`rollout lab host ps`: the durable instances of the lab, through the host's management API."""

from typing import Any

import httpx
import typer

from teams_rollout.cli import tables
from teams_rollout.cli.addresses import read_addresses
from teams_rollout.cli.console import print_json
from teams_rollout.cli.errors import CliError, UnreachableError
from teams_rollout.cli.session import session_of
from teams_rollout.cli.words import moment

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

INSTANCES = "/runtime/webhooks/durabletask/instances"
CONTINUATION = "x-ms-continuation-token"


@app.callback()
def look_into_the_host() -> None:
    """Look into the lab's local host."""


@app.command("ps")
def list_instances(ctx: typer.Context) -> None:
    """List the durable instances and where they are."""
    rows = read_instances(_host_address())
    if session_of(ctx).wants_json:
        print_json(rows)
        return
    table = tables.grid("Instances", "instance", "orchestration", "state", "created", "updated")
    for row in rows:
        times = moment(row.get("createdTime")), moment(row.get("lastUpdatedTime"))
        names = row.get("instanceId"), row.get("name"), row.get("runtimeStatus")
        table.add_row(*tables.cells(*names, *times))
    tables.show(table, nothing="There are no instances.")


def read_instances(host: str) -> list[dict[str, Any]]:
    """Every instance, all pages.

    Raises:
        CliError: the host does not answer, or refuses.
    """
    rows: list[dict[str, Any]] = []
    token: str | None = ""
    with httpx.Client(base_url=host, trust_env=False, timeout=30) as http:
        while token is not None:
            answer = _page(http, token)
            rows += answer.json()
            token = answer.headers.get(CONTINUATION)
    return rows


def _page(http: httpx.Client, token: str) -> httpx.Response:
    headers = {CONTINUATION: token} if token else {}
    try:
        answer = http.get(INSTANCES, headers=headers)
    except httpx.TransportError as exc:
        raise UnreachableError(
            f"The local host at {http.base_url} cannot be reached. "
            "Start it with `rollout lab up`; its log is .rollout/logs/host.log."
        ) from exc
    if not answer.is_success:
        raise CliError(f"The local host answered {answer.status_code} {answer.reason_phrase}.")
    return answer


def _host_address() -> str:
    addresses = read_addresses()
    if addresses is None:
        raise CliError("No lab is known in this folder. Start one here with `rollout lab up`.")
    return addresses.host
