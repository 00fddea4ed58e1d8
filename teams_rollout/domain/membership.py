"""When the one sender of a team puts its ready people into it. Pure.

Microsoft takes 4 member requests a minute per team, 200 people each: people are collected over
batches instead of being sent batch by batch.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

MAX_PER_REQUEST = 200
PATIENCE = timedelta(seconds=20)


class Waiting(BaseModel):
    """One person who waits to be put into one team."""

    model_config = ConfigDict(frozen=True)

    ref: str
    batch: int
    ready_at: datetime


class SendPlan(BaseModel):
    """What to do with one team now.

    Attributes:
        refs: people to send at once, oldest first, at most 200; empty = not yet.
        next_at: when to look again if nothing is sent; None when nobody waits.
    """

    model_config = ConfigDict(frozen=True)

    refs: tuple[str, ...] = ()
    next_at: datetime | None = None


def plan_send(
    waiting: Sequence[Waiting],
    *,
    urgent_batches: Collection[int],
    now: datetime,
    permit_in: timedelta = timedelta(0),
) -> SendPlan:
    """Send when 200 are ready, when a gate waits for one of them, or after 20 s.

    Args:
        urgent_batches: batches for which a gate waits and to which nobody can be added.
        permit_in: how long until the team's quota admits another request.
    """
    if not waiting:
        return SendPlan()
    ordered = sorted(waiting, key=lambda w: (w.batch not in urgent_batches, w.ready_at, w.ref))
    oldest = min(w.ready_at for w in waiting)
    is_due = (
        len(waiting) >= MAX_PER_REQUEST
        or any(w.batch in urgent_batches for w in waiting)
        or now - oldest >= PATIENCE
    )
    if not is_due:
        return SendPlan(next_at=oldest + PATIENCE)
    if permit_in > timedelta(0):
        return SendPlan(next_at=now + permit_in)
    return SendPlan(refs=tuple(w.ref for w in ordered[:MAX_PER_REQUEST]))


def urgent_batches(
    *, canaries: Collection[int], awaiting: Collection[int], still_working: int
) -> frozenset[int]:
    """Batches for which a gate waits: an awaiting canary, or all once nobody else can join.

    Args:
        canaries: numbers of canary batches.
        awaiting: batches whose only open part is membership.
        still_working: batches not yet there, which may still make people ready.
    """
    if still_working == 0:
        return frozenset(awaiting)
    return frozenset(awaiting) & frozenset(canaries)
