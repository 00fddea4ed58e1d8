"""The registration that people sign in to: made once, corrected, closed to whoever has no role."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.entra.registration import ROLES, differences, wanted
from teams_rollout.entrypoints.identity import Role
from tests.infra.conftest import TENANT, Run

HOST = "func-abc.azurewebsites.net"
IDENTITY = "33ad69f9-da99-4bed-acd0-3f24235cb296"


@pytest.fixture
def register(run: Run, tmp_path: Path) -> Callable[..., tuple[int, str, dict[str, Any]]]:
    """Runs the script; its exit code, what it said, and the directory after it."""
    file = tmp_path / "directory.json"

    def call(*arguments: str) -> tuple[int, str, dict[str, Any]]:
        done = run("register-app", *arguments, FAKE_AZ_STATE=str(file))
        state = json.loads(file.read_text()) if file.exists() else {}
        return done.returncode, done.stdout + done.stderr, state

    return call


def test_roles_when_compared_with_the_code_then_are_the_ones_it_asks_for() -> None:
    assert {value for value, *_ in ROLES} == {role.value for role in Role}
    assert len({role_id for _, role_id, *_ in ROLES}) == len(ROLES)


def test_register_when_not_told_to_apply_then_changes_nothing(register: Any) -> None:
    code, said, state = register()

    assert code == 2
    assert "Nothing was changed" in said
    assert not state


def test_register_when_applied_before_and_after_the_deployment_then_all_is_set(
    register: Any,
) -> None:
    _, said, _ = register("--apply")
    code, _, state = register("--host", HOST, "--identity", IDENTITY, "--apply")

    app = state["apps"]["teams-rollout"]
    assert "azd env set ROLLOUT_SIGN_IN_CLIENT_ID client-teams-rollout" in said
    assert code == 0
    assert app["identifierUris"] == ["api://client-teams-rollout"]
    assert app["web"]["redirectUris"] == [f"https://{HOST}/.auth/login/aad/callback"]
    assert app["web"]["implicitGrantSettings"] == {"enableIdTokenIssuance": True}
    assert state["principals"]["client-teams-rollout"]["appRoleAssignmentRequired"] is True
    assert [(p["subject"], p["issuer"]) for p in state["proofs"]["object-teams-rollout"]] == [
        (IDENTITY, f"https://login.microsoftonline.com/{TENANT}/v2.0")
    ]


def test_register_when_repeated_then_writes_nothing_more(register: Any) -> None:
    everything = ("--host", HOST, "--identity", IDENTITY, "--apply")
    register(*everything)
    *_, before = register(*everything)

    code, _, after = register(*everything)

    assert code == 0
    assert after["writes"] == before["writes"]


def test_differences_when_others_added_something_then_it_stays() -> None:
    should_be = wanted("Teams Rollout", app_id="", host=HOST)
    theirs = {"id": "x", "value": "Other.Role"}
    is_now = {**should_be, "appRoles": [theirs], "web": {"redirectUris": ["https://old"]}}

    changes = differences(is_now, should_be)

    assert set(changes) == {"appRoles", "web"}
    assert theirs in changes["appRoles"]
    assert len(changes["appRoles"]) == 5
    assert changes["web"]["redirectUris"][0] == "https://old"
