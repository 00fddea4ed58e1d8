"""Which tenant this is, so that nothing is ever done to another one; and what time it is there.

Source: learn.microsoft.com/graph/api/organization-list.
"""

from datetime import datetime
from email.utils import parsedate_to_datetime

from graph.limits import directory_read
from graph.reads import GraphModel, read_all, read_found, unexpected
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


async def read_time(session: GraphSession) -> datetime | None:
    """Microsoft's time in whole seconds, as an answer's Date header says it; None without one.

    Raises:
        GraphReadError: there was no answer.
    """
    information = session.sdk.organization.to_get_request_information()
    answer = await read_found(session, session.request(information, cost=directory_read(1)))
    try:
        return parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
