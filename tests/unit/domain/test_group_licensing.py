"""Licences through a group: who joins it, who need not, and whom it cannot help."""

import pytest

from teams_rollout.domain.assessment import Finding, assess, assess_license
from teams_rollout.domain.doctor_tenant import check_license_group
from teams_rollout.domain.observed import GroupLicense, LicenseGroup, TenantView
from teams_rollout.domain.planning import (
    Candidate,
    allot_seats,
    plan_person,
    predict,
    seats_needed,
)
from teams_rollout.domain.roster import UserKey
from teams_rollout.domain.vocabulary import Step
from tests.unit.domain.builders import (
    CATALOGUE,
    E3,
    OLD,
    SWAY_PLAN,
    TEAMS_PLAN,
    VOICE,
    a_config,
    a_license,
    a_profile,
    a_user,
    an_assignment,
)

GROUP = "g-1"
OTHER = "g-2"
OFF = (TEAMS_PLAN.plan_id, SWAY_PLAN.plan_id)


def a_group(*skus, off=(), **changes):
    """A cloud group that gives these SKUs."""
    given = tuple(GroupLicense(sku_id=s.sku_id, disabled_plans=off) for s in skus or (E3,))
    return LicenseGroup(**{"group_id": GROUP, "name": "LIC", "licenses": given, **changes})


def judged(group=None, profile=None, **user):
    profile = profile or grouped()
    groups = {"lic": group or a_group()}
    view = TenantView(catalogue=CATALOGUE, license_groups=groups)
    return assess_license(a_user(**user), profile, view)


def grouped(**changes):
    return a_profile(**{"licensing": "group", "license_group": " Lic ", **changes})


def inherited(group_id=GROUP, **changes):
    return a_license(group_id=group_id, **changes)


def test_given_no_licence_when_assessed_then_the_person_joins_and_takes_the_seats():
    found = judged(a_group(E3, VOICE))

    assert (found.finding, found.join_group) == (Finding.CHANGE, GROUP)
    assert found.grants == ()
    assert found.new_seats == ("SPE_E3", "MCOEV")  # everything that the group gives
    assert [(d.from_, d.to) for d in found.differences] == [
        ("none", "SPE_E3 through LIC"),
        ("none", "MCOEV through LIC"),
    ]


@pytest.mark.parametrize(
    "held",
    [
        (inherited(),),
        (a_license(),),
        (inherited(OTHER),),
        (inherited(OTHER, disabled_plans=OFF), a_license()),
        (inherited(error="no_seats_left"), a_license()),
    ],
)
def test_given_the_licence_from_any_source_when_assessed_then_nothing_is_to_do(held):
    assert judged(licenses=held, teams_enabled=True).finding is Finding.SATISFIED


def test_given_teams_off_in_a_direct_licence_when_assessed_then_it_is_put_right_where_it_is():
    found = judged(licenses=(a_license(disabled_plans=OFF),))

    assert found.join_group == ""
    assert found.grants[0].disabled_plans == (SWAY_PLAN.plan_id,)
    assert found.new_seats == ()


def test_given_one_sku_directly_and_one_not_at_all_when_assessed_then_only_a_new_seat_counts():
    profile = grouped(skus=("SPE_E3", "MCOEV"))

    found = judged(a_group(E3, VOICE), profile, licenses=(a_license(),))

    assert (found.join_group, found.new_seats) == (GROUP, ("MCOEV",))


@pytest.mark.parametrize(
    ("group", "code"),
    [
        (LicenseGroup(code="group_not_found"), "group_not_found"),
        (a_group(code="group_managed_on_premises"), "group_managed_on_premises"),
        (a_group(code="group_filled_by_rule"), "group_filled_by_rule"),
        (a_group(VOICE), "license_missing_in_group"),
        (a_group(off=OFF), "teams_plan_disabled_by_group"),
    ],
)
def test_given_a_group_of_no_use_when_assessed_then_blocked_and_nothing_else_is_looked_at(
    group, code
):
    view = TenantView(catalogue=CATALOGUE, license_groups={"lic": group})
    nowhere = a_user(usage_location="")

    found = assess(an_assignment(), nowhere, config=a_config(grouped()), view=view)

    assert found.keys() == {Step.RESOLVE, Step.LICENSE}
    assert (found[Step.LICENSE].finding, found[Step.LICENSE].code) == (Finding.BLOCKED, code)


def test_given_a_group_that_nobody_has_read_when_assessed_then_it_counts_as_not_there():
    view = TenantView(catalogue=CATALOGUE)

    assert assess_license(a_user(), grouped(), view).code == "group_not_found"


@pytest.mark.parametrize("group_id", [GROUP, OTHER])
def test_given_a_group_that_switches_teams_off_when_assessed_then_it_is_not_overridden(group_id):
    found = judged(licenses=(inherited(group_id, disabled_plans=OFF),))

    assert (found.finding, found.code) == (Finding.BLOCKED, "teams_plan_disabled_by_group")


@pytest.mark.parametrize("code", ["", "group_managed_on_premises"])
def test_given_a_member_whom_microsoft_has_not_come_to_when_assessed_then_that_is_awaited(code):
    found = judged(a_group(code=code), in_groups=(GROUP,))

    assert (found.finding, found.awaits_group) == (Finding.PENDING, True)


def test_given_an_error_of_the_group_when_assessed_then_it_is_tried_again_with_its_reason():
    found = judged(licenses=(inherited(error="no_seats_left"),), in_groups=(GROUP,))

    assert (found.finding, found.code, found.reprocess) == (Finding.CHANGE, "no_seats_left", True)
    assert found.new_seats == ("SPE_E3",)
    assert found.differences[0].from_ == "SPE_E3 failed (no_seats_left)"


def test_given_what_the_profile_replaces_when_assessed_then_it_goes_once_the_group_works():
    profile = grouped(replaces=("STANDARDPACK",))
    old = a_license(OLD)

    before = judged(profile=profile, licenses=(old,))
    after = judged(profile=profile, licenses=(old, inherited()))

    assert (before.join_group, before.removals) == (GROUP, (OLD.sku_id,))
    assert (after.join_group, after.removals, after.grants) == ("", (OLD.sku_id,), ())
    assert after.finding is Finding.CHANGE


# -- plans ----------------------------------------------------------------------------------


def candidates(count, **user):
    view = TenantView(catalogue=CATALOGUE, license_groups={"lic": a_group()})
    config = a_config(grouped())
    people = [an_assignment(line=n) for n in range(count)]
    return [
        Candidate(
            key=UserKey(shard="s", ref=f"u{n:03}"),
            assignment=person,
            assessment=assess(person, a_user(**user), config=config, view=view),
        )
        for n, person in enumerate(people)
    ]


def test_given_people_who_join_when_planned_then_twenty_are_one_write_and_each_takes_a_seat():
    people = candidates(45)

    assert predict([plan_person(c) for c in people], reads=7).writes == 3
    assert seats_needed(people) == {"SPE_E3": 45}
    assert len(allot_seats(people, {"SPE_E3": 40})) == 5


def test_given_a_replaced_licence_when_predicted_then_its_removal_is_a_write_of_its_own():
    view = TenantView(catalogue=CATALOGUE, license_groups={"lic": a_group()})
    config = a_config(grouped(replaces=("STANDARDPACK",)))
    user = a_user(licenses=(a_license(OLD),))
    found = assess(an_assignment(), user, config=config, view=view)
    key = UserKey(shard="s", ref="u001")

    plan = plan_person(Candidate(key=key, assignment=an_assignment(), assessment=found))

    assert predict([plan], reads=0).writes == 2


def test_given_an_error_and_no_seats_when_planned_then_nobody_is_asked_to_try_again():
    (one,) = candidates(1, licenses=(inherited(error="no_seats_left"),))

    without = allot_seats([one], {"SPE_E3": 0})

    assert plan_person(one, without_seat=one.key.ref in without).code == "no_seats_left"


@pytest.mark.parametrize(
    ("group", "ok"),
    [
        (a_group(E3, VOICE), True),
        (a_group(VOICE), False),
        (a_group(code="group_filled_by_rule"), False),
    ],
)
def test_given_a_licensing_group_when_the_doctor_looks_then_it_says_whether_it_will_do(group, ok):
    view = TenantView(catalogue=CATALOGUE, license_groups={"lic": group})

    found = check_license_group("office", grouped(), view)

    assert (found.check, found.ok) == ("licensing group of office", ok)
    assert bool(found.do) is not ok
