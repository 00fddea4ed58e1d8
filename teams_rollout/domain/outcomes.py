"""What a call to Microsoft meant for one person or object, as a value. Pure.

The gateway answers with these instead of raising, so that one person's trouble never
stops the others and nothing but data crosses the durable boundary (ADR 0003).
"""

from collections.abc import Iterable
from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from teams_rollout.domain.progress import Stage
from teams_rollout.domain.vocabulary import Outcome


class CallResult(BaseModel):
    """The classified answer to one change.

    Attributes:
        key: what the change was for: an object id of a user, group or team.
        outcome: never `waiting` for an error; `already` counts as success.
        code: stable reason from `domain.codes`; empty only for applied and already.
        retry_after: how long Microsoft asked us to wait, where it said so.
        detail: Microsoft's own words without personal data, for the engineer's view.
        request_id: Microsoft's request id, for a support case.
        stage: set by steps of several requests; see `progress.Stage`.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    outcome: Outcome
    code: str = ""
    retry_after: timedelta | None = None
    detail: str = ""
    request_id: str = ""
    stage: Stage = Stage.NONE

    @property
    def is_accepted(self) -> bool:
        """Whether the object is now as we asked."""
        return self.outcome in (Outcome.APPLIED, Outcome.ALREADY)


def longest_wait(results: Iterable[CallResult]) -> timedelta | None:
    """The longest wait that any throttled answer asked for, or None."""
    waits = [r.retry_after for r in results if r.retry_after is not None]
    return max(waits, default=None)
