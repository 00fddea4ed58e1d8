"""Which teams can be made, under which names, and what becomes of those that could not."""

from activities.team_status import assess_teams, mail_nicknames, unique_name
from graph.groups import MOST_OWNERS
from teams_rollout.domain.configuration import TeamsSection
from teams_rollout.domain.observed import TeamStatus
from tests.unit.activities.readings import ROLLOUT, a_group, a_reading, a_team, a_user

BOSS = a_user("boss")


def assessed(*teams, reading=None, **section):
    found = assess_teams(teams, TeamsSection(**section), reading or a_reading(BOSS))
    return {t.spec.key: t for t in found}


def test_given_keys_that_read_alike_when_named_then_each_team_has_a_group_of_its_own():
    keys = ["Social Care", "social-care", "Social/Care", "社会", "福祉"]

    assert len({unique_name(ROLLOUT, key) for key in keys}) == len(keys)


def test_given_keys_that_read_alike_when_named_then_nicknames_differ_and_stay_the_same():
    specs = [a_team(key).spec for key in ("Social Care", "social-care", "Housing")]

    forwards, backwards = mail_nicknames(specs), mail_nicknames(reversed(specs))

    assert len(set(forwards.values())) == 3
    assert forwards == backwards
    assert forwards["Housing"] == "housing"


def test_given_a_nickname_of_the_file_that_a_key_would_come_to_when_named_then_the_file_wins():
    specs = [a_team("Housing").spec, a_team("Other", mail_nickname="housing").spec]

    names = mail_nicknames(specs)

    assert names["Other"] == "housing"
    assert names["Housing"] != "housing"


def test_given_a_foreign_group_with_the_nickname_when_assessed_then_the_team_cannot_be_made():
    reading = a_reading(BOSS, groups=(a_group("Housing"),))

    assert assessed(a_team("housing"), reading=reading)["housing"].status.code == "team_name_taken"


def test_given_our_own_half_made_group_when_assessed_then_the_name_is_not_taken():
    ours = a_group("housing", unique_name=unique_name(ROLLOUT, "housing"))

    assert (
        assessed(a_team("housing"), reading=a_reading(BOSS, groups=(ours,)))["housing"].status.code
        == ""
    )


def test_given_only_guests_and_leavers_as_owners_when_assessed_then_fallback_owners_are_taken():
    reading = a_reading(
        a_user("boss", user_type="Guest"), a_user("left", account_enabled=False), a_user("clerk")
    )
    team = a_team("housing", owners=("boss@llanfair.example", "left@llanfair.example"))

    without = assessed(team, reading=reading)["housing"]
    with_fallback = assessed(team, reading=reading, fallback_owners=("clerk@llanfair.example",))

    assert without.status.code == "team_has_no_owner"
    assert with_fallback["housing"].owner_ids == ("clerk",)


def test_given_more_owners_than_a_team_may_have_when_assessed_then_the_first_ones_are_set():
    owners = [a_user(f"owner{n:03d}") for n in range(MOST_OWNERS + 3)]
    team = a_team("housing", owners=tuple(u.upn for u in owners))

    found = assessed(team, reading=a_reading(*owners))["housing"]

    assert found.owner_ids == tuple(u.id for u in owners[:MOST_OWNERS])


def test_given_a_team_that_stuck_while_being_made_when_planned_again_then_it_is_tried_again():
    stuck = TeamStatus(key="housing", team_id="g1", code="microsoft_unavailable")

    found = assessed(a_team("housing", status=stuck))["housing"]

    assert (found.status.team_id, found.status.code) == ("g1", "")


def test_given_a_team_of_ours_that_was_gone_when_it_is_back_then_it_takes_members_again():
    gone = TeamStatus(key="housing", team_id="g1", code="team_not_found")
    back = a_reading(BOSS, members={"housing": frozenset()})

    assert assessed(a_team("housing", status=gone))["housing"].status.code == "team_not_found"
    assert assessed(a_team("housing", status=gone), reading=back)["housing"].status.ready
