"""People in Entra: bulk reads, the one read that proves absence, and their usage location.

Many people by their ids are read through the list's filter: getByIds would take a thousand, and
Directory.Read.All, where this needs no more than every other read here (ADR 0020).

Source: learn.microsoft.com/graph/api/user-list, user-get, user-update.
"""

from collections.abc import Sequence
from typing import Any

from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.models.user import User
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from pydantic import Field

from graph.errors import classify
from graph.limits import DIRECTORY_WRITE, directory_read
from graph.reads import PAGE_SIZE, GraphModel, parse, read_all
from graph.session import GraphSession
from teams_rollout.domain.outcomes import CallResult

MAX_IDS = 15
"""Most ids that a filter takes; one more is refused as "Too many child clauses"."""

USER_FIELDS = (
    "id,userPrincipalName,displayName,givenName,surname,mail,employeeId,department,jobTitle,"
    "accountEnabled,userType,usageLocation,onPremisesSyncEnabled,licenseAssignmentStates,"
    "assignedPlans"
)


class GraphLicenseState(GraphModel):
    """One way in which a person holds a SKU.

    Attributes:
        assigned_by_group: the licensing group; empty = assigned directly.
        state: Active, ActiveWithError, Disabled or Error.
        error: Microsoft's word for what is wrong, "None" or empty when nothing is.
    """

    sku_id: str
    disabled_plans: tuple[str, ...] = ()
    assigned_by_group: str = ""
    state: str = ""
    error: str = ""


class GraphAssignedPlan(GraphModel):
    """A plan that Entra says a person has; entries stay with `Deleted` after it is gone."""

    service_plan_id: str
    service: str = ""
    capability_status: str = ""


class GraphUser(GraphModel):
    """One person as Entra shows them."""

    id: str
    upn: str = Field(default="", alias="userPrincipalName")
    display_name: str = ""
    given_name: str = ""
    surname: str = ""
    mail: str = ""
    employee_id: str = ""
    department: str = ""
    job_title: str = ""
    account_enabled: bool = True
    user_type: str = "Member"
    usage_location: str = ""
    on_premises_sync_enabled: bool = False
    license_states: tuple[GraphLicenseState, ...] = Field(
        default=(), alias="licenseAssignmentStates"
    )
    assigned_plans: tuple[GraphAssignedPlan, ...] = ()


async def list_users(session: GraphSession) -> list[GraphUser]:
    """Everybody in the tenant, guests included; may lag behind recent changes by minutes.

    Raises:
        GraphReadError: any page could not be read.
    """
    return await _read_list(session, top=PAGE_SIZE)


async def get_users(session: GraphSession, ids: Sequence[str]) -> dict[str, GraphUser]:
    """The people with these object ids, by id; who is absent was asked for one by one.

    As fresh as a list: for what was written a moment ago ask `get_user`.

    Raises:
        GraphReadError: any part could not be read.
    """
    found: dict[str, GraphUser] = {}
    for start in range(0, len(ids), MAX_IDS):
        some = ids[start : start + MAX_IDS]
        quoted = ",".join(f"'{user_id}'" for user_id in some)
        listed = await _read_list(session, filter=f"id in ({quoted})")
        found.update({user.id: user for user in listed})
        for user_id in some:
            if user_id not in found and (user := await get_user(session, user_id)) is not None:
                found[user_id] = user
    return found


async def _read_list(session: GraphSession, **options: Any) -> list[GraphUser]:
    query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
        select=[USER_FIELDS], **options
    )
    information = session.sdk.users.to_get_request_information(
        RequestConfiguration(query_parameters=query)
    )
    request = session.request(information, cost=directory_read(1))
    return await read_all(session, request, GraphUser)


async def get_user(session: GraphSession, user_id: str) -> GraphUser | None:
    """One person; None is the proof of absence that no list can give.

    Raises:
        GraphReadError: it could not be read.
    """
    query = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(select=[USER_FIELDS])
    information = session.sdk.users.by_user_id(user_id).to_get_request_information(
        RequestConfiguration(query_parameters=query)
    )
    answer = await session.read(session.request(information, cost=directory_read(1)))
    return None if answer.status == 404 else parse(GraphUser, answer.body, answer=answer)


async def set_usage_locations(
    session: GraphSession, changes: Sequence[tuple[str, str]]
) -> list[CallResult]:
    """Set the usage location of people; safe to repeat.

    Args:
        changes: (user id, ISO 3166 alpha-2 country).

    Returns:
        One result per change, in order; key = user id.
    """
    requests = [
        session.request(
            session.sdk.users.by_user_id(user_id).to_patch_request_information(
                User(usage_location=country)
            ),
            cost=DIRECTORY_WRITE,
            target=user_id,
        )
        for user_id, country in changes
    ]
    answers = await session.write_many(requests)
    return [
        classify(answer, key=user_id, missing="user_not_found")
        for (user_id, _), answer in zip(changes, answers, strict=True)
    ]
