"""Plans are a partition of the people: nobody is lost, nobody comes twice, order holds."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams_rollout.domain.assessment import Finding, StepView, assess
from teams_rollout.domain.observed import Sku, TeamStatus
from teams_rollout.domain.planning import (
    Candidate,
    PersonPlan,
    allot_seats,
    cut_batches,
    foreseen_code,
    opening_records,
    plan_person,
    predict,
    seat_lines,
    seats_needed,
)
from teams_rollout.domain.progress import summarise
from teams_rollout.domain.roster import UserKey
from teams_rollout.domain.vocabulary import (
    STEP_ORDER,
    Homing,
    Outcome,
    Priority,
    Step,
    UserState,
)
from tests.unit.domain.builders import (
    CATALOGUE,
    E3,
    NOW,
    OLD,
    TEAMS_PLAN,
    VOICE,
    a_config,
    a_license,
    a_profile,
    a_user,
    a_view,
    an_assignment,
)

NEEDS = StepView(step=Step.LICENSE, finding=Finding.CHANGE, new_seats=("SPE_E3",))
NEEDS_BOTH = NEEDS.model_copy(update={"new_seats": ("SPE_E3", "MCOEV")})
READY = {"licenses": (a_license(),), "teams_enabled": True}


def _person(number: int, license_view: StepView = NEEDS, **assignment: object) -> Candidate:
    return Candidate(
        key=UserKey(shard="llanfair:0001", ref=f"u{number:06}"),
        assignment=an_assignment(**{"line": number, **assignment}),
        assessment={Step.LICENSE: license_view},
    )


def _candidate(
    user: dict[str, object] | None, *teams: TeamStatus, **assignment: object
) -> Candidate:
    person = an_assignment(**assignment)
    observed = None if user is None else a_user(**user)
    config = a_config(a_profile(replaces=("STANDARDPACK",)))
    return _person(1).model_copy(
        update={"assessment": assess(person, observed, config=config, view=a_view(*teams))}
    )


@pytest.mark.parametrize(
    ("user", "kind", "code"),
    [
        (None, "blocked", "user_not_found"),
        ({"is_guest": True}, "skipped", "guest_account"),
        ({}, "eligible", ""),
        (READY, "done", ""),
        ({"licenses": (a_license(),)}, "waiting", ""),
        (READY | {"homing": Homing.ON_PREMISES}, "waiting", "handed_off_server_team"),
        ({"homing": Homing.ON_PREMISES}, "eligible", "handed_off_server_team"),
        (
            {"licenses": (a_license(group_id="g", disabled_plans=(TEAMS_PLAN.plan_id,)),)},
            "blocked",
            "teams_plan_disabled_by_group",
        ),
    ],
)
def test_given_a_person_when_planned_then_kind_and_foreseen_code_fit(
    user: dict[str, object] | None, kind: str, code: str
) -> None:
    plan = plan_person(_candidate(user))

    assert (plan.kind, plan.code) == (kind, code)
    assert bool(plan.changes) is (kind == "eligible")


def test_given_only_a_licence_to_take_away_when_planned_then_the_plan_shows_it() -> None:
    plan = plan_person(_candidate(READY | {"licenses": (a_license(), a_license(OLD))}))

    assert plan.kind == "eligible"
    assert plan.changes == ({"step": "license", "from": "STANDARDPACK", "to": "none"},)


def test_given_no_seat_when_planned_then_blocked_without_any_change() -> None:
    plan = plan_person(_candidate({}), without_seat=True)

    assert (plan.kind, plan.code, plan.changes) == ("blocked", "no_seats_left", ())


def test_given_a_blocked_part_after_a_pending_one_when_foreseen_then_the_block_is_named() -> None:
    parks = TeamStatus(key="Parks", code="team_has_no_owner")
    candidate = _candidate({"licenses": (a_license(),)}, parks, teams=("Parks",))

    assert foreseen_code(candidate.assessment) == "team_has_no_owner"


# Seats


def test_given_people_when_seats_are_counted_then_shortage_is_what_is_not_free() -> None:
    catalogue = CATALOGUE.model_copy(
        update={"skus": (E3.model_copy(update={"enabled": 10, "consumed": 7}),)}
    )
    people = [_person(1), _person(2, NEEDS_BOTH), _person(3, NEEDS_BOTH)]

    lines = {line.sku: line for line in seat_lines(people, catalogue, {"SPE_E3": 1})}

    assert seats_needed(people) == Counter({"SPE_E3": 3, "MCOEV": 2})
    assert (lines["SPE_E3"].needed, lines["SPE_E3"].free) == (3, 3)
    assert (lines["SPE_E3"].reserved, lines["SPE_E3"].short) == (1, 1)
    assert (lines["MCOEV"].free, lines["MCOEV"].short) == (0, 2)


def test_given_more_seats_used_than_bought_when_counted_then_none_is_free() -> None:
    assert Sku(sku_id="x", part_number="X", enabled=1, consumed=3).free == 0
    assert VOICE.free == 0


def test_given_too_few_seats_when_allotted_then_go_order_decides_and_parts_are_not_taken() -> None:
    people = [
        _person(1, priority=Priority.VIP),
        _person(2),
        _person(3, NEEDS_BOTH, priority=Priority.KEY),
        _person(4, priority=Priority.VOLUNTEER),
    ]

    assert allot_seats(people, {"SPE_E3": 2}) == {"u000003", "u000001"}


_PEOPLE = st.lists(
    st.tuples(
        st.integers(2, 6),
        st.sampled_from(Priority),
        st.sampled_from(["office", "voice"]),
        st.sampled_from([NEEDS, NEEDS_BOTH]),
    ),
    max_size=30,
).map(
    lambda rows: [
        _person(n, view, line=line, priority=priority, profile=profile)
        for n, (line, priority, profile, view) in enumerate(rows)
    ]
)


@given(_PEOPLE, st.integers(0, 20), st.integers(0, 20))
def test_given_any_people_when_seats_are_allotted_then_no_more_than_there_are(
    people: list[Candidate], office: int, voice: int
) -> None:
    available = {"SPE_E3": office, "MCOEV": voice}

    without = allot_seats(people, available)

    used = seats_needed(p for p in people if p.key.ref not in without)
    assert all(used[sku] <= seats for sku, seats in available.items())
    for person in people:
        if person.key.ref in without:
            left = Counter(available)
            left.subtract(used)
            wanted = person.assessment[Step.LICENSE].new_seats
            assert any(left[sku] < 1 for sku in wanted)


# Batches


@given(_PEOPLE, st.integers(0, 12), st.integers(1, 10))
def test_given_any_people_even_with_equal_lines_when_cut_then_everybody_is_in_one_batch(
    people: list[Candidate], canary_size: int, batch_size: int
) -> None:
    cuts = cut_batches(people, canary_size=canary_size, batch_size=batch_size)

    refs = [key.ref for cut in cuts for key in cut.keys]
    assert sorted(refs) == sorted(p.key.ref for p in people)
    assert all(0 < len(cut.keys) <= (canary_size if cut.canary else batch_size) for cut in cuts)
    assert all(not cut.canary for cut in cuts[1:])


@given(_PEOPLE, st.integers(0, 12))
def test_given_any_people_when_cut_then_vip_are_no_canary_and_volunteers_lead_it(
    people: list[Candidate], canary_size: int
) -> None:
    cuts = cut_batches(people, canary_size=canary_size, batch_size=100)

    priority = {p.key.ref: p.assignment.priority for p in people}
    canary = [priority[key.ref] for cut in cuts if cut.canary for key in cut.keys]
    willing = [p for p in priority.values() if p is not Priority.VIP]
    volunteers = willing.count(Priority.VOLUNTEER)
    assert Priority.VIP not in canary
    assert len(canary) == min(canary_size, len(willing))
    assert canary[:volunteers].count(Priority.VOLUNTEER) == min(volunteers, len(canary))


def test_given_two_profiles_when_the_canary_is_chosen_then_they_take_turns() -> None:
    people = [_person(n, profile="office" if n < 5 else "voice") for n in range(10)]

    canary = cut_batches(people, canary_size=4, batch_size=100)[0]

    assert [key.ref for key in canary.keys] == ["u000000", "u000005", "u000001", "u000006"]


# Opening


@pytest.mark.parametrize(
    ("user", "state", "code"),
    [
        (None, UserState.BLOCKED, "user_not_found"),
        ({"account_enabled": False}, UserState.SKIPPED, "account_disabled"),
        (READY, UserState.DONE, ""),
        (
            {"licenses": (a_license(group_id="g", disabled_plans=(TEAMS_PLAN.plan_id,)),)},
            UserState.BLOCKED,
            "teams_plan_disabled_by_group",
        ),
        ({"licenses": (a_license(),)}, UserState.WAITING, "waiting_for_microsoft"),
        (READY | {"homing": Homing.ON_PREMISES}, UserState.WAITING, "handed_off_server_team"),
        ({}, UserState.IN_PROGRESS, ""),
    ],
)
def test_given_an_assessment_when_the_wave_opens_then_what_is_settled_is_recorded(
    user: dict[str, object] | None, state: UserState, code: str
) -> None:
    records = opening_records(_candidate(user).assessment, now=NOW)

    summary = summarise(records, started=True)
    assert (summary.state, summary.code) == (state, code)


def test_given_no_seat_when_the_wave_opens_then_blocked_at_the_licence_and_foreseen() -> None:
    records = opening_records(_candidate({}).assessment, now=NOW, without_seat=True)

    summary = summarise(records, started=True)
    assert (summary.state, summary.code) == (UserState.BLOCKED, "no_seats_left")
    assert records[Step.LICENSE].foreseen
    assert records[Step.USAGE_LOCATION].outcome is Outcome.SKIPPED


# Prediction


def test_given_changes_when_predicted_then_the_slowest_quota_gives_the_time() -> None:
    changes = tuple({"step": s.value, "from": "none", "to": "x"} for s in STEP_ORDER)
    people = [PersonPlan(key=_person(n).key, kind="eligible", changes=changes) for n in range(160)]

    prediction = predict(people, reads=7)

    policies = -(-2 * 160 // 20)
    assert prediction.reads == 7
    assert prediction.writes == 2 * 160 + policies + 1 + 160
    assert prediction.seconds == 20.0  # 320 Entra writes at 16 a second


def test_given_one_big_team_when_predicted_then_its_member_requests_take_minutes() -> None:
    change = {"step": "team_membership", "from": "not a member", "to": "All staff"}
    people = [
        PersonPlan(key=_person(n).key, kind="eligible", changes=(change,)) for n in range(2000)
    ]

    assert predict(people, reads=0).seconds == 90.0  # 10 requests, 4 at once, then 4 a minute


def test_given_nothing_to_do_when_predicted_then_it_takes_no_time() -> None:
    prediction = predict([], reads=3)

    assert (prediction.reads, prediction.writes, prediction.seconds) == (3, 0, 0)
