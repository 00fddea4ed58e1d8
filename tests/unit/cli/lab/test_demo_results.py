"""What the demo writes and whom it points at."""

from pathlib import Path

import pytest

from teams_rollout.cli.errors import CliError
from teams_rollout.cli.lab.demo_results import people_to_look_at, summary, write_results
from tests.unit.cli.stub_api import ADA, BEN, StubApi

REQUESTS = {"total": 9, "writes": 4, "throttled": 1, "by_route": {}}


def test_given_people_when_pointed_at_then_one_of_each_interesting_state():
    lines = people_to_look_at([ADA, BEN, BEN], portal="http://p")

    assert len(lines) == 2
    assert lines[0].startswith("done")
    assert lines[0].endswith("http://p/helpdesk/people/0001-u2")
    assert "user not found" in lines[1]


def test_given_a_run_when_summed_up_then_states_codes_and_graph():
    assert summary([ADA, BEN], seconds=1.26, requests=REQUESTS) == {
        "users": 2,
        "by_state": {"blocked": 1, "done": 1},
        "by_code": {"user_not_found": 1},
        "seconds": 1.3,
        "graph": {"requests": 9, "writes": 4, "throttled": 1},
    }


def test_given_a_simulator_that_refuses_when_written_then_it_says_what(
    api: StubApi, tmp_path: Path
):
    with pytest.raises(CliError, match="_tenant/state"):
        write_results(tmp_path, users=[ADA], seconds=1, tenant=api.url)
