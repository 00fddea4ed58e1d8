"""The one sender of a team: nobody waits for ever, nobody is sent twice, 200 at most."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams_rollout.domain.membership import (
    MAX_PER_REQUEST,
    PATIENCE,
    Waiting,
    plan_send,
    urgent_batches,
)
from tests.unit.domain.builders import NOW

SECOND = timedelta(seconds=1)


def _waiting(count: int, *, batch: int = 1, ready_at: datetime = NOW) -> list[Waiting]:
    return [Waiting(ref=f"u{batch}-{n:04}", batch=batch, ready_at=ready_at) for n in range(count)]


def test_given_nobody_when_planned_then_there_is_nothing_to_do() -> None:
    plan = plan_send([], urgent_batches=(), now=NOW)

    assert (plan.refs, plan.next_at) == ((), None)


def test_given_a_few_people_when_not_urgent_then_they_wait_until_patience_ends() -> None:
    people = _waiting(3)

    early = plan_send(people, urgent_batches=(), now=NOW + PATIENCE - SECOND)
    late = plan_send(people, urgent_batches=(), now=NOW + PATIENCE)

    assert (early.refs, early.next_at) == ((), NOW + PATIENCE)
    assert late.refs == tuple(p.ref for p in people)


def test_given_a_full_request_when_planned_then_it_goes_at_once_with_the_oldest() -> None:
    people = _waiting(MAX_PER_REQUEST, batch=2, ready_at=NOW + SECOND) + _waiting(5)

    plan = plan_send(people, urgent_batches=(), now=NOW + SECOND)

    assert len(plan.refs) == MAX_PER_REQUEST
    assert set(plan.refs) >= {p.ref for p in _waiting(5)}


def test_given_a_gate_waits_when_planned_then_its_people_go_first_and_at_once() -> None:
    people = _waiting(150) + _waiting(60, batch=7, ready_at=NOW + SECOND)

    plan = plan_send(people, urgent_batches={7}, now=NOW + SECOND)

    assert plan.refs[:60] == tuple(p.ref for p in people[150:])


def test_given_the_teams_quota_is_used_up_when_due_then_it_waits_for_the_permit() -> None:
    plan = plan_send(_waiting(3), urgent_batches={1}, now=NOW, permit_in=15 * SECOND)

    assert (plan.refs, plan.next_at) == ((), NOW + 15 * SECOND)


@pytest.mark.parametrize(("working", "urgent"), [(3, {1}), (0, {1, 4, 5})])
def test_given_batches_when_asked_then_a_canary_is_urgent_and_all_once_nobody_can_join(
    working: int, urgent: set[int]
) -> None:
    assert urgent_batches(canaries={1, 2}, awaiting={1, 4, 5}, still_working=working) == urgent


_PEOPLE = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 60)), max_size=450).map(
    lambda rows: [
        Waiting(ref=f"u{n:04}", batch=batch, ready_at=NOW + seconds * SECOND)
        for n, (batch, seconds) in enumerate(rows)
    ]
)


@given(_PEOPLE, st.sets(st.integers(1, 4)), st.integers(0, 20))
def test_given_any_people_when_sent_as_planned_then_all_are_sent_once_and_in_time(
    people: list[Waiting], urgent: set[int], permit: int
) -> None:
    left, now, sent = {p.ref: p for p in people}, NOW + 60 * SECOND, list[str]()
    for _ in range(2 * len(people) + 2):
        plan = plan_send(list(left.values()), urgent_batches=urgent, now=now)
        assert len(plan.refs) <= MAX_PER_REQUEST
        if not left:
            assert plan.next_at is None
            break
        if plan.refs:
            sent += [left.pop(ref).ref for ref in plan.refs]
            now += permit * SECOND
        else:
            assert plan.next_at is not None
            assert now < plan.next_at <= now + PATIENCE
            now = plan.next_at

    assert sorted(sent) == sorted(p.ref for p in people)
