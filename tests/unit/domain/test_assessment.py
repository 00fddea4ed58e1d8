"""What separates a person from the desired state, step by step."""

import pytest

from teams_rollout.domain.assessment import (
    Assessment,
    Finding,
    LicenseGrant,
    StepView,
    assess,
)
from teams_rollout.domain.configuration import ProfileSection, RolloutConfig
from teams_rollout.domain.observed import LicenseState, ObservedUser, TeamStatus
from teams_rollout.domain.roster import Assignment
from teams_rollout.domain.vocabulary import STEP_ORDER, Homing, Step
from tests.unit.domain.builders import (
    E3,
    OLD,
    SWAY_PLAN,
    TEAMS_PLAN,
    VOICE,
    YAMMER_PLAN,
    a_config,
    a_license,
    a_profile,
    a_user,
    a_view,
    an_assignment,
)

HOUSING = TeamStatus(key="Housing", team_id="t1", ready=True)
OWNERLESS = TeamStatus(key="Parks", code="team_has_no_owner")
TAKEN = TeamStatus(key="Depot", code="team_name_taken")
TEAMS_OFF = (TEAMS_PLAN.plan_id,)


def _assess(
    user: ObservedUser | None,
    *teams: TeamStatus,
    assignment: Assignment | None = None,
    config: RolloutConfig | None = None,
    on_hold: bool = False,
) -> Assessment:
    return assess(
        assignment or an_assignment(),
        user,
        config=config or a_config(),
        view=a_view(*teams),
        on_hold=on_hold,
    )


def _license(*held: LicenseState, profile: ProfileSection | None = None) -> StepView:
    return _assess(a_user(licenses=held), config=a_config(profile))[Step.LICENSE]


# Whether the person may be touched at all


@pytest.mark.parametrize(
    ("user", "on_hold", "finding", "code"),
    [
        (None, False, Finding.BLOCKED, "user_not_found"),
        (None, True, Finding.BLOCKED, "user_not_found"),
        (a_user(is_guest=True, account_enabled=False), True, Finding.SKIPPED, "guest_account"),
        (a_user(account_enabled=False), True, Finding.SKIPPED, "account_disabled"),
        (a_user(), True, Finding.WAITING, "on_hold"),
    ],
)
def test_given_nobody_to_touch_when_assessed_then_only_resolve_is_told(
    user: ObservedUser | None, finding: Finding, code: str, *, on_hold: bool
) -> None:
    assessment = _assess(user, on_hold=on_hold)

    assert list(assessment) == [Step.RESOLVE]
    assert (assessment[Step.RESOLVE].finding, assessment[Step.RESOLVE].code) == (finding, code)


def test_given_a_new_person_when_assessed_then_every_step_is_told_in_order() -> None:
    assert list(_assess(a_user())) == list(STEP_ORDER)


def test_given_a_blocked_licence_when_assessed_then_no_other_step_is_told() -> None:
    user = a_user(usage_location="", licenses=(a_license(group_id="g", disabled_plans=TEAMS_OFF),))

    assert list(_assess(user)) == [Step.RESOLVE, Step.LICENSE]


# Usage location


def test_given_no_location_when_assessed_then_the_rollouts_is_set() -> None:
    view = _assess(a_user(usage_location=""))[Step.USAGE_LOCATION]

    assert view.finding is Finding.CHANGE
    assert view.differences[0].to == "GB"


def test_given_a_foreign_location_when_assessed_then_it_stays() -> None:
    view = _assess(a_user(usage_location="IE"))[Step.USAGE_LOCATION]

    assert view.finding is Finding.SATISFIED


# Licence


def test_given_no_licence_when_assessed_then_each_sku_is_granted_and_takes_a_seat() -> None:
    profile = a_profile(skus=("SPE_E3", "MCOEV"), disabled_plans=("SWAY", "TEAMS1"))

    view = _license(profile=profile)

    assert view.finding is Finding.CHANGE
    assert view.grants == (
        LicenseGrant(sku_id=E3.sku_id, disabled_plans=(SWAY_PLAN.plan_id,)),
        LicenseGrant(sku_id=VOICE.sku_id),
    )
    assert view.new_seats == ("SPE_E3", "MCOEV")
    assert [d.to for d in view.differences] == ["SPE_E3", "MCOEV"]


def test_given_teams_switched_off_by_hand_when_assessed_then_only_teams_is_switched_on() -> None:
    held = a_license(disabled_plans=(TEAMS_PLAN.plan_id, YAMMER_PLAN.plan_id))

    view = _license(held, profile=a_profile(disabled_plans=("SWAY",)))

    assert view.grants == (LicenseGrant(sku_id=E3.sku_id, disabled_plans=(YAMMER_PLAN.plan_id,)),)
    assert view.new_seats == ()
    assert view.differences[0].to == "SPE_E3 ~ Teams on"


def test_given_another_plan_switched_off_when_assessed_then_the_licence_is_left_alone() -> None:
    view = _license(a_license(disabled_plans=(YAMMER_PLAN.plan_id,)))

    assert view.grants == ()


@pytest.mark.parametrize(
    ("required", "is_changed"), [(("YAMMER_ENTERPRISE",), True), ((), False), (("SWAY",), False)]
)
def test_given_required_plans_when_one_is_off_then_the_licence_is_changed(
    required: tuple[str, ...], *, is_changed: bool
) -> None:
    held = a_license(disabled_plans=(YAMMER_PLAN.plan_id, TEAMS_PLAN.plan_id))

    view = _license(held, profile=a_profile(required_plans=required))

    assert bool(view.grants) is is_changed


def test_given_a_group_that_switches_teams_off_when_assessed_then_it_is_not_overridden() -> None:
    view = _license(a_license(group_id="g", disabled_plans=TEAMS_OFF))

    assert (view.finding, view.code) == (Finding.BLOCKED, "teams_plan_disabled_by_group")


def test_given_teams_off_both_ways_when_assessed_then_the_group_still_decides() -> None:
    direct = a_license(disabled_plans=TEAMS_OFF)
    inherited = a_license(group_id="g", disabled_plans=TEAMS_OFF)

    assert _license(direct, inherited).code == "teams_plan_disabled_by_group"


@pytest.mark.parametrize("group", ["", "g2"])
def test_given_teams_on_from_any_source_when_assessed_then_the_union_counts(group: str) -> None:
    view = _license(a_license(group_id="g1", disabled_plans=TEAMS_OFF), a_license(group_id=group))

    assert (view.grants, view.code) == ((), "")


def test_given_a_group_whose_licence_does_not_work_when_assessed_then_its_own_reason_is_told() -> (
    None
):
    broken = a_license(group_id="g1", error="no_seats_left")
    without_teams = a_license(group_id="g2", disabled_plans=TEAMS_OFF)

    assert _license(broken).code == "no_seats_left"
    assert _license(broken, without_teams).code == "teams_plan_disabled_by_group"


def test_given_a_profile_that_replaces_what_it_gives_when_assessed_then_it_stays() -> None:
    profile = a_profile(skus=("SPE_E3",), replaces=("SPE_E3",))

    assert _license(a_license(), profile=profile).removals == ()


def test_given_a_direct_licence_in_error_when_assessed_then_it_is_given_again() -> None:
    view = _license(a_license(error="CountViolation"))

    assert view.finding is Finding.CHANGE


def test_given_a_sku_that_was_never_bought_when_assessed_then_blocked() -> None:
    view = _license(profile=a_profile(skus=("SPE_E3", "SPE_E9")))

    assert (view.finding, view.code) == (Finding.BLOCKED, "sku_not_in_tenant")


def test_given_a_licence_to_replace_when_assessed_then_it_goes_in_the_same_call() -> None:
    profile = a_profile(replaces=("STANDARDPACK", "NEVER_BOUGHT"))

    view = _license(a_license(OLD), profile=profile)

    assert view.removals == (OLD.sku_id,)
    assert len(view.grants) == 1
    assert [(d.from_, d.to) for d in view.differences] == [
        ("none", "SPE_E3"),
        ("STANDARDPACK", "none"),
    ]


def test_given_only_a_removal_when_assessed_then_it_is_a_change() -> None:
    view = _license(a_license(), a_license(OLD), profile=a_profile(replaces=("STANDARDPACK",)))

    assert (view.finding, view.grants) == (Finding.CHANGE, ())
    assert view.differences[0].from_ == "STANDARDPACK"


def test_given_a_replaced_licence_from_a_group_when_assessed_then_it_cannot_be_removed() -> None:
    view = _license(
        a_license(), a_license(OLD, group_id="g"), profile=a_profile(replaces=("STANDARDPACK",))
    )

    assert view.removals == ()


@pytest.mark.parametrize(
    ("user", "skus", "finding"),
    [
        (a_user(licenses=(a_license(),)), ("SPE_E3",), Finding.PENDING),
        (a_user(licenses=(a_license(),), teams_enabled=True), ("SPE_E3",), Finding.SATISFIED),
        (
            a_user(licenses=(a_license(),), homing=Homing.ON_PREMISES),
            ("SPE_E3",),
            Finding.SATISFIED,
        ),
        (a_user(licenses=(a_license(VOICE),)), ("MCOEV",), Finding.SATISFIED),
    ],
)
def test_given_the_licence_is_held_when_assessed_then_teams_must_know_the_person_too(
    user: ObservedUser, skus: tuple[str, ...], finding: Finding
) -> None:
    assert _assess(user, config=a_config(a_profile(skus=skus)))[Step.LICENSE].finding is finding


# Teams


def test_given_teams_to_join_when_assessed_then_those_already_joined_are_left_out() -> None:
    other = HOUSING.model_copy(update={"key": "Libraries"})
    assignment = an_assignment(teams=("Housing", "Libraries", "Not made yet"))

    view = _assess(a_user(in_teams=("Housing",)), HOUSING, other, assignment=assignment)[
        Step.TEAM_MEMBERSHIP
    ]

    assert (view.finding, view.code) == (Finding.CHANGE, "")
    assert view.team_keys == ("Libraries", "Not made yet")
    assert [d.to for d in view.differences] == ["Libraries", "Not made yet"]


def test_given_one_team_cannot_be_made_when_assessed_then_the_others_are_joined() -> None:
    assignment = an_assignment(teams=("Parks", "Housing"))

    view = _assess(a_user(), OWNERLESS, HOUSING, assignment=assignment)[Step.TEAM_MEMBERSHIP]

    assert (view.finding, view.code) == (Finding.CHANGE, "team_has_no_owner")
    assert view.team_keys == ("Housing",)


def test_given_only_teams_that_cannot_be_made_when_assessed_then_the_first_gives_the_code() -> None:
    assignment = an_assignment(teams=("Depot", "Parks"))

    view = _assess(a_user(), OWNERLESS, TAKEN, assignment=assignment)[Step.TEAM_MEMBERSHIP]

    assert (view.finding, view.code) == (Finding.BLOCKED, "team_name_taken")


@pytest.mark.parametrize("teams", [(), ("Housing",)])
def test_given_nothing_to_join_when_assessed_then_satisfied(teams: tuple[str, ...]) -> None:
    view = _assess(a_user(in_teams=("Housing",)), HOUSING, assignment=an_assignment(teams=teams))

    assert view[Step.TEAM_MEMBERSHIP].finding is Finding.SATISFIED


# Policies


def test_given_policies_when_assessed_then_only_the_differing_ones_are_assigned() -> None:
    profile = a_profile(policies={"A": "x", "B": "y", "C": "z", "TeamsUpgradePolicy": "no"})

    view = _assess(a_user(policies={"A": "x", "B": "q"}), config=a_config(profile))[Step.POLICIES]

    assert view.policies == {"B": "y", "C": "z"}
    assert [(d.from_, d.to) for d in view.differences] == [("B: q", "B: y"), ("C: default", "C: z")]


def test_given_the_right_policies_when_assessed_then_satisfied() -> None:
    config = a_config(a_profile(policies={"A": "x"}))

    view = _assess(a_user(policies={"A": "x", "B": "q"}), config=config)[Step.POLICIES]

    assert view.finding is Finding.SATISFIED
