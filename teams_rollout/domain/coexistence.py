"""The coexistence mode of one person: is it right, who sets it, can it be set at all. Pure.

Who sets it is the `CoexistenceBackend` of the rollout: we ourselves through Graph, or, where the
tenant's Graph does not take the policy, the Teams administrators by a hand-off (ADR 0006). People
homed on a server are moved by the server team whichever it is.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, Protocol

from teams_rollout.domain.configuration import ProfileSection, RolloutConfig, SkypeSection
from teams_rollout.domain.findings import Difference, Finding, StepView
from teams_rollout.domain.observed import ObservedUser
from teams_rollout.domain.roster import Assignment
from teams_rollout.domain.vocabulary import UPGRADE_POLICY_TYPE, CoexistenceMode, Homing, Step

SERVER_TEAM = "handed_off_server_team"
TEAMS_ADMINISTRATORS = "handed_off_teams_admin"
HANDED_OFF = frozenset({SERVER_TEAM, TEAMS_ADMINISTRATORS})
"""Codes of people who wait for another team in an agreed hand-off."""


class CoexistenceBackend(Protocol):
    """Who changes an explicit mode, and what everybody is told of it beforehand."""

    def change(
        self, current: CoexistenceMode | None, wanted: CoexistenceMode, *, code: str = ""
    ) -> StepView:
        """The step when the mode has to become `wanted`.

        Args:
            current: None where the tenant's default applies.
            code: what the person waits for once this mode is in place, else empty.
        """
        ...


class GraphBackend:
    """We assign the policy through Graph and read it back (`graph/policies.py`)."""

    def change(
        self, current: CoexistenceMode | None, wanted: CoexistenceMode, *, code: str = ""
    ) -> StepView:
        """A write of ours."""
        return StepView(
            step=Step.COEXISTENCE,
            finding=Finding.CHANGE,
            code=code,
            policies={UPGRADE_POLICY_TYPE: wanted.policy_name},
            differences=(
                Difference(from_=current.value if current else "default", to=wanted.value),
            ),
        )


class HandOffBackend:
    """The Teams administrators assign the policy; it is in their hand-off file."""

    def change(
        self, current: CoexistenceMode | None, wanted: CoexistenceMode, *, code: str = ""
    ) -> StepView:
        """No write of ours; what they have to assign is named."""
        del current  # the file says what shall be; what is now may have changed when it is read
        return StepView(
            step=Step.COEXISTENCE,
            finding=Finding.WAITING,
            code=code or TEAMS_ADMINISTRATORS,
            policies={UPGRADE_POLICY_TYPE: wanted.policy_name},
        )


BACKENDS: Mapping[Literal["graph", "handoff"], CoexistenceBackend] = MappingProxyType(
    {"graph": GraphBackend(), "handoff": HandOffBackend()}
)
"""By the value of `[skype] backend`."""


def desired_mode(assignment: Assignment, profile: ProfileSection) -> CoexistenceMode:
    """The person's own mode where the file gives one, else the profile's."""
    return assignment.coexistence_mode or profile.coexistence_mode


def assess_coexistence(
    user: ObservedUser, wanted: CoexistenceMode, config: RolloutConfig
) -> StepView:
    """Whether the mode is right, who sets it, and whether it can be set at all."""
    if user.homing is Homing.ON_PREMISES:
        return _on_premises(user, wanted, config.skype)
    if user.homing is Homing.ONLINE:
        return _explicit(user, wanted, config.skype)
    if wanted is not CoexistenceMode.TEAMS_ONLY:
        # Nobody homed in the cloud can have another mode (GRAPH fact sheet, 0.1).
        return _settled(Finding.BLOCKED, "cloud_user_is_teams_only")
    # Homed nowhere: TeamsOnly comes by itself the moment a Teams plan is active.
    return _settled(Finding.SATISFIED if user.teams_enabled else Finding.PENDING)


def _on_premises(user: ObservedUser, wanted: CoexistenceMode, skype: SkypeSection) -> StepView:
    if wanted is not CoexistenceMode.TEAMS_ONLY:
        return _explicit(user, wanted, skype)
    if skype.on_premises == "block":
        return _settled(Finding.BLOCKED, "homed_on_premises")
    interim = skype.interim_mode
    if interim is not None and user.explicit_mode is not interim:
        return BACKENDS[skype.backend].change(user.explicit_mode, interim, code=SERVER_TEAM)
    return _settled(Finding.WAITING, SERVER_TEAM)


def _explicit(user: ObservedUser, wanted: CoexistenceMode, skype: SkypeSection) -> StepView:
    if user.explicit_mode is wanted:
        return _settled(Finding.SATISFIED)
    return BACKENDS[skype.backend].change(user.explicit_mode, wanted)


def _settled(finding: Finding, code: str = "") -> StepView:
    return StepView(step=Step.COEXISTENCE, finding=finding, code=code)
