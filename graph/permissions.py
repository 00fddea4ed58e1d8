"""What the app may do: its application permissions on Microsoft Graph, as far as it can see them.

Source: learn.microsoft.com/graph/api/serviceprincipal-list-approleassignments.
"""

import base64
import json
from typing import Any

from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.service_principals_with_app_id.service_principals_with_app_id_request_builder import (  # noqa: E501 - the SDK's own path
    ServicePrincipalsWithAppIdRequestBuilder,
)

from graph.errors import GraphReadError
from graph.limits import directory_read
from graph.reads import GraphModel, parse, read_all, read_found
from graph.session import GraphSession

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"

# A rehearsal's token names no application; its simulator answers alike for every one.
_NO_APP_ID = "00000000-0000-0000-0000-000000000000"
_UNSEEN = frozenset({"permission_missing", "request_refused"})


class _AppRole(GraphModel):
    id: str
    value: str = ""


class _Principal(GraphModel):
    id: str
    app_roles: tuple[_AppRole, ...] = ()


class _RoleAssignment(GraphModel):
    app_role_id: str
    resource_id: str


async def read_granted_permissions(session: GraphSession) -> frozenset[str] | None:
    """Names of the application permissions that we hold on Graph; None if that cannot be seen.

    Seeing our own grants needs Application.Read.All, which nothing else here does. Without it the
    roles in our token say the same (they may be a day old), where it is one that can be read.

    Raises:
        GraphReadError: sign-in or Microsoft failed; a refusal is None, not an error.
    """
    claims = claims_of(await session.token())
    try:
        return await _read_assignments(session, app_id=claims.get("appid") or _NO_APP_ID)
    except GraphReadError as error:
        if error.code not in _UNSEEN:
            raise
    roles = claims.get("roles")
    return frozenset(map(str, roles)) if isinstance(roles, list) and roles else None


async def _read_assignments(session: GraphSession, *, app_id: str) -> frozenset[str]:
    ours = await _read_principal(session, app_id)
    graph = await _read_principal(session, GRAPH_APP_ID)
    names = {role.id: role.value for role in graph.app_roles}
    builder = session.sdk.service_principals.by_service_principal_id(ours.id)
    information = builder.app_role_assignments.to_get_request_information()
    request = session.request(information, cost=directory_read(1))
    rows = await read_all(session, request, _RoleAssignment)
    held = {row.app_role_id for row in rows if row.resource_id == graph.id}
    return frozenset(names[role_id] for role_id in held if role_id in names)


async def _read_principal(session: GraphSession, app_id: str) -> _Principal:
    query = ServicePrincipalsWithAppIdRequestBuilder.ServicePrincipalsWithAppIdRequestBuilderGetQueryParameters(  # noqa: E501 - the SDK's own name
        select=["id,appRoles"]
    )
    builder = session.sdk.service_principals_with_app_id(app_id)
    information = builder.to_get_request_information(RequestConfiguration(query_parameters=query))
    answer = await read_found(session, session.request(information, cost=directory_read(1)))
    return parse(_Principal, answer.body, answer=answer)


def claims_of(token: str) -> dict[str, Any]:
    """What an access token says of itself; nothing if it is not a readable one.

    Microsoft checks the token, we do not: this is only for telling people what it holds.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
