"""Which permissions a rollout needs, and which of them are missing."""

import pytest

from teams_rollout.domain.configuration import (
    ProfileSection,
    RolloutConfig,
    RolloutSection,
    SkypeSection,
)
from teams_rollout.domain.permissions import (
    NEEDS,
    Feature,
    features_of,
    lacking,
    missing_needs,
    named_permissions,
    needs_of,
)
from teams_rollout.domain.roster import Assignment, TeamSpec

EVERYTHING = {need.permission for need in NEEDS}
ALL = frozenset(Feature)


def a_config(*, backend="graph", **profile) -> RolloutConfig:
    return RolloutConfig(
        rollout=RolloutSection(name="Council"),
        skype=SkypeSection(backend=backend),
        profiles={"office": ProfileSection(skus=("SPE_E3",), **profile)},
    )


def a_person(**values) -> Assignment:
    return Assignment(line=2, upn="a@council.example", wave="w", profile="office", **values)


@pytest.mark.parametrize("permission", sorted(EVERYTHING))
def test_given_only_one_permission_is_missing_then_it_or_nothing_is_named(permission):
    granted = EVERYTHING - {permission}

    missing = [need.permission for need in missing_needs(ALL, granted)]

    covered = any(n.held_through(granted) for n in NEEDS if n.permission == permission)
    assert missing == ([] if covered else [permission])


def test_given_nothing_is_granted_then_every_need_is_missing():
    assert missing_needs(ALL, ()) == needs_of(ALL)


@pytest.mark.parametrize(
    ("feature", "people"),
    [
        (Feature.MEMBERS, [{"teams": ("old",)}]),
        (Feature.NEW_TEAMS, [{"teams": ("new",)}]),
        (Feature.NUMBERS, [{"phone_number": "+441632960001"}]),
    ],
)
def test_given_a_feature_then_it_is_used_only_where_somebody_wants_it(feature, people):
    teams = [
        TeamSpec(key="old", display_name="Old", existing_team_id="id"),
        TeamSpec(key="new", display_name="New"),
    ]

    with_it = features_of(a_config(), teams=teams, people=[a_person(**p) for p in people])
    without = features_of(a_config(), teams=teams, people=[a_person()])

    assert feature in with_it
    assert feature not in without


def test_given_an_existing_team_then_making_teams_needs_nothing():
    teams = [TeamSpec(key="old", display_name="Old", existing_team_id="id")]

    used = features_of(a_config(), teams=teams, people=[a_person(teams=("old",))])

    assert Feature.NEW_TEAMS not in used


@pytest.mark.parametrize(
    ("config", "used"),
    [
        (a_config(), True),
        (a_config(backend="handoff"), False),
        (a_config(backend="handoff", policies={"TeamsMeetingPolicy": "AllOn"}), True),
    ],
)
def test_given_hand_off_and_no_policies_then_policies_need_nothing(config, used):
    assert (Feature.POLICIES in features_of(config, teams=(), people=())) is used


def test_given_a_profile_licensed_through_a_group_then_its_members_are_changed():
    config = a_config(licensing="group", license_group="g")

    assert Feature.GROUP_LICENSES in features_of(config, teams=(), people=())


def test_given_missing_needs_then_the_sentence_names_each_and_the_cure():
    needs = missing_needs({Feature.LICENSES}, ())

    sentence = lacking(needs)

    assert all(need.permission in sentence for need in needs)
    assert "Nothing was changed" in sentence
    assert "rollout doctor" in sentence
    assert lacking(()) == ""


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            "API requires any of the following permission(s): "
            "TeamsUserConfiguration.Read.All, Other.ReadWrite.All.",
            ("TeamsUserConfiguration.Read.All", "Other.ReadWrite.All"),
        ),
        ("API requires one of 'Team.Create, Mail.Send'.", ("Team.Create", "Mail.Send")),
        ("Insufficient privileges to complete the operation.", ()),
    ],
)
def test_given_a_refusal_then_the_permissions_that_it_names(text, named):
    assert named_permissions(text) == named
