"""Who gets which notice, and what makes two of them different."""

from datetime import UTC, date, datetime

import pytest

from teams_rollout.domain.configuration import (
    NoticeKind,
    NoticesSection,
    ProfileSection,
    RolloutConfig,
    RolloutSection,
    WaveSection,
)
from teams_rollout.domain.notices import (
    LIFETIMES,
    NoticeMark,
    Person,
    Route,
    Way,
    day_of,
    fitting_kind,
    obstacle,
    occasion_of,
    route,
)
from teams_rollout.domain.observed import ObservedUser
from teams_rollout.domain.progress import Summary
from teams_rollout.domain.vocabulary import UserState, WaveState

SEEN = ObservedUser(id="1", upn="ada@c.example", mail="ada@c.example")
MOVING, AFTER = (
    (NoticeKind.BEFORE, NoticeKind.ON_THE_DAY),
    (NoticeKind.DONE, NoticeKind.NOT_SIGNED_IN),
)


def a_person(state: UserState = UserState.WAITING, **values) -> Person:
    seen = SEEN.model_copy(update=values.pop("observed", {}))
    return Person(**{"summary": Summary(state=state), "observed": seen, **values})


def a_config(**notices) -> RolloutConfig:
    return RolloutConfig(
        rollout=RolloutSection(name="Council"),
        profiles={"office": ProfileSection(skus=("SPE_E3",))},
        notices=NoticesSection(**notices),
    )


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (Person(summary=Summary(state=UserState.BLOCKED), observed=None), "not_found"),
        (a_person(observed={"is_guest": True}), "guest"),
        (a_person(observed={"account_enabled": False}), "disabled"),
        (a_person(UserState.SKIPPED), "skipped"),
        (a_person(UserState.DONE, is_named=False), "not_named"),
        (a_person(is_named=False), "not_named"),
    ],
)
def test_given_somebody_whom_no_notice_concerns_then_the_reason(kind, person, reason):
    assert route(kind, person) == Route(way=Way.NONE, reason=reason)


@pytest.mark.parametrize("state", [s for s in UserState if s is not UserState.SKIPPED])
def test_given_a_state_then_notices_before_and_after_the_move_exclude_each_other(state):
    is_done = state is UserState.DONE
    person = a_person(state, is_named=True)

    for kind in NoticeKind:
        way = Way.MAIL if (kind in AFTER) == is_done else Way.NONE
        assert route(kind, person).way is way


@pytest.mark.parametrize("kind", NoticeKind)
def test_given_a_hold_then_only_a_postponement_is_told(kind):
    told = route(kind, a_person(on_hold=True))

    assert (told.way is Way.MAIL) is (kind is NoticeKind.POSTPONED)
    if kind in MOVING:
        assert told.reason == "on_hold"


def test_given_no_mailbox_then_the_managers_list():
    assert route(NoticeKind.BEFORE, a_person(observed={"mail": ""})) == Route(way=Way.LIST)


def test_given_nobody_is_named_then_nobody_is_reminded_to_sign_in():
    assert route(NoticeKind.NOT_SIGNED_IN, a_person(UserState.DONE)).reason == "not_named"


@pytest.mark.parametrize("kind", NoticeKind)
def test_given_another_day_then_a_new_occasion_only_before_the_move(kind):
    days = date(2027, 3, 1), date(2027, 3, 8), None

    occasions = {occasion_of(kind, day) for day in days}

    assert len(occasions) == (1 if kind in AFTER else 3)


@pytest.mark.parametrize(
    ("start_at", "day"),
    [
        (datetime(2027, 7, 1, 23, 30, tzinfo=UTC), date(2027, 7, 2)),  # summer time in London
        (datetime(2027, 7, 1, 23, 30), date(2027, 7, 1)),  # noqa: DTZ001 - as files have it
        (None, None),
    ],
)
def test_given_a_start_then_the_day_is_the_one_at_home(start_at, day):
    assert day_of(WaveSection(start_at=start_at), a_config()) == day


@pytest.mark.parametrize("state", WaveState)
def test_given_a_wave_then_some_notice_fits(state):
    assert fitting_kind(state) in NoticeKind


@pytest.mark.parametrize(
    ("notices", "kind", "word"),
    [
        ({}, NoticeKind.DONE, "sender"),
        ({"sender": "t@c.example", "kinds": ("done",)}, NoticeKind.BEFORE, "left out"),
        ({"sender": "t@c.example"}, NoticeKind.BEFORE, "start_at"),
        ({"sender": "t@c.example"}, NoticeKind.NOT_SIGNED_IN, "--only"),
    ],
)
def test_given_something_in_the_way_then_the_cure_is_named(notices, kind, word):
    assert word in obstacle(kind, config=a_config(**notices), day=None, named=False)


def test_given_all_is_there_then_nothing_is_in_the_way():
    config = a_config(sender="t@c.example")

    for kind in NoticeKind:
        assert obstacle(kind, config=config, day=date(2027, 3, 1), named=True) == ""


def test_given_marks_then_only_a_refused_notice_may_be_tried_anew():
    assert [m for m in NoticeMark if not m.is_final] == [NoticeMark.REFUSED]


def test_given_the_day_itself_then_it_outlives_its_sense_the_same_day():
    assert LIFETIMES[NoticeKind.ON_THE_DAY] < min(
        LIFETIMES[k] for k in NoticeKind if k is not NoticeKind.ON_THE_DAY
    )
