"""Every request that our gateway sends is valid by Microsoft Graph's contract."""

import json
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from graph.credentials import StaticToken
from graph.governor import LocalGovernor
from graph.group_members import add_group_members, add_group_owners, remove_group_members
from graph.groups import ensure_group, list_group_members, list_group_owners, list_groups
from graph.licenses import (
    LicenseChange,
    assign_licenses,
    list_skus,
    reprocess_licenses,
    unassign_licenses,
)
from graph.mail import Mail, send_mail
from graph.numbers import assign_number, get_number_operation, list_numbers
from graph.organization import get_tenant
from graph.policies import (
    PolicyAssignment,
    assign_policies,
    get_user_configuration,
    list_user_configurations,
)
from graph.session import GraphSession
from graph.team_removal import archive_team, get_team_operation, remove_members
from graph.teams import add_members, create_channel, ensure_team, list_channels
from graph.users import get_user, get_users, list_users, set_usage_locations
from tests.contract import openapi

pytestmark = pytest.mark.skipif(not openapi.CONTRACT.exists(), reason=openapi.REASON)

ANN = "18a80140-b0fb-4489-b360-2f6efaf225a0"
MAIL = Mail(to="ada@example.gov.uk", subject="Moving", content="<p>Hello</p>", is_html=True)
SKU = "05e9a617-0261-4cee-bb44-138d3ef5d965"


class Recorder:
    """Takes down every request, and every item of an envelope, and answers enough to go on."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body: Any = json.loads(request.content) if request.content else None
        url = unquote(str(request.url)).partition("/v1.0")[2]
        self._take(request.method, url, dict(request.headers), body)
        if url == "/$batch":
            items = body["requests"]
            for item in items:
                self._take(
                    item["method"], unquote(item["url"]), item.get("headers", {}), _body(item)
                )
            return httpx.Response(
                200, json={"responses": [{"id": item["id"], "status": 204} for item in items]}
            )
        return httpx.Response(200, json=_answer(url))

    def _take(self, method: str, url: str, headers: dict[str, str], body: Any) -> None:
        self.requests.append((method, url, headers, body))


def _body(item: dict[str, Any]) -> Any:
    """An item's body; a `$batch` takes no POST without one, so an empty one stands for none."""
    return item.get("body") or None


def _answer(url: str) -> dict[str, Any]:
    if "getPolicyId" in url:
        return {"value": [{"name": "Tag:AllOn", "policyId": "p-1"}]}
    if url.startswith("/organization"):
        return {"value": [{"id": "t1"}]}
    return {"id": ANN, "value": []}


async def call_everything(session: GraphSession) -> None:
    await get_tenant(session)
    await list_users(session)
    await get_users(session, [ANN])
    await get_user(session, ANN)
    await set_usage_locations(session, [(ANN, "GB")])
    await list_skus(session)
    await assign_licenses(
        session, [LicenseChange(user_id=ANN, add=((SKU, (SKU,)),), remove=(SKU,))]
    )
    await unassign_licenses(session, [(ANN, [SKU])])
    await reprocess_licenses(session, [ANN])
    await list_groups(session)
    await add_group_members(session, ANN, [ANN])
    await add_group_owners(session, ANN, [ANN])
    await remove_group_members(session, ANN, [ANN])
    await list_group_members(session, ANN)
    await list_group_owners(session, ANN)
    await ensure_group(
        session,
        unique_name="r-o'neill",
        display_name="O'Neill",
        mail_nickname="r-o'neill",
        visibility="Private",
        owner_ids=[ANN],
    )
    await call_teams(session)


async def nothing() -> None:
    """What there is to be done before a mail leaves."""


async def call_teams(session: GraphSession) -> None:
    await ensure_team(session, ANN)
    await list_channels(session, ANN)
    await create_channel(session, ANN, "Duty rota")
    await add_members(session, ANN, [ANN])
    await remove_members(session, ANN, [ANN])
    await archive_team(session, ANN)
    await get_team_operation(session, ANN, "op-1")
    await list_user_configurations(session)
    await get_user_configuration(session, ANN)
    await assign_policies(
        session,
        [PolicyAssignment(user_id=ANN, policy_type="TeamsMeetingPolicy", policy_name="AllOn")],
    )
    await list_numbers(session)
    await assign_number(session, user_id=ANN, number="+441632960123", number_type="directRouting")
    await get_number_operation(session, "op-1")
    await send_mail(session, MAIL, sender=ANN, key="u1", first=nothing)


async def test_given_every_call_when_sent_then_the_contract_knows_and_allows_it():
    recorder = Recorder()
    session = GraphSession(
        base_url="http://127.0.0.1:9/v1.0",
        token=StaticToken("rehearsal"),
        governor=LocalGovernor(limits=1000),
        http_transport=httpx.MockTransport(recorder),
    )

    await call_everything(session)
    await session.close()

    wrong = {
        f"{method} {url}": found
        for method, url, headers, body in recorder.requests
        if (found := openapi.check_request(method, url, headers, body))
    }
    assert wrong == {}
    assert len({openapi.path_of(url) for _, url, _, _ in recorder.requests}) >= 29
