"""People in Entra: bulk reads, the one read that proves absence, and their usage location.

Source: learn.microsoft.com/graph/api/user-list, user-get, directoryobject-getbyids, user-update.
"""

from collections.abc import Sequence
from dataclasses import replace

from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.directory_objects.get_by_ids.get_by_ids_post_request_body import (
    GetByIdsPostRequestBody,
)
from msgraph.generated.models.user import User
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from pydantic import Field

from graph.errors import classify
from graph.limits import DIRECTORY_WRITE, directory_read
from graph.reads import PAGE_SIZE, GraphModel, parse, read_all
from graph.session import GraphSession
from teams_rollout.domain.outcomes import CallResult

MAX_IDS = 1_000
"""Most ids that one getByIds takes."""

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
    query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
        select=[USER_FIELDS], top=PAGE_SIZE
    )
    information = session.sdk.users.to_get_request_information(
        RequestConfiguration(query_parameters=query)
    )
    request = session.request(information, cost=directory_read(1))
    return await read_all(session, request, GraphUser)


async def get_users(session: GraphSession, ids: Sequence[str]) -> dict[str, GraphUser]:
    """The people with these object ids, by id; absent ids are absent.

    Raises:
        GraphReadError: any part could not be read.
    """
    found: dict[str, GraphUser] = {}
    for start in range(0, len(ids), MAX_IDS):
        body = GetByIdsPostRequestBody(ids=list(ids[start : start + MAX_IDS]), types=["user"])
        information = session.sdk.directory_objects.get_by_ids.to_post_request_information(body)
        request = session.request(information, cost=directory_read(2))
        # The SDK's builder knows no query here, but $select makes the read 2 units instead of 5.
        request = replace(request, url=f"{request.url}?$select={USER_FIELDS}")
        users = await read_all(session, request, GraphUser)
        found.update({user.id: user for user in users})
    return found


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
