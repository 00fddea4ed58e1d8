"""How a person goes on who was handed off: what the other team says, what a read shows. Pure.

A report alone never makes anybody done: it turns waiting for a team into waiting for Microsoft.
"""

from datetime import datetime

from teams_rollout.domain.coexistence import HANDED_OFF
from teams_rollout.domain.findings import Finding, StepView
from teams_rollout.domain.hand_off.results import Report, Result
from teams_rollout.domain.progress import WAITING_FOR_MICROSOFT, StepRecord
from teams_rollout.domain.transitions import handed_back, verified
from teams_rollout.domain.verification import DEADLINE, HAND_OFF_NOT_SEEN
from teams_rollout.domain.vocabulary import Outcome, Step

MEETINGS = "meetings_not_migrated"
REFUSED = frozenset({"move_refused", "mode_refused"})
"""What another team could not do; a read that shows it done lifts it."""

_CODE_OF_REASON = {
    "phone_system_missing": "phone_system_missing",
    "user_not_found": "unknown_to_other_team",
    "meetings_not_migrated": MEETINGS,
}
"""Reasons with words of their own; the others are the addressee's general refusal."""


def is_handed_off(record: StepRecord | None) -> bool:
    """Whether the step is another team's, or was until it reported."""
    if record is None or record.is_done:
        return False
    return record.code in HANDED_OFF or was_handed_back(record)


def was_handed_back(record: StepRecord) -> bool:
    """Whether another team has reported on the step, or Microsoft does not show what it said."""
    return record.code in REFUSED | {HAND_OFF_NOT_SEEN, *_CODE_OF_REASON.values()}


def is_reported(step: Step, code: str) -> bool:
    """Whether a code came with another team's report, whose own words may then be shown."""
    return step is Step.COEXISTENCE and code in REFUSED | {*_CODE_OF_REASON.values()}


def code_of(report: Report) -> str:
    """The code of a person for whom the other team reports a failure."""
    return _CODE_OF_REASON.get(report.reason) or report.action.addressee.refuses_as


def after(
    record: StepRecord, view: StepView, *, report: Report | None, has_moved: bool, now: datetime
) -> StepRecord | None:
    """The record that follows from a fresh reading and, where there is one, a report.

    Args:
        view: the step as assessed from the reading.
        has_moved: the reading is the first to show that the person has left the server.

    Returns:
        None where nothing changes, and where the change is ours to write.
    """
    if report is not None and report.result is Result.FAILED:
        return _changed(record, Outcome.BLOCKED, code_of(report), now)
    if view.finding is Finding.SATISFIED:
        return _seen(record, report=report, now=now)
    if view.finding is Finding.WAITING:
        return _still_theirs(record, view, report=report, has_moved=has_moved, now=now)
    if view.finding is Finding.PENDING:
        return _changed(record, Outcome.WAITING, WAITING_FOR_MICROSOFT, now)
    blocked = view.finding is Finding.BLOCKED
    return _changed(record, Outcome.BLOCKED, view.code, now) if blocked else None


def _seen(record: StepRecord, *, report: Report | None, now: datetime) -> StepRecord | None:
    """Microsoft shows the wanted mode."""
    if record.code == MEETINGS and report is None:
        return None  # only the team that knows the meetings can lift this
    if record.outcome is Outcome.APPLIED:
        return verified(record, now)  # our own write, after the move
    return handed_back(record, StepRecord(outcome=Outcome.ALREADY, at=now, verified_at=now))


def _still_theirs(
    record: StepRecord, view: StepView, *, report: Report | None, has_moved: bool, now: datetime
) -> StepRecord | None:
    """Microsoft shows work for another team: unseen as yet, or the next team's turn."""
    if has_moved:
        return _changed(record, Outcome.WAITING, view.code, now)
    if report is not None and report.action.addressee.waits_as == view.code:
        return _changed(record, Outcome.WAITING, WAITING_FOR_MICROSOFT, now)
    return None


def _changed(record: StepRecord, outcome: Outcome, code: str, now: datetime) -> StepRecord | None:
    if (record.outcome, record.code) == (outcome, code):
        return None  # since when counts: reported twice is reported once
    new = handed_back(record, StepRecord(outcome=outcome, code=code, at=now))
    return None if new == record else new


def is_unseen(record: StepRecord, *, now: datetime, scale: float) -> bool:
    """Whether Microsoft should have shown long ago what the other team reported."""
    return record.awaits_verification and now - record.at >= DEADLINE / scale
