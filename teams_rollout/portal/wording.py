"""Plain words for steps, outcomes, states and times on the pages. Pure.

Reasons come from the catalogue in `domain.codes`; this is only what the pages add to it.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from teams_rollout.domain.vocabulary import Outcome, Step, UserState

ANSWERS = {"yes": "Yes", "not yet": "Not yet", "no": "No"}

STATES: dict[UserState, str] = {
    UserState.WAITING: "Waiting",
    UserState.IN_PROGRESS: "Being moved",
    UserState.DONE: "Done",
    UserState.BLOCKED: "Blocked",
    UserState.FAILED: "Failed",
    UserState.SKIPPED: "Left out",
    UserState.ROLLED_BACK: "Undone",
}

STEPS: dict[str, str] = {
    Step.RESOLVE: "Found in the directory",
    Step.USAGE_LOCATION: "Country for licences",
    Step.LICENSE: "Licence for Teams",
    Step.TEAM_MEMBERSHIP: "Membership of teams",
    Step.POLICIES: "Teams settings",
    Step.COEXISTENCE: "Move from Skype for Business",
    Step.PHONE_NUMBER: "Phone number",
}

NOTICES: dict[str, str] = {
    "notice_before": "Notice before the move",
    "notice_on_the_day": "Notice on the day",
    "notice_postponed": "Notice of a postponement",
    "notice_done": "Notice that Teams is ready",
    "notice_not_signed_in": "Reminder to sign in",
}

OUTCOMES: dict[str, str] = {
    Outcome.APPLIED: "Sent to Microsoft, not seen there yet",
    Outcome.ALREADY: "In place",
    Outcome.WAITING: "Waiting, nothing to correct",
    Outcome.THROTTLED: "Microsoft asked us to wait; tried again by itself",
    Outcome.TRANSIENT: "A hiccup; tried again by itself",
    Outcome.BLOCKED: "Blocked: somebody has to correct something",
    Outcome.FAILED: "Failed: the project team has to look",
    Outcome.SKIPPED: "Not for this person",
    "verified": "In place, seen at Microsoft",
    # What became of a notice (`domain.notices.NoticeMark`).
    "sent": "Sent by mail",
    "listed": "No mailbox: on the list for the manager, who tells them",
    "uncertain": "Perhaps sent, perhaps not",
    "refused": "Not sent: Microsoft refused the address",
    # What the plan found when the wave began (`PlanRow.kind`).
    "eligible": "Chosen for the move",
    "done": "Already as wanted",
}
NOT_BEGUN = "Not begun"


def step_words(step: str) -> str:
    """A step, or anything else that a timeline names, in plain words."""
    return STEPS.get(step) or NOTICES.get(step) or step.replace("_", " ").capitalize()


def outcome_words(outcome: str) -> str:
    """An outcome in plain words; an unknown one as it is."""
    return OUTCOMES.get(outcome) or outcome.replace("_", " ")


def local_time(at: datetime, *, timezone: str) -> str:
    """A moment as people write it, in the rollout's time zone: `21 November 2026, 14:05`."""
    there = at.astimezone(ZoneInfo(timezone))
    return f"{there.day} {there:%B %Y, %H:%M}"


def zone_words(timezone: str) -> str:
    """`Europe/London` -> `London time`."""
    return f"{timezone.rpartition('/')[2].replace('_', ' ')} time"
