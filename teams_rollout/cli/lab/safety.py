"""The lab never comes near a real tenant: it refuses to start where one is configured."""

import os
from collections.abc import Mapping

from teams_rollout.cli.addresses import API_VARIABLE, is_loopback
from teams_rollout.cli.errors import CliError

GRAPH_VARIABLE = "ROLLOUT_GRAPH_BASE_URL"
ENVIRONMENT_VARIABLE = "ROLLOUT_ENVIRONMENT"


def refuse_real_tenant(api: str | None, environ: Mapping[str, str] = os.environ) -> None:
    """Stop lab commands where something points to a real tenant or a deployment.

    Args:
        api: the `--api` option.

    Raises:
        CliError: names what points there.
    """
    if environ.get(ENVIRONMENT_VARIABLE, "").upper() == "LIVE":
        raise _refusal(f"{ENVIRONMENT_VARIABLE} is LIVE")
    named = {
        "--api": api,
        API_VARIABLE: environ.get(API_VARIABLE),
        GRAPH_VARIABLE: environ.get(GRAPH_VARIABLE),
    }
    for name, url in named.items():
        if url and not is_loopback(url):
            raise _refusal(f"{name} is {url}")


def _refusal(why: str) -> CliError:
    return CliError(f"Lab commands are for rehearsals on this machine, and {why}.")
