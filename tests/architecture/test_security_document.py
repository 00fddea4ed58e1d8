"""docs/security.md tells the truth about who may call what."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from teams_rollout.entrypoints.app import create_api
from teams_rollout.entrypoints.identity import Caller, RequireRole, Role

CALL = re.compile(r"`((?:GET|POST) [^`]+)`")


def every_route(routes: list[Any]) -> Iterator[APIRoute]:
    """Routes of the application, those of included routers too."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        inner = getattr(getattr(route, "original_router", None), "routes", None)
        yield from every_route(inner or getattr(route, "routes", None) or [])


def accepted_roles(route: APIRoute) -> tuple[Role, ...]:
    """The roles of which a caller needs one; none for a public route."""
    found: tuple[Role, ...] = ()
    for one in route.dependant.dependencies:
        if isinstance(one.call, RequireRole):
            found = one.call.roles
    return found


@pytest.fixture(scope="module")
def allowed() -> dict[str, set[Role]]:
    """The roles that may make each call."""

    def nothing() -> Any:
        raise AssertionError("routes are looked at, not called")

    calls: dict[str, set[Role]] = {}
    for route in every_route(list(create_api(nothing).routes)):
        needed = accepted_roles(route)
        if needed:
            may = {r for r in Role if any(Caller("x", frozenset({r})).may(n) for n in needed)}
            calls |= {f"{method} {route.path}": may for method in route.methods or ()}
    return calls


@pytest.fixture(scope="module")
def rows(repository: Path) -> dict[str, str]:
    """The document's second column by role."""
    text = (repository / "docs" / "security.md").read_text()
    return dict(re.findall(r"^\| `(Rollout\.\w+)` \| (.*?) \|", text, flags=re.MULTILINE))


def test_roles_when_documented_then_each_may_call_what_the_page_says(
    allowed: dict[str, set[Role]], rows: dict[str, str]
) -> None:
    said: dict[str, set[str]] = {}
    before: set[str] = set()
    for role in ("Rollout.Report", "Rollout.Read", "Rollout.Approve"):
        before = before | set(CALL.findall(rows[role]))
        said[role] = before

    true = {role: {c for c, may in allowed.items() if Role(role) in may} for role in said}

    assert said == true


def test_operators_when_documented_then_only_the_decision_is_not_theirs(
    allowed: dict[str, set[Role]], rows: dict[str, str]
) -> None:
    refused = {call for call, may in allowed.items() if Role.OPERATE not in may}

    assert set(rows) == {role.value for role in Role}
    assert rows["Rollout.Operate"] == "all but the decision"
    assert refused == {"POST /api/v1/waves/{wave}/decision"}
