"""The words of the product and the little that they know."""

import pytest

from teams_rollout.domain.vocabulary import (
    GO_ORDER,
    PARALLEL_STEPS,
    PREREQUISITES,
    STEP_ORDER,
    CoexistenceMode,
    Outcome,
    Priority,
    WaveState,
)


def test_given_the_steps_when_listed_then_prerequisites_come_first_and_none_is_left_out() -> None:
    assert (*PREREQUISITES, *PARALLEL_STEPS) == STEP_ORDER


def test_given_the_priorities_when_ordered_then_each_has_its_place() -> None:
    assert set(GO_ORDER) == set(Priority)
    assert GO_ORDER[-1] is Priority.VIP


def test_given_outcomes_when_asked_then_only_the_machines_own_troubles_are_retried() -> None:
    assert {o for o in Outcome if o.is_retryable} == {Outcome.THROTTLED, Outcome.TRANSIENT}


def test_given_wave_states_when_asked_then_closed_ones_are_the_ends() -> None:
    assert {s for s in WaveState if s.is_closed} == {
        WaveState.COMPLETED,
        WaveState.COMPLETED_WITH_FAILURES,
        WaveState.CANCELLED,
        WaveState.ROLLED_BACK,
    }


@pytest.mark.parametrize("mode", CoexistenceMode)
@pytest.mark.parametrize("form", ["{}", "Tag:{}", "{}WithNotify", "Tag:{}WithNotify"])
def test_given_a_modes_policy_in_any_form_when_read_then_the_mode_comes_back(
    mode: CoexistenceMode, form: str
) -> None:
    assert CoexistenceMode.from_policy_name(form.format(mode.policy_name)) is mode


def test_given_teams_only_when_written_then_its_policy_has_another_name() -> None:
    assert CoexistenceMode.TEAMS_ONLY.policy_name == "UpgradeToTeams"
    assert CoexistenceMode.ISLANDS.policy_name == "Islands"


def test_given_a_foreign_policy_when_read_then_there_is_no_mode() -> None:
    assert CoexistenceMode.from_policy_name("Global") is None
