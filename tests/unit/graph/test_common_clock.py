"""A clock that processes agree about: a good one is left alone, a wrong one put right."""

import math

import pytest

from graph.leases import CommonClock


def after_one_answer(*, skew: float, true_time: float) -> float:
    """How wrong the clock is, in seconds, once the storage has told its whole seconds."""
    clock = CommonClock(wall=lambda: true_time + skew, monotonic=lambda: true_time)
    clock.observe(float(math.floor(true_time)), sent=clock.mark())
    return clock() - true_time


@pytest.mark.parametrize("true_time", [1000.01, 1000.5, 1000.99])
@pytest.mark.parametrize("skew", [-1.2, -0.05, -0.02, 0.0, 0.02, 0.05, 1.2])
def test_given_a_clock_that_is_nearly_right_when_the_storage_answers_then_it_gets_no_worse(
    skew, true_time
):
    assert abs(after_one_answer(skew=skew, true_time=true_time)) <= abs(skew) + 1e-9


@pytest.mark.parametrize("true_time", [1000.01, 1000.5, 1000.99])
@pytest.mark.parametrize("skew", [-3600.0, -1.6, 1.6, 3600.0])
def test_given_a_clock_that_is_wrong_when_the_storage_answers_then_to_within_half_a_second(
    skew, true_time
):
    assert abs(after_one_answer(skew=skew, true_time=true_time)) <= 0.5
