"""What an assessment says of each step of one person. Pure."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from teams_rollout.domain.vocabulary import Step


class Finding(StrEnum):
    """What one step would have to do."""

    SATISFIED = "satisfied"
    CHANGE = "change"  # a write is needed
    PENDING = "pending"  # no write: follows from another step, Microsoft shows it later
    WAITING = "waiting"  # another team acts
    BLOCKED = "blocked"
    SKIPPED = "skipped"


class Difference(BaseModel):
    """One thing that differs, in words for a plan: `from_` is what is, `to` what shall be."""

    model_config = ConfigDict(frozen=True)

    from_: str
    to: str


class LicenseGrant(BaseModel):
    """One SKU to add or modify, with the plans that stay off."""

    model_config = ConfigDict(frozen=True)

    sku_id: str
    disabled_plans: tuple[str, ...] = ()


class StepView(BaseModel):
    """The assessment of one step.

    Attributes:
        differences: for a change, what changes; empty otherwise.
        grants / removals: the licence call (step `license` only); removals are SKU ids.
        new_seats: SKU part numbers of which the person will consume a new seat.
        join_group: id of the licensing group to be put into, which then gives the licences; the
            removals come once it has done so.
        reprocess: the licensing group has failed for the person (`code` says why) and has to be
            asked to try again.
        awaits_group: in the licensing group, which has not come to the person yet.
        policies: explicit policies to assign by type (steps `policies` and `coexistence`); where
            another team acts (`waiting`), those that it has to assign.
        team_keys: teams to join (step `team_membership` only).
    """

    model_config = ConfigDict(frozen=True)

    step: Step
    finding: Finding
    code: str = ""
    differences: tuple[Difference, ...] = ()
    grants: tuple[LicenseGrant, ...] = ()
    removals: tuple[str, ...] = ()
    new_seats: tuple[str, ...] = ()
    join_group: str = ""
    reprocess: bool = False
    awaits_group: bool = False
    policies: dict[str, str] = {}
    team_keys: tuple[str, ...] = ()


Assessment = dict[Step, StepView]
