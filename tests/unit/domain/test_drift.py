"""What a reconciliation finds: every change since the close, and nothing where nothing changed."""

import pytest

from teams_rollout.domain.assessment import assess
from teams_rollout.domain.configuration import SkypeSection
from teams_rollout.domain.drift import Drift, find_drift
from teams_rollout.domain.observed import ObservedUser, TeamStatus
from teams_rollout.domain.planning import opening_records
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.vocabulary import CoexistenceMode, Homing, Outcome, Step
from tests.unit.domain.builders import (
    E3,
    NOW,
    TEAMS_PLAN,
    VOICE,
    a_config,
    a_license,
    a_profile,
    a_record,
    a_user,
    a_view,
    an_assignment,
)

TEAMS = (TeamStatus(key="Housing", ready=True), TeamStatus(key="Parks", code="team_has_no_owner"))
CONFIG = a_config(a_profile(policies={"TeamsMeetingPolicy": "AllOn"}))
NUMBER = "+442079460000"
DONE = a_user(
    licenses=(a_license(), a_license(VOICE)),
    teams_enabled=True,
    in_teams=("Housing",),
    policies={"TeamsMeetingPolicy": "AllOn"},
    phone_numbers=(NUMBER,),
)
OWN = an_assignment(teams=("Housing",), phone_number=NUMBER)


def _drift(
    then: ObservedUser | None,
    now: ObservedUser | None,
    *,
    teams: tuple[str, ...] = ("Housing",),
    held_then: bool = False,
    skype: SkypeSection | None = None,
) -> list[Drift]:
    """Drift of a person whose wave closed with the tenant as `then`, read again as `now`."""
    person = OWN.model_copy(update={"teams": teams})
    config = CONFIG.model_copy(update={"skype": skype or CONFIG.skype})
    before = assess(person, then, config=config, view=a_view(*TEAMS), on_hold=held_then)
    after = assess(person, now, config=config, view=a_view(*TEAMS))
    records = opening_records(before, now=NOW)
    return list(find_drift(records, after, upn_then="ann@x.example", upn_now="Ann@X.example"))


@pytest.mark.parametrize(
    "user",
    [
        DONE,
        None,
        DONE.model_copy(update={"is_guest": True}),
        DONE.model_copy(update={"account_enabled": False}),
        DONE.model_copy(update={"homing": Homing.ON_PREMISES}),
        DONE.model_copy(update={"phone_numbers": (), "number_held_by_other": True}),
        a_user(licenses=(a_license(group_id="g", disabled_plans=(TEAMS_PLAN.plan_id,)),)),
    ],
)
def test_given_an_unchanged_person_when_compared_then_there_is_no_drift(
    user: ObservedUser | None,
) -> None:
    assert _drift(user, user) == []


@pytest.mark.parametrize(
    ("change", "kind", "detail"),
    [
        ({"account_enabled": False}, "resolve", "was right, is now account_disabled"),
        ({"usage_location": ""}, "usage_location", "was right, is now none (wanted GB)"),
        ({"licenses": ()}, "license", "was right, is now none (wanted SPE_E3)"),
        (
            {"licenses": (a_license(E3, disabled_plans=(TEAMS_PLAN.plan_id,)),)},
            "license",
            "was right, is now SPE_E3 with Teams off (wanted SPE_E3 ~ Teams on)",
        ),
        ({"in_teams": ()}, "team_membership", "was right, is now not a member (wanted Housing)"),
        (
            {"policies": {}},
            "policies",
            "was right, is now TeamsMeetingPolicy: default (wanted TeamsMeetingPolicy: AllOn)",
        ),
        (
            {"homing": Homing.ONLINE, "explicit_mode": CoexistenceMode.ISLANDS},
            "coexistence",
            "was right, is now Islands (wanted TeamsOnly)",
        ),
        (
            {"homing": Homing.ON_PREMISES},
            "coexistence",
            "was right, is now handed_off_server_team",
        ),
        ({"phone_numbers": ()}, "phone_number", f"was right, is now none (wanted {NUMBER})"),
    ],
)
def test_given_one_change_when_compared_then_exactly_it_is_found(
    change: dict[str, object], kind: str, detail: str
) -> None:
    assert _drift(DONE, DONE.model_copy(update=change)) == [Drift(kind=kind, detail=detail)]


def test_given_teams_no_longer_knows_the_person_when_compared_then_both_signs_are_told() -> None:
    found = _drift(DONE, DONE.model_copy(update={"teams_enabled": False}))

    assert [d.kind for d in found] == ["license", "coexistence"]
    assert {d.detail for d in found} == {"was right, is now waiting_for_microsoft"}


def test_given_a_deleted_person_when_compared_then_only_that_is_told() -> None:
    assert _drift(DONE, None) == [Drift(kind="resolve", detail="was right, is now user_not_found")]


@pytest.mark.parametrize(
    ("then", "code"),
    [
        (None, "user_not_found"),
        (DONE.model_copy(update={"is_guest": True}), "guest_account"),
        (DONE.model_copy(update={"account_enabled": False}), "account_disabled"),
    ],
)
def test_given_a_known_reason_when_it_is_gone_then_that_is_drift(
    then: ObservedUser | None, code: str
) -> None:
    assert Drift(kind="resolve", detail=f"was {code}, is now right") in _drift(then, DONE)


def test_given_a_hold_when_it_has_ended_then_that_is_drift() -> None:
    assert _drift(DONE, DONE, held_then=True)[0].detail == "was on_hold, is now right"


def test_given_an_ownerless_team_when_another_team_is_left_then_it_is_found() -> None:
    found = _drift(DONE, DONE.model_copy(update={"in_teams": ()}), teams=("Housing", "Parks"))

    assert found == [
        Drift(
            kind="team_membership",
            detail="was team_has_no_owner, is now not a member (wanted Housing)",
        )
    ]


def test_given_a_person_handed_off_when_the_interim_mode_is_lost_then_it_is_found() -> None:
    skype = SkypeSection(interim_mode=CoexistenceMode.SFB_WITH_TEAMS_COLLAB)
    then = DONE.model_copy(
        update={"homing": Homing.ON_PREMISES, "explicit_mode": skype.interim_mode}
    )

    found = _drift(then, then.model_copy(update={"explicit_mode": None}), skype=skype)

    assert [d.kind for d in found] == ["coexistence"]
    assert _drift(then, then, skype=skype) == []


def test_given_a_person_renamed_when_compared_then_the_name_is_drift_without_naming_it() -> None:
    view = assess(OWN, DONE, config=CONFIG, view=a_view(*TEAMS))
    records = opening_records(view, now=NOW)

    found = find_drift(records, view, upn_then="ann@x.example", upn_now="ann.lee@x.example")

    assert [d.kind for d in found] == ["upn"]
    assert "@" not in found[0].detail


@pytest.mark.parametrize("names", [("", "ann@x.example"), ("ann@x.example", "")])
def test_given_a_name_that_was_never_known_when_compared_then_it_is_no_drift(
    names: tuple[str, str],
) -> None:
    view = assess(OWN, DONE, config=CONFIG, view=a_view(*TEAMS))
    records = opening_records(view, now=NOW)

    assert find_drift(records, view, upn_then=names[0], upn_now=names[1]) == ()


def test_given_a_refusal_that_no_read_can_show_when_compared_then_it_is_no_drift() -> None:
    view = assess(OWN, a_user(), config=CONFIG, view=a_view(*TEAMS))
    records: dict[Step, StepRecord] = {
        Step.RESOLVE: a_record(),
        Step.USAGE_LOCATION: a_record(),
        Step.LICENSE: a_record(Outcome.BLOCKED, code="conflicting_license"),
    }

    assert find_drift(records, view, upn_then="", upn_now="") == ()


def test_given_no_records_when_the_person_is_gone_then_there_is_nothing_to_compare() -> None:
    view = assess(OWN, None, config=CONFIG, view=a_view())

    assert find_drift({}, view, upn_then="", upn_now="") == ()
