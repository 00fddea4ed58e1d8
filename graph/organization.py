"""Which tenant this is, so that nothing is ever done to another one.

Source: learn.microsoft.com/graph/api/organization-list.
"""

from graph.limits import directory_read
from graph.reads import GraphModel, read_all, unexpected
from graph.session import GraphSession
from graph.wire import Answer


class TenantInfo(GraphModel):
    """The tenant that our token belongs to."""

    id: str
    display_name: str = ""


async def get_tenant(session: GraphSession) -> TenantInfo:
    """The tenant behind the session.

    Raises:
        GraphReadError: it could not be read, or Microsoft named none.
    """
    information = session.sdk.organization.to_get_request_information()
    request = session.request(information, cost=directory_read(1))
    tenants = await read_all(session, request, TenantInfo)
    if len(tenants) != 1:
        raise unexpected(Answer())
    return tenants[0]
