"""The helpdesk's first question: can this person use Teams now? Room: domain, pure."""

from typing import Literal

from teams_rollout.domain.codes import reason
from teams_rollout.domain.observed import ObservedUser
from teams_rollout.domain.progress import NOT_STARTED, Summary
from teams_rollout.domain.vocabulary import UserState

Answer = Literal["yes", "not yet", "no"]

_OPEN = (UserState.WAITING, UserState.IN_PROGRESS)


def can_use_teams(summary: Summary, observed: ObservedUser | None) -> tuple[Answer, str]:
    """The answer and its reason in one sentence.

    What Microsoft last showed leads: whoever has Teams can use it even if something of the
    move is missing.

    Args:
        observed: None when the person was never found or read.
    """
    if summary.state is UserState.SKIPPED:
        return "no", reason(summary.code).sentence
    if observed is not None and not observed.account_enabled:
        return "no", reason("account_disabled").sentence
    if observed is not None and observed.teams_enabled:
        return "yes", _with_teams(summary)
    return _without_teams(summary)


def _with_teams(summary: Summary) -> str:
    if summary.state is UserState.DONE:
        return "Everything is in place and has been checked at Microsoft."
    if summary.code == "handed_off_server_team":
        return (
            "Teams works beside Skype for Business, which stays their calling app until the "
            "server team moves them."
        )
    if summary.code == NOT_STARTED:
        return "They have Teams already, although their wave has not begun."
    if summary.state is UserState.ROLLED_BACK:
        return "Teams still works, although the move has been undone."
    if not summary.code:
        return "Teams works, but the move is still going on and not everything is in place."
    return f"Teams works, but not everything is in place: {_continued(_sentence(summary))}"


def _without_teams(summary: Summary) -> tuple[Answer, str]:
    if summary.state is UserState.DONE:
        # Verified once, gone since: the nightly check will say more.
        return "no", "The move was finished, but Microsoft shows no Teams for them any more."
    if summary.state is UserState.ROLLED_BACK:
        return "no", "The move has been undone."
    if summary.state in _OPEN and not summary.code:
        return "not yet", "The move is going on right now."
    return "not yet" if summary.state in _OPEN else "no", _sentence(summary)


def _sentence(summary: Summary) -> str:
    return reason("not_verified_in_time" if summary.stalled else summary.code).sentence


def _continued(sentence: str) -> str:
    """A sentence as the second half of another; names such as Microsoft keep their capital."""
    first = sentence.split(" ", 1)[0].partition("'")[0]
    return sentence if first in ("Microsoft", "Teams") else sentence[0].lower() + sentence[1:]
