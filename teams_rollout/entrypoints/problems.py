"""Errors as people and programs need them: RFC 9457 problem details with a next step.

`type` is stable (`urn:rollout:...`); `title` says what happened, `detail` why, `do` what to do.
`failures` turns them into HTTP answers; this module is also for triggers, which know no FastAPI.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict

from teams_rollout.ledger.ports import LedgerError


class Problem(BaseModel):
    """A problem document; a kind of problem may add members of its own."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    do: str


class ProblemError(Exception):
    """Raised by a route to answer with a problem.

    Args:
        kind: the part of the stable type after `urn:rollout:`.
        extra: further members of the document.
    """

    def __init__(
        self, status: int, *, kind: str, title: str, detail: str, do: str, **extra: Any
    ) -> None:
        super().__init__(title)
        self.problem = Problem(
            type=f"urn:rollout:{kind}", title=title, status=status, detail=detail, do=do, **extra
        )


def unexpected() -> ProblemError:
    """For what nobody foresaw; the log has the rest."""
    return ProblemError(
        500,
        kind="unexpected",
        title="Something went wrong that we did not foresee.",
        detail="The app's log has the error; nothing of it is shown here.",
        do="Try once more. If it happens again, give the time of this answer to the project team.",
    )


def ledger_unreachable(error: LedgerError) -> ProblemError:
    """Storage did not answer; the adapter's message names the component and the cure."""
    return ProblemError(
        503,
        kind="storage-unavailable",
        title="The rollout's storage did not answer.",
        detail=str(error) or "The storage account could not be reached.",
        do="Start the storage (on a laptop: rollout lab up), then try again.",
    )


def changed_meanwhile() -> ProblemError:
    """Somebody else changed the same thing between our reading and our writing."""
    return ProblemError(
        409,
        kind="changed-meanwhile",
        title="Somebody else changed this at the same moment.",
        detail="Nothing of this request was saved.",
        do="Look at how things stand now, then try again.",
    )


def settings_wrong(wrong: list[str]) -> ProblemError:
    """A setting is missing or malformed; names only, never values."""
    return ProblemError(
        503,
        kind="settings-wrong",
        title="The app is not configured.",
        detail=f"Missing or not valid: {', '.join(wrong)}.",
        do="Correct these settings of the function app and restart it.",
        settings=wrong,
    )
