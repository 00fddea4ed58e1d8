"""Properties of the one diff: doing what it asks satisfies it, and it never asks for too much."""

from hypothesis import given
from hypothesis import strategies as st

from teams_rollout.domain.assessment import Assessment, Finding, StepView, assess
from teams_rollout.domain.configuration import RolloutConfig, SkypeSection
from teams_rollout.domain.observed import LicenseState, ObservedUser, TeamStatus
from teams_rollout.domain.roster import Assignment
from teams_rollout.domain.vocabulary import CoexistenceMode, Homing, Step
from tests.unit.domain.builders import (
    CATALOGUE,
    E3,
    OLD,
    TEAMS_PLAN,
    VOICE,
    a_config,
    a_profile,
    a_user,
    a_view,
    an_assignment,
)

_TEAMS = [
    TeamStatus(key="Housing", team_id="t1", ready=True),
    TeamStatus(key="Libraries"),
    TeamStatus(key="Parks", code="team_has_no_owner"),
]
_KEYS = [t.key for t in _TEAMS]
_PLANS = [p.plan_id for p in E3.plans]

_LICENSES = st.builds(
    LicenseState,
    sku_id=st.sampled_from([E3.sku_id, VOICE.sku_id, OLD.sku_id]),
    disabled_plans=st.sets(st.sampled_from(_PLANS)).map(tuple),
    group_id=st.sampled_from(["", "g1", "g2"]),
)
_USERS = st.builds(
    a_user,
    is_guest=st.booleans(),
    account_enabled=st.booleans(),
    usage_location=st.sampled_from(["", "GB", "IE"]),
    licenses=st.lists(
        _LICENSES, max_size=4, unique_by=lambda state: (state.sku_id, state.group_id)
    ).map(tuple),
    teams_enabled=st.booleans(),
    homing=st.sampled_from(Homing),
    explicit_mode=st.none() | st.sampled_from(CoexistenceMode),
    policies=st.dictionaries(st.sampled_from("AB"), st.sampled_from("xy")),
    phone_numbers=st.sampled_from([(), ("+4420",), ("+4421",)]),
    in_teams=st.sets(st.sampled_from(_KEYS)).map(tuple),
    number_held_by_other=st.booleans(),
)
_ASSIGNMENTS = st.builds(
    an_assignment,
    teams=st.sets(st.sampled_from(_KEYS)).map(tuple),
    phone_number=st.sampled_from(["", "+4420"]),
    coexistence_mode=st.none() | st.sampled_from(CoexistenceMode),
)
_PROFILES = st.builds(
    a_profile,
    skus=st.sampled_from([("SPE_E3",), ("SPE_E3", "MCOEV"), ("MCOEV",)]),
    replaces=st.sampled_from([(), ("STANDARDPACK",)]),
    disabled_plans=st.sampled_from([(), ("SWAY",), ("TEAMS1", "SWAY")]),
    required_plans=st.none() | st.sampled_from([(), ("SWAY",)]),
    policies=st.dictionaries(st.sampled_from("AB"), st.sampled_from("xy")),
)
_CONFIGS = st.builds(
    a_config,
    _PROFILES,
    skype=st.builds(
        SkypeSection,
        on_premises=st.sampled_from(["hand_off", "block"]),
        interim_mode=st.none() | st.just(CoexistenceMode.SFB_WITH_TEAMS_COLLAB),
    ),
)


def _look(assignment: Assignment, user: ObservedUser, config: RolloutConfig) -> Assessment:
    return assess(assignment, user, config=config, view=a_view(*_TEAMS))


def _do(user: ObservedUser, assessment: Assessment, number: str) -> ObservedUser:
    """The person after Microsoft has done and shown everything that the assessment asks for."""
    empty = StepView(step=Step.RESOLVE, finding=Finding.SATISFIED)
    changes = {s: v for s, v in assessment.items() if v.finding is Finding.CHANGE}
    license_view = changes.get(Step.LICENSE, empty)
    touched = {g.sku_id for g in license_view.grants} | set(license_view.removals)
    kept = tuple(s for s in user.licenses if not (s.is_direct and s.sku_id in touched))
    granted = tuple(
        LicenseState(sku_id=g.sku_id, disabled_plans=g.disabled_plans) for g in license_view.grants
    )
    policies = dict(changes.get(Step.COEXISTENCE, empty).policies)
    mode = next((CoexistenceMode.from_policy_name(n) for n in policies.values()), None)
    location = changes.get(Step.USAGE_LOCATION)
    return user.model_copy(
        update={
            "usage_location": location.differences[0].to if location else user.usage_location,
            "licenses": kept + granted,
            "teams_enabled": True,
            "explicit_mode": mode or user.explicit_mode,
            "policies": {**user.policies, **changes.get(Step.POLICIES, empty).policies},
            "in_teams": (*user.in_teams, *changes.get(Step.TEAM_MEMBERSHIP, empty).team_keys),
            "phone_numbers": (number,) if Step.PHONE_NUMBER in changes else user.phone_numbers,
        }
    )


@given(_ASSIGNMENTS, _USERS, _CONFIGS)
def test_given_anybody_when_all_changes_are_made_then_nothing_is_left_to_change(
    assignment: Assignment, user: ObservedUser, config: RolloutConfig
) -> None:
    before = _look(assignment, user, config)

    after = _look(assignment, _do(user, before, assignment.phone_number), config)

    assert all(v.finding not in (Finding.CHANGE, Finding.PENDING) for v in after.values())
    assert after.keys() == before.keys()


@given(_ASSIGNMENTS, _USERS, _CONFIGS)
def test_given_anybody_when_changes_are_made_then_foreseen_codes_come_true(
    assignment: Assignment, user: ObservedUser, config: RolloutConfig
) -> None:
    before = _look(assignment, user, config)

    after = _look(assignment, _do(user, before, assignment.phone_number), config)

    assert {s: v.code for s, v in after.items()} == {s: v.code for s, v in before.items()}


@given(_ASSIGNMENTS, _USERS, _CONFIGS)
def test_given_anybody_when_assessed_then_each_view_is_consistent(
    assignment: Assignment, user: ObservedUser, config: RolloutConfig
) -> None:
    for step, view in _look(assignment, user, config).items():
        is_change = view.finding is Finding.CHANGE
        is_stopped = view.finding in (Finding.BLOCKED, Finding.WAITING, Finding.SKIPPED)
        assert view.step is step
        assert not is_stopped or view.code
        assert is_change or not (view.differences or view.grants or view.removals)
        assert is_change or not (view.policies or view.team_keys)
        assert not is_change or view.differences  # what changes is always shown


@given(_ASSIGNMENTS, _USERS, _CONFIGS)
def test_given_anybody_when_a_licence_changes_then_plans_switched_off_by_hand_stay_off(
    assignment: Assignment, user: ObservedUser, config: RolloutConfig
) -> None:
    view = _look(assignment, user, config).get(Step.LICENSE)
    required = config.profiles["office"].required_plans

    for grant in view.grants if view else ():
        held = next((s for s in user.licenses if s.sku_id == grant.sku_id), None)
        sku = CATALOGUE.by_id(grant.sku_id)
        assert sku is not None
        assert (held is None) is (sku.part_number in (view.new_seats if view else ()))
        assert held is None or held.is_direct
        if held is not None:
            switched_on = set(held.disabled_plans) - set(grant.disabled_plans)
            wanted = {TEAMS_PLAN.name} if required is None else set(required)
            assert {p.name for p in sku.plans if p.plan_id in switched_on} <= wanted
            assert set(grant.disabled_plans) <= set(held.disabled_plans)
