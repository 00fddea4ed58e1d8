"""What separates a person from the desired mode and number."""

import pytest

from teams_rollout.domain.assessment import Finding, StepView, assess, desired_mode
from teams_rollout.domain.configuration import RolloutConfig, SkypeSection
from teams_rollout.domain.observed import LicenseState, ObservedUser
from teams_rollout.domain.vocabulary import CoexistenceMode, Homing, Step
from tests.unit.domain.builders import (
    VOICE,
    a_config,
    a_license,
    a_profile,
    a_user,
    a_view,
    an_assignment,
)


def _mode(user: ObservedUser, *, wanted: str = "TeamsOnly", **skype: str) -> StepView:
    profile = a_profile(coexistence_mode=CoexistenceMode(wanted))
    config = a_config(profile, skype=SkypeSection.model_validate(skype))
    return assess(an_assignment(), user, config=config, view=a_view())[Step.COEXISTENCE]


def _number(user: ObservedUser, wanted: str, config: RolloutConfig) -> StepView:
    assignment = an_assignment(phone_number=wanted)
    return assess(assignment, user, config=config, view=a_view())[Step.PHONE_NUMBER]


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
    ("homing", "wanted", "code", "theirs"),
    [
        (Homing.ONLINE, "TeamsOnly", "handed_off_teams_admin", "UpgradeToTeams"),
        (Homing.ON_PREMISES, "SfBOnly", "handed_off_teams_admin", "SfBOnly"),
        (Homing.ON_PREMISES, "TeamsOnly", "handed_off_server_team", "SfBWithTeamsCollab"),
    ],
)
def test_given_graph_does_not_take_the_policy_when_assessed_then_others_are_told_what_to_assign(
    homing: Homing, wanted: str, code: str, theirs: str
) -> None:
    view = _mode(
        a_user(homing=homing),
        wanted=wanted,
        backend="handoff",
        interim_mode="SfBWithTeamsCollab",
    )

    assert (view.finding, view.code) == (Finding.WAITING, code)
    assert view.policies == {"TeamsUpgradePolicy": theirs}


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
    view = _number(user, wanted, WITH_VOICE)

    assert (view.finding, view.code) == (finding, code)


def test_given_an_old_number_when_another_is_wanted_then_the_plan_shows_both() -> None:
    user = a_user(phone_numbers=("+4421",))

    view = _number(user, "+4420", WITH_VOICE)

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

    view = _number(user, "+4420", config)

    assert view.code == code
