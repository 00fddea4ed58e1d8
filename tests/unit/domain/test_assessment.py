"""What separates a person from the desired state, step by step."""

import pytest

from teams_rollout.domain.assessment import (
    Assessment,
    Finding,
    LicenseGrant,
    StepView,
    assess,
    desired_mode,
)
from teams_rollout.domain.configuration import ProfileSection, RolloutConfig, SkypeSection
from teams_rollout.domain.observed import LicenseState, ObservedUser, TeamStatus
from teams_rollout.domain.roster import Assignment
from teams_rollout.domain.vocabulary import STEP_ORDER, CoexistenceMode, Homing, Step
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


def _mode(user: ObservedUser, *, wanted: str = "TeamsOnly", **skype: str) -> StepView:
    profile = a_profile(coexistence_mode=CoexistenceMode(wanted))
    config = a_config(profile, skype=SkypeSection.model_validate(skype))
    return _assess(user, config=config)[Step.COEXISTENCE]


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


# Coexistence mode


def test_given_a_mode_in_the_row_when_asked_then_it_outranks_the_profiles() -> None:
    own = an_assignment(coexistence_mode=CoexistenceMode.ISLANDS)

    assert desired_mode(own, a_profile()) is CoexistenceMode.ISLANDS
    assert desired_mode(an_assignment(), a_profile()) is CoexistenceMode.TEAMS_ONLY


@pytest.mark.parametrize(
    ("explicit", "before"), [(None, "default"), (CoexistenceMode.ISLANDS, "Islands")]
)
def test_given_a_person_homed_online_when_the_mode_differs_then_its_policy_is_assigned(
    explicit: CoexistenceMode | None, before: str
) -> None:
    view = _mode(a_user(homing=Homing.ONLINE, explicit_mode=explicit))

    assert view.finding is Finding.CHANGE
    assert view.policies == {"TeamsUpgradePolicy": "UpgradeToTeams"}
    assert (view.differences[0].from_, view.differences[0].to) == (before, "TeamsOnly")


@pytest.mark.parametrize("homing", [Homing.ONLINE, Homing.ON_PREMISES])
def test_given_the_wanted_mode_when_assessed_then_satisfied(homing: Homing) -> None:
    user = a_user(homing=homing, explicit_mode=CoexistenceMode.SFB_ONLY)

    assert _mode(user, wanted="SfBOnly").finding is Finding.SATISFIED


def test_given_a_person_homed_nowhere_when_teams_knows_them_then_the_mode_is_right() -> None:
    assert _mode(a_user(teams_enabled=True)).finding is Finding.SATISFIED
    assert _mode(a_user()).finding is Finding.PENDING


def test_given_a_person_homed_nowhere_when_another_mode_is_wanted_then_blocked() -> None:
    view = _mode(a_user(), wanted="Islands")

    assert (view.finding, view.code) == (Finding.BLOCKED, "cloud_user_is_teams_only")


def test_given_a_person_on_premises_when_teams_only_is_wanted_then_handed_off() -> None:
    view = _mode(a_user(homing=Homing.ON_PREMISES))

    assert (view.finding, view.code) == (Finding.WAITING, "handed_off_server_team")


def test_given_on_premises_shall_block_when_assessed_then_blocked() -> None:
    view = _mode(a_user(homing=Homing.ON_PREMISES), on_premises="block")

    assert (view.finding, view.code) == (Finding.BLOCKED, "homed_on_premises")


def test_given_an_interim_mode_when_not_yet_set_then_it_is_set_before_waiting() -> None:
    interim = "SfBWithTeamsCollab"
    user = a_user(homing=Homing.ON_PREMISES)

    before = _mode(user, interim_mode=interim)
    after = _mode(
        user.model_copy(update={"explicit_mode": CoexistenceMode(interim)}), interim_mode=interim
    )

    assert before.finding is Finding.CHANGE
    assert before.policies == {"TeamsUpgradePolicy": interim}
    assert before.code == after.code == "handed_off_server_team"
    assert after.finding is Finding.WAITING


@pytest.mark.parametrize(
    ("homing", "wanted", "code"),
    [
        (Homing.ONLINE, "TeamsOnly", "handed_off_teams_admin"),
        (Homing.ON_PREMISES, "SfBOnly", "handed_off_teams_admin"),
        (Homing.ON_PREMISES, "TeamsOnly", "handed_off_server_team"),
    ],
)
def test_given_graph_does_not_take_the_policy_when_assessed_then_nothing_is_written(
    homing: Homing, wanted: str, code: str
) -> None:
    view = _mode(
        a_user(homing=homing),
        wanted=wanted,
        backend="handoff",
        interim_mode="SfBWithTeamsCollab",
    )

    assert (view.finding, view.code, view.policies) == (Finding.WAITING, code, {})


def test_given_another_mode_wanted_on_premises_when_assessed_then_it_is_set() -> None:
    view = _mode(a_user(homing=Homing.ON_PREMISES), wanted="SfBOnly", on_premises="block")

    assert view.finding is Finding.CHANGE
    assert view.policies == {"TeamsUpgradePolicy": "SfBOnly"}


# Phone number

WITH_VOICE = a_config(a_profile(skus=("SPE_E3", "MCOEV")))


@pytest.mark.parametrize(
    ("wanted", "user", "finding", "code"),
    [
        ("", a_user(number_held_by_other=True), Finding.SATISFIED, ""),
        ("+4420", a_user(phone_numbers=("+4421", "+4420")), Finding.SATISFIED, ""),
        ("+4420", a_user(number_held_by_other=True), Finding.BLOCKED, "number_in_use"),
        ("+4420", a_user(), Finding.CHANGE, ""),
    ],
)
def test_given_a_number_when_assessed_then_only_a_free_one_is_assigned(
    wanted: str, user: ObservedUser, finding: Finding, code: str
) -> None:
    view = _assess(user, assignment=an_assignment(phone_number=wanted), config=WITH_VOICE)[
        Step.PHONE_NUMBER
    ]

    assert (view.finding, view.code) == (finding, code)


def test_given_an_old_number_when_another_is_wanted_then_the_plan_shows_both() -> None:
    user = a_user(phone_numbers=("+4421",))

    view = _assess(user, assignment=an_assignment(phone_number="+4420"), config=WITH_VOICE)[
        Step.PHONE_NUMBER
    ]

    assert (view.differences[0].from_, view.differences[0].to) == ("+4421", "+4420")


@pytest.mark.parametrize(
    ("config", "licenses", "code"),
    [
        (a_config(), (), "phone_system_missing"),
        (a_config(), (a_license(VOICE),), ""),
        (a_config(), (a_license(VOICE, group_id="g"),), ""),
        (a_config(), (a_license(VOICE, error="CountViolation"),), "phone_system_missing"),
        (a_config(), (a_license(VOICE, disabled_plans=("plan-mcoev",)),), "phone_system_missing"),
        (WITH_VOICE, (), ""),
    ],
)
def test_given_licences_when_a_number_is_wanted_then_telephony_must_be_among_them(
    config: RolloutConfig, licenses: tuple[LicenseState, ...], code: str
) -> None:
    user = a_user(licenses=licenses)

    view = _assess(user, assignment=an_assignment(phone_number="+4420"), config=config)[
        Step.PHONE_NUMBER
    ]

    assert view.code == code
