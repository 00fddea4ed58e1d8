"""Permissions: one table for scripts, template and doctor, and a script that is safe to repeat."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from infra.entra import table
from teams_rollout.domain.permissions import NEEDS, Feature
from teams_rollout.tenant.routes.permissions import APP_ROLES
from teams_rollout.tenant.routes.principals import APP_PRINCIPAL
from teams_rollout.tenant.routes.table import MODULES
from tests.infra.conftest import Run
from tests.unit.tenant.kit import seed

ADMINISTRATOR = ["Application.Read.All", "AppRoleAssignment.ReadWrite.All"]
FEATURE_KEYS = {feature: feature.name.lower() for feature in Feature}


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Callable[[Sequence[str]], str]]:
    """A tenant in which the app holds these permissions; its base address."""
    running: list[subprocess.Popen[str]] = []

    def start(granted: Sequence[str], may: Sequence[str] = ADMINISTRATOR) -> str:
        file = tmp_path / "seed.json"
        file.write_text(json.dumps(seed(grantedPermissions=[*may, *granted])))
        process = subprocess.Popen(
            [sys.executable, "-m", "teams_rollout.tenant", "--seed", str(file), "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        return process.stdout.readline().strip().removeprefix("listening on ") + "/v1.0"

    yield start
    for process in running:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def grant(run: Run, address: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(
        "grant-permissions", "--identity", APP_PRINCIPAL, *arguments, FAKE_AZ_SIMULATOR=address
    )


def test_table_when_compared_with_doctor_then_both_ask_for_the_same() -> None:
    ours = {(r.feature, r.permission, frozenset(r.covered_by)) for r in table.read_table()[1]}
    doctors = {(FEATURE_KEYS[n.feature], n.permission, frozenset(n.covered_by)) for n in NEEDS}

    assert ours == doctors


def test_table_when_compared_with_microsofts_ids_then_each_is_right() -> None:
    _, rows = table.read_table()

    assert {row.permission: row.id for row in rows} == {
        row.permission: APP_ROLES[row.permission] for row in rows
    }


def test_every_permission_when_looked_up_then_some_call_accepts_it() -> None:
    """A permission that no route of the contract takes would be asked for in vain."""
    accepted = {p for module in MODULES for route in module.routes.items for p in route.permissions}

    assert {row.permission for row in table.read_table()[1]} <= accepted


def test_reasons_when_read_then_each_permission_has_its_own() -> None:
    reasons = [row.reason for row in table.read_table()[1]]

    assert all(reasons)
    assert len(set(reasons)) == len(reasons)


def test_least_when_a_needed_permission_includes_another_then_that_one_is_left_out() -> None:
    _, rows = table.read_table()

    new_teams = {row.permission for row in table.least(rows, ["new_teams", "members"])}

    assert new_teams == {"Group.ReadWrite.All"}


def test_reading_when_asked_for_then_nothing_opens_the_whole_directory_or_the_numbers() -> None:
    _, rows = table.read_table()

    assert {row.permission for row in table.least(rows, ["reading"])} == {
        "User.Read.All",
        "Organization.Read.All",
        "Group.Read.All",
        "TeamsUserConfiguration.Read.All",
    }


def test_unused_feature_when_left_out_then_needs_nothing() -> None:
    _, rows = table.read_table()
    without = {row.permission for row in table.least(rows, ["reading", "licenses"])}

    assert not {p for p in without if p.startswith(("Group", "Team", "Channel")) and "Write" in p}
    assert not {p for p in without if p.startswith(("TeamsTelephoneNumber", "Directory"))}


def test_grant_when_not_told_to_apply_then_shows_and_changes_nothing(
    simulator: Callable[..., str], run: Run
) -> None:
    address = simulator([])

    first, second = grant(run, address), grant(run, address)

    assert (first.returncode, second.returncode) == (2, 2), first.stderr
    assert first.stdout == second.stdout
    assert "missing  Group.Read.All" in first.stdout
    assert "nothing was changed" in first.stdout.lower()


def test_grant_when_applied_then_a_second_run_finds_nothing_to_do(
    simulator: Callable[..., str], run: Run
) -> None:
    address = simulator(["TeamsUserConfiguration.Read.All"])

    applied = grant(run, address, "--features", "all", "--apply")
    again = grant(run, address, "--features", "all", "--apply")

    assert applied.returncode == 0, applied.stderr
    assert "granted  Group.ReadWrite.All" in applied.stdout
    assert "granted  TeamsUserConfiguration.Read.All" in applied.stdout
    assert "missing" in applied.stdout
    assert again.returncode == 0, again.stderr
    assert "Nothing is missing." in again.stdout


def test_grant_when_a_broader_permission_is_held_then_it_will_do(
    simulator: Callable[..., str], run: Run
) -> None:
    address = simulator(["Group.ReadWrite.All"])

    shown = grant(run, address, "--features", "members")

    assert re.search(
        r"covered +TeamMember\.ReadWriteNonOwnerRole\.All .*through Group\.ReadWrite", shown.stdout
    )


def test_grant_when_more_is_held_than_needed_then_says_how_to_take_it_away(
    simulator: Callable[..., str], run: Run
) -> None:
    shown = grant(run, simulator(["Mail.Send"]))

    assert "unneeded Mail.Send" in shown.stdout
    assert "az rest --method delete --url" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--features", "telepathy"), "No such feature: telepathy."),
        (("--tenant", "99999999-0000-4000-8000-000000000000"), "az is signed in to tenant"),
    ],
)
def test_grant_when_asked_wrongly_then_one_sentence_says_so(
    arguments: tuple[str, ...], said: str, run: Run
) -> None:
    refused = grant(run, "http://127.0.0.1:9", *arguments)

    assert refused.returncode == 1
    assert said in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_grant_when_the_caller_may_not_then_names_the_role_that_may(
    simulator: Callable[..., str], run: Run
) -> None:
    address = simulator([], may=["Application.Read.All"])

    refused = grant(run, address, "--apply")

    assert refused.returncode == 1
    assert "Privileged Role Administrator" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_grant_when_the_azure_cli_is_missing_then_says_so(repository: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "infra.entra.grant_permissions", "--identity", APP_PRINCIPAL],
        cwd=repository,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert refused.returncode == 1
    assert refused.stderr.startswith("The Azure CLI is not installed")
