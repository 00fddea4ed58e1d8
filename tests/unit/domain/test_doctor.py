"""The doctor's judgement: what is wrong is said with a cure, and no value of a setting."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from teams_rollout.domain import doctor, doctor_tenant
from teams_rollout.domain.configuration import ProfileSection, RolloutConfig, RolloutSection
from teams_rollout.domain.observed import (
    Catalogue,
    LicenseState,
    ObservedUser,
    ServicePlan,
    Sku,
)
from teams_rollout.domain.permissions import NEEDS
from teams_rollout.domain.vocabulary import Environment

LIVE, REHEARSAL = Environment.LIVE, Environment.REHEARSAL
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TEAMS = ServicePlan(plan_id="p1", name="TEAMS1")
CALLING = ServicePlan(plan_id="p2", name="MCOEV")
E3 = Sku(sku_id="e3", part_number="SPE_E3", plans=(TEAMS,), enabled=10, consumed=8)
VOICE = Sku(sku_id="voice", part_number="MCOEV", plans=(CALLING,), enabled=5)
CATALOGUE = Catalogue(skus=(E3, VOICE))
NEED = next(n for n in NEEDS if n.permission == "LicenseAssignment.ReadWrite.All")


def a_profile(*skus: str, **values) -> ProfileSection:
    return ProfileSection(skus=skus or ("SPE_E3",), **values)


def a_config(**profiles: ProfileSection) -> RolloutConfig:
    return RolloutConfig(rollout=RolloutSection(name="Council"), profiles=profiles)


WRONG = [
    doctor.check_settings(["ROLLOUT_QUOTA_MODEL"]),
    doctor.check_environment(LIVE, is_simulated=True),
    doctor.check_storage(trouble="The storage at x could not be reached."),
    doctor.check_storage(missing=("RolloutUsers",)),
    doctor.check_durability(LIVE, is_emulator=True),
    doctor.check_clock("c", theirs=NOW, ours=NOW + timedelta(minutes=10), whose="Microsoft"),
    doctor.check_clock("c", theirs=NOW, ours=NOW - timedelta(minutes=10), whose="Microsoft"),
    doctor.check_no_front_door(LIVE),
    doctor.check_front_door("app.example", stranger=200, forger=200),
    doctor.check_front_door("app.example", stranger=401, forger=200),
    doctor.check_front_door("app.example", stranger=403, forger=403),
    doctor.check_front_door("app.example", stranger=401, forger=500),
    doctor.check_silent_door("app.example"),
    doctor_tenant.check_homing(LIVE, {"sfbOnPremUser": 2}, known=None),
    doctor.not_looked_at("tenant", because="that takes the storage"),
    doctor_tenant.check_sign_in("sign_in_failed"),
    doctor_tenant.check_sign_in("microsoft_unavailable"),
    doctor_tenant.check_tenant(tenant_id="t", trouble="rollout.toml is for another tenant."),
    doctor_tenant.check_permission(NEED, granted={"User.Read.All"}),
    doctor_tenant.check_permission_by_trying(NEED, refused=True),
    doctor_tenant.check_unseen_permissions([NEED]),
    doctor_tenant.check_profile("p", a_profile("SPE_E5"), CATALOGUE),
    doctor_tenant.check_profile("p", a_profile("MCOEV"), CATALOGUE),
    doctor_tenant.check_profile("p", a_profile(disabled_plans=("SWAY",)), CATALOGUE),
    doctor_tenant.check_profile("p", a_profile(required_plans=("TEAMS2",)), CATALOGUE),
    doctor_tenant.check_seats(E3, wanted=3),
    doctor_tenant.check_policy("TeamsMeetingPolicy", "AllOn", found=False),
    doctor_tenant.check_policy("T", "AllOn", found=False, code="policy_type_unsupported"),
    doctor_tenant.check_policy("T", "AllOn", found=False, code="permission_missing"),
    doctor_tenant.check_upgrade_policy("graph", taken=False),
    doctor_tenant.check_upgrade_policy("graph", taken=None, code="permission_missing"),
    doctor_tenant.check_homing(LIVE, {"user": 3}, known="user"),
    doctor_tenant.check_homing(LIVE, {"user": 3}, known=""),
]
RIGHT = [
    doctor.check_settings(),
    doctor.check_environment(LIVE, is_simulated=False),
    doctor.check_environment(REHEARSAL, is_simulated=True),
    doctor.check_storage(),
    doctor.check_durability(LIVE, is_emulator=False),
    doctor.check_durability(REHEARSAL, is_emulator=True),
    doctor.check_clock("c", theirs=NOW, ours=NOW + timedelta(seconds=59), whose="Microsoft"),
    doctor.check_clock("c", theirs=None, ours=NOW, whose="Microsoft"),
    doctor.check_time_scale(1),
    doctor.check_no_front_door(REHEARSAL),
    doctor.check_front_door("app.example", stranger=401, forger=401),
    doctor.check_quota_tier(40, kept=5_000),
    doctor.check_quota_tier(6_000, kept=5_000),
    doctor_tenant.check_homing(LIVE, {"user": 2}, known=None),
    doctor.check_time_scale(3600),
    doctor.check_quota("window", share=0.8),
    doctor.check_quota("bucket", share=0.8),
    doctor_tenant.check_sign_in(),
    doctor_tenant.check_sign_in("permission_missing"),
    doctor_tenant.check_tenant(tenant_id="t", trouble=""),
    doctor_tenant.check_permission(NEED, granted={NEED.permission}),
    doctor_tenant.check_permission_by_trying(NEED, refused=False),
    doctor_tenant.check_surplus([NEED], granted={"Mail.Send"}),
    doctor_tenant.check_surplus([NEED], granted={NEED.permission}),
    doctor_tenant.check_profile("p", a_profile("SPE_E3", "MCOEV"), CATALOGUE),
    doctor_tenant.check_seats(E3, wanted=2),
    doctor_tenant.check_policy("TeamsMeetingPolicy", "AllOn", found=True),
    doctor_tenant.check_upgrade_policy("graph", taken=True),
    doctor_tenant.check_upgrade_policy("handoff", taken=True),
    doctor_tenant.check_upgrade_policy("handoff", taken=False),
    doctor_tenant.check_homing(LIVE, {"sfbOnPremUser": 1}, known="sfbOnPremUser"),
    doctor_tenant.check_homing(REHEARSAL, {"user": 3}, known=None),
]


@pytest.mark.parametrize("check", WRONG, ids=lambda c: c.check)
def test_given_something_wrong_then_it_is_said_with_what_to_do(check):
    assert not check.ok
    assert check.detail.endswith(".")
    assert check.do.endswith(".")
    assert not re.search(r"[.!?] [A-Z]", check.detail), "one sentence is enough"


@pytest.mark.parametrize("check", RIGHT, ids=lambda c: c.check)
def test_given_something_right_then_nobody_has_to_act(check):
    assert check.ok
    assert check.detail.endswith(".")


def test_given_a_broader_permission_then_the_check_says_which_one_includes_it():
    check = doctor_tenant.check_permission(NEED, granted={"User.ReadWrite.All"})

    assert check.ok
    assert "User.ReadWrite.All includes it" in check.detail


def test_given_a_missing_permission_then_the_cure_is_a_command_for_its_feature():
    check = doctor_tenant.check_permission(NEED, granted=())

    assert f"infra/grant-permissions --features {NEED.feature.name.lower()}" in check.do


def test_given_more_than_is_needed_then_that_alone_is_named():
    held = {NEED.permission, "User.ReadWrite.All", "Mail.Send"}

    check = doctor_tenant.check_surplus([NEED], granted=held)

    assert check.detail.endswith("never uses: Mail.Send.")


def test_given_a_refusal_that_names_another_permission_then_it_is_passed_on():
    named = (NEED.permission, "Other.ReadWrite.All")

    check = doctor_tenant.check_permission_by_trying(NEED, refused=True, named=named)

    assert NEED.permission in check.detail
    assert "would also take Other.ReadWrite.All" in check.detail


@pytest.mark.parametrize(
    ("people", "said"), [(49, "size S: 3,500"), (50, "size M: 5,000"), (501, "size L: 8,000")]
)
def test_given_a_tenants_size_then_the_check_says_what_microsoft_allows_it(people, said):
    assert said in doctor.check_quota_tier(people, kept=5_000).detail


@pytest.mark.parametrize("forger", [200, 404])
def test_given_a_door_that_believes_forgers_then_the_cure_is_to_shut_it(forger):
    check = doctor.check_front_door("app.example", stranger=401, forger=forger)

    assert "forged" in check.detail
    assert "az functionapp stop" in check.do


def test_given_a_clock_that_is_ahead_then_the_sentence_says_by_how_much():
    ours = NOW + timedelta(minutes=10)

    check = doctor.check_clock("c", theirs=NOW, ours=ours, whose="Microsoft")

    assert "600 s ahead of Microsoft's" in check.detail


def test_given_a_tenant_whose_graph_takes_no_modes_then_the_backend_to_set_is_named():
    check = doctor_tenant.check_upgrade_policy("graph", taken=False)

    assert 'backend = "handoff"' in check.do


def test_given_a_tenant_whose_graph_takes_modes_then_a_hand_off_is_advised_against():
    check = doctor_tenant.check_upgrade_policy("handoff", taken=True)

    assert 'backend = "graph"' in check.do


def test_given_people_on_a_server_and_nobody_known_then_live_does_not_believe_it():
    check = doctor_tenant.check_homing(LIVE, {"sfbOnPremUser": 2, "user": 3}, known=None)

    assert not check.ok
    assert "5 people, 2 of them on-premises" in check.detail
    assert "known_on_premises" in check.detail


def test_given_people_then_only_those_who_lack_a_seat_and_can_have_one_are_counted():
    config = a_config(office=a_profile("SPE_E3"), voice=a_profile("SPE_E3", "MCOEV"))
    has_e3 = ObservedUser(id="1", upn="a", licenses=(LicenseState(sku_id="e3"),))
    people = [
        ("office", has_e3),
        ("voice", has_e3),
        ("office", ObservedUser(id="2", upn="b")),
        ("office", ObservedUser(id="3", upn="c", is_guest=True)),
        ("office", ObservedUser(id="4", upn="d", account_enabled=False)),
        ("office", None),
        ("gone", ObservedUser(id="5", upn="e")),
    ]

    wanted = doctor_tenant.seats_wanted(config, people, CATALOGUE)

    assert wanted == {"MCOEV": 1, "SPE_E3": 1}
