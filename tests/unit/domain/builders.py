"""People, profiles and tenants for tests of the domain: sound unless a test says otherwise."""

from datetime import UTC, datetime, timedelta
from typing import Any

from teams_rollout.domain.configuration import ProfileSection, RolloutConfig, RolloutSection
from teams_rollout.domain.observed import (
    Catalogue,
    LicenseState,
    ObservedUser,
    ServicePlan,
    Sku,
    TeamStatus,
    TenantView,
)
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.roster import Assignment
from teams_rollout.domain.vocabulary import Outcome

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)

TEAMS_PLAN = ServicePlan(plan_id="plan-teams", name="TEAMS1")
YAMMER_PLAN = ServicePlan(plan_id="plan-yammer", name="YAMMER_ENTERPRISE")
SWAY_PLAN = ServicePlan(plan_id="plan-sway", name="SWAY")
E3 = Sku(sku_id="sku-e3", part_number="SPE_E3", plans=(TEAMS_PLAN, YAMMER_PLAN, SWAY_PLAN))
VOICE = Sku(
    sku_id="sku-voice",
    part_number="MCOEV",
    plans=(ServicePlan(plan_id="plan-mcoev", name="MCOEV"),),
)
OLD = Sku(sku_id="sku-old", part_number="STANDARDPACK", plans=())
CATALOGUE = Catalogue(skus=(E3, VOICE, OLD))


def a_profile(**changes: Any) -> ProfileSection:
    """One SKU, everything else by default."""
    return ProfileSection(**{"skus": ("SPE_E3",), **changes})


def a_config(profile: ProfileSection | None = None, **changes: Any) -> RolloutConfig:
    """A rollout with the one profile `office`."""
    return RolloutConfig(
        rollout=RolloutSection(name="Llanfair"),
        profiles={"office": profile or a_profile()},
        **changes,
    )


def a_view(*teams: TeamStatus) -> TenantView:
    """The tenant's SKUs and these teams."""
    return TenantView(catalogue=CATALOGUE, teams={t.key: t for t in teams})


def an_assignment(**changes: Any) -> Assignment:
    """Ann in the pilot."""
    values = {"line": 2, "upn": "ann@llanfair.example", "wave": "pilot", "profile": "office"}
    return Assignment(**{**values, **changes})


def a_user(**changes: Any) -> ObservedUser:
    """Ann as a new person at Microsoft: located, without licence, homed nowhere."""
    values = {"id": "1", "upn": "ann@llanfair.example", "usage_location": "GB"}
    return ObservedUser(**{**values, **changes})


def a_license(sku: Sku = E3, **changes: Any) -> LicenseState:
    """A direct licence with everything on."""
    return LicenseState(**{"sku_id": sku.sku_id, **changes})


def a_record(outcome: Outcome = Outcome.ALREADY, **changes: Any) -> StepRecord:
    """What a step came to at NOW."""
    return StepRecord(**{"outcome": outcome, "at": NOW, **changes})
