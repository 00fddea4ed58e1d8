"""May the app do what a wave needs? Asked before the first write, so that nobody fails by it."""

from collections.abc import Collection, Iterable, Sequence

from activities.permission_probes import refused_needs
from graph.errors import GraphReadError
from graph.session import GraphSession
from teams_rollout.domain.configuration import RolloutConfig
from teams_rollout.domain.permissions import features_of, lacking, missing_needs
from teams_rollout.domain.roster import Assignment, TeamSpec

FINAL_READ_CODES = frozenset({"permission_missing", "sign_in_failed", "request_refused"})
"""Refusals that no retry mends: a person has to act."""


async def permission_trouble(
    session: GraphSession,
    granted: Collection[str] | None,
    config: RolloutConfig,
    *,
    teams: Sequence[TeamSpec] = (),
    people: Iterable[Assignment] = (),
) -> str:
    """Which permissions are missing for these people, in a sentence, or nothing.

    Args:
        granted: None where the app cannot see its grants: then reads are tried. One of them
            is refused for certain, because seeing the grants needs no more than that read.
    """
    features = features_of(config, teams=teams, people=people)
    if granted is None:
        return lacking(await refused_needs(session, features))
    return lacking(missing_needs(features, granted))


def unreadable(error: GraphReadError) -> str:
    """Why a read that no retry mends keeps everything from going on."""
    said = f" Microsoft says: {error.result.detail}" if error.result.detail else ""
    return (
        f"Microsoft refused to show what is needed ({error}).{said} Nothing was changed. "
        "`rollout doctor` says what to do; then start again."
    )
