"""What has moved away from where a closed wave left it. Pure.

Uses the same assessment as plan and verification; a person's own records say what was right or
known at the close, so a converged tenant yields nothing.
"""

from pydantic import BaseModel, ConfigDict

from teams_rollout.domain.assessment import Assessment, Finding, StepView
from teams_rollout.domain.progress import WAITING_FOR_MICROSOFT, StepRecord, Steps
from teams_rollout.domain.vocabulary import STEP_ORDER, Outcome, Step

ASSESSABLE_CODES = frozenset(
    {
        "user_not_found",
        "guest_account",
        "account_disabled",
        "on_hold",
        "sku_not_in_tenant",
        "teams_plan_disabled_by_group",
        "group_not_found",
        "group_managed_on_premises",
        "group_filled_by_rule",
        "license_missing_in_group",
        "team_has_no_owner",
        "team_name_taken",
        "team_not_found",
        "handed_off_server_team",
        "handed_off_teams_admin",
        "homed_on_premises",
        "cloud_user_is_teams_only",
        "number_in_use",
    }
)
"""Codes that a read can confirm or lift; others (a refusal by Graph) no read can show."""


class Drift(BaseModel):
    """One difference: `kind` is the step (or `upn`), `detail` says from what to what."""

    model_config = ConfigDict(frozen=True)

    kind: str
    detail: str


def find_drift(
    records: Steps, assessment: Assessment, *, upn_then: str, upn_now: str
) -> tuple[Drift, ...]:
    """Differences of one person since the wave closed."""
    found: list[Drift] = []
    if upn_now and upn_then and upn_now.casefold() != upn_then.casefold():
        found.append(Drift(kind="upn", detail="the user principal name has changed"))
    resolve = assessment[Step.RESOLVE]
    if resolve.finding is not Finding.SATISFIED:
        changed = _compare(records.get(Step.RESOLVE), resolve)
        return (*found, changed) if changed else tuple(found)
    for step in STEP_ORDER:
        view = assessment.get(step)
        record = records.get(step)
        if view is None or record is None:
            continue
        difference = _compare(record, view)
        if difference is not None:
            found.append(difference)
    return tuple(found)


def _compare(record: StepRecord | None, view: StepView) -> Drift | None:
    if record is None:
        return None
    if record.is_done and record.outcome is not Outcome.SKIPPED:
        if view.finding is Finding.SATISFIED:
            return None
        return Drift(kind=view.step.value, detail=f"was right, is now {_words(view)}")
    # The known reason may still hold while another part of the same step has come undone.
    is_undone = view.code != record.code or view.finding is Finding.CHANGE
    if record.code in ASSESSABLE_CODES and is_undone:
        return Drift(kind=view.step.value, detail=f"was {record.code}, is now {_words(view)}")
    return None


def _words(view: StepView) -> str:
    if view.finding is Finding.SATISFIED:
        return "right"
    if view.finding is Finding.PENDING:
        return WAITING_FOR_MICROSOFT
    changes = "; ".join(f"{d.from_} (wanted {d.to})" for d in view.differences)
    return changes or view.code or view.finding.value
