"""What people are told while something is tried again: what, where, what to do about it."""

from typing import NamedTuple
from urllib.parse import urlsplit

from activities.deps import Deps
from graph.errors import GraphReadError
from teams_rollout.domain.vocabulary import Environment


class Trouble(NamedTuple):
    """Why something waits, and what to do."""

    detail: str
    do: str

    def __str__(self) -> str:
        return f"{self.detail} {self.do}"


_INTERNAL = Trouble(
    "The app met an error that nobody foresaw; its log has the trace.",
    "It is tried again; if it stays so, read the log (on a laptop: .rollout/logs/host.log).",
)


def trouble_of(deps: Deps, error: Exception) -> Trouble:
    """The words for something that is tried again."""
    if not isinstance(error, GraphReadError):
        return _INTERNAL
    parts = urlsplit(deps.graph.base_url)
    where = f"Microsoft Graph at {parts.scheme}://{parts.netloc}"
    if error.code != "microsoft_unavailable":
        return Trouble(f"{where} cannot be read at the moment ({error}).", "It is tried again.")
    if deps.environment is Environment.REHEARSAL:
        return Trouble(
            f"{where} (the tenant simulator) does not answer.",
            "Start it (on a laptop: rollout lab up); its log is .rollout/logs/tenant.log.",
        )
    return Trouble(f"{where} does not answer.", "It is tried again; check the network's way out.")
