"""`rollout lab host ps`: the durable instances of the lab, through the host's management API."""

import json
from typing import Any

import httpx
import typer

from teams_rollout.cli import tables
from teams_rollout.cli.addresses import STATE_DIR, read_addresses
from teams_rollout.cli.console import print_json
from teams_rollout.cli.errors import CliError, UnreachableError
from teams_rollout.cli.lab.parts import HOST_STATE
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
    rows = read_instances(_host_address(), key=_host_key())
    if session_of(ctx).wants_json:
        print_json(rows)
        return
    table = tables.grid("Instances", "instance", "orchestration", "state", "created", "updated")
    for row in rows:
        times = moment(row.get("createdTime")), moment(row.get("lastUpdatedTime"))
        names = row.get("instanceId"), row.get("name"), row.get("runtimeStatus")
        table.add_row(*tables.cells(*names, *times))
    tables.show(table, nothing="There are no instances.")


def read_instances(host: str, *, key: str) -> list[dict[str, Any]]:
    """Every instance, all pages.

    Args:
        key: the host's key for its management API.

    Raises:
        CliError: the host does not answer, or refuses.
    """
    rows: list[dict[str, Any]] = []
    with httpx.Client(base_url=host, params={"code": key}, trust_env=False, timeout=30) as http:
        answer = _page(http, "")
        rows += answer.json()
        # An empty token, like none, ends the list.
        while token := answer.headers.get(CONTINUATION):
            answer = _page(http, token)
            rows += answer.json()
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


def _host_key() -> str:
    """The key that the lab's host made for itself; empty if there is none to be read."""
    path = STATE_DIR / f"{HOST_STATE}.keys.json"
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["durable"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _host_address() -> str:
    addresses = read_addresses()
    if addresses is None:
        raise CliError("No lab is known in this folder. Start one here with `rollout lab up`.")
    return addresses.host
