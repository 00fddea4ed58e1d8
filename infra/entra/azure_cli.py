"""Microsoft Graph through `az rest`: whoever is signed in to the Azure CLI acts, nobody else."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

GRAPH = "https://graph.microsoft.com/v1.0"
_TIMEOUT_S = 120

Json = dict[str, Any]


class AzureCliError(Exception):
    """Something that the person at the keyboard can put right, in one sentence."""


class NotFoundError(AzureCliError):
    """The directory has no such object."""


def run(*arguments: str) -> Any:
    """The parsed answer of one `az` command; None if it says nothing.

    Raises:
        AzureCliError: az is missing, nobody is signed in, or Azure refused.
    """
    program = shutil.which("az")
    if program is None:
        raise AzureCliError("The Azure CLI is not installed: learn.microsoft.com/cli/azure/install")
    command = [program, *arguments, "--output", "json", "--only-show-errors"]
    try:
        done = subprocess.run(  # noqa: S603 - az itself, with arguments and no shell
            command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired as error:
        raise AzureCliError(f"Azure did not answer within {_TIMEOUT_S} seconds.") from error
    if done.returncode:
        raise _in_words(done.stderr)
    return json.loads(done.stdout) if done.stdout.strip() else None


def request(
    method: str, path: str, *, body: Json | None = None, headers: Mapping[str, str] | None = None
) -> Json:
    """One request to Graph; `path` begins with a slash or is a whole address.

    Raises:
        NotFoundError: there is no such object.
        AzureCliError: see `run`.
    """
    url = path if path.startswith("https://") else f"{GRAPH}{path}"
    arguments = ["rest", "--method", method, "--url", url]
    sent = dict(headers or {})
    if body is not None:
        sent["Content-Type"] = "application/json"
        arguments += ["--body", json.dumps(body)]
    if sent:
        arguments += ["--headers", *(f"{name}={value}" for name, value in sent.items())]
    return run(*arguments) or {}


def get_all(path: str) -> list[Json]:
    """Every row of a collection, page after page."""
    rows: list[Json] = []
    address: str | None = path
    while address:
        page = request("get", address)
        rows += page.get("value", [])
        address = page.get("@odata.nextLink")
    return rows


def signed_in_tenant() -> str:
    """Id of the tenant that az is signed in to."""
    return str(run("account", "show")["tenantId"])


def _in_words(stderr: str) -> AzureCliError:
    """az writes `ERROR: Forbidden({"error": {...}})`."""
    text = stderr.strip().removeprefix("ERROR: ") or "az ended with an error and no words."
    status, _, rest = text.partition("(")
    try:
        detail = json.loads(rest.rpartition(")")[0])["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return AzureCliError(text.splitlines()[0])
    if status == "Not Found":
        return NotFoundError(detail)
    hint = ""
    if status == "Forbidden":
        hint = " You need the role Privileged Role Administrator, or somebody who has it."
    return AzureCliError(f"Microsoft refused ({status}): {detail}{hint}")
