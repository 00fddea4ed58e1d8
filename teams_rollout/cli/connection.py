"""From what the command line said to a client for that API."""

from teams_rollout.cli.addresses import api_address
from teams_rollout.cli.client import RolloutClient
from teams_rollout.cli.session import Session


def connect(session: Session) -> RolloutClient:
    """A client for the API that this run means; use it as a context manager.

    Raises:
        CliError: no API is named and no lab runs in this folder.
    """
    return RolloutClient(api_address(session.api), identity=session.identity)
