"""Groups in Entra: bulk reads, and the one idempotent way to make the group of a team.

Source: learn.microsoft.com/graph/api/group-list, group-list-members, group-upsert.
"""

from collections.abc import Sequence

from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.groups.groups_request_builder import GroupsRequestBuilder
from msgraph.generated.groups.item.members.members_request_builder import MembersRequestBuilder
from msgraph.generated.groups.item.owners.owners_request_builder import OwnersRequestBuilder
from msgraph.generated.models.group import Group
from pydantic import Field

from graph.errors import GraphReadError, classify
from graph.limits import DIRECTORY_WRITE, directory_read
from graph.reads import PAGE_SIZE, GraphModel, parse, read_all
from graph.session import GraphSession
from graph.wire import Answer
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.vocabulary import Outcome

MAX_OWNERS = 20
"""Most relationships that one creation may name."""

MOST_OWNERS = 100
"""Most owners that a group, and so a team, may have."""

GROUP_FIELDS = (
    "id,displayName,description,mailNickname,uniqueName,groupTypes,securityEnabled,"
    "resourceProvisioningOptions,assignedLicenses,visibility,onPremisesSyncEnabled"
)


class GraphGroupLicense(GraphModel):
    """A SKU that a licensing group gives to its members."""

    sku_id: str
    disabled_plans: tuple[str, ...] = ()


class GraphGroup(GraphModel):
    """One group as Entra shows it."""

    id: str
    display_name: str = ""
    description: str = ""
    mail_nickname: str = ""
    unique_name: str = ""
    group_types: tuple[str, ...] = ()
    is_security: bool = Field(default=False, alias="securityEnabled")
    provisioning: tuple[str, ...] = Field(default=(), alias="resourceProvisioningOptions")
    licenses: tuple[GraphGroupLicense, ...] = Field(default=(), alias="assignedLicenses")
    visibility: str = ""
    on_premises_sync_enabled: bool = False

    @property
    def is_unified(self) -> bool:
        """A Microsoft 365 group, the kind that can become a team."""
        return "Unified" in self.group_types

    @property
    def has_rule(self) -> bool:
        """A rule decides who is in it, so nobody can be put into it by hand."""
        return "DynamicMembership" in self.group_types

    @property
    def is_team(self) -> bool:
        """Marked as a team; a few old teams lack the mark."""
        return "Team" in self.provisioning


class _Reference(GraphModel):
    id: str


async def list_groups(session: GraphSession) -> list[GraphGroup]:
    """Every group of the tenant, unified and security alike; lags behind recent creations.

    Raises:
        GraphReadError: any page could not be read.
    """
    return await _groups(session, where=None)


async def list_group_members(session: GraphSession, group_id: str) -> frozenset[str]:
    """Object ids of a group's direct members.

    Raises:
        GraphReadError: any page could not be read; `group_not_found` for a 404.
    """
    query = MembersRequestBuilder.MembersRequestBuilderGetQueryParameters(
        select=["id"], top=PAGE_SIZE
    )
    builder = session.sdk.groups.by_group_id(group_id).members
    information = builder.to_get_request_information(RequestConfiguration(query_parameters=query))
    request = session.request(information, cost=directory_read(2))
    rows = await read_all(session, request, _Reference, missing="group_not_found")
    return frozenset(row.id for row in rows)


async def list_group_owners(session: GraphSession, group_id: str) -> frozenset[str]:
    """Object ids of a group's owners.

    Raises:
        GraphReadError: any page could not be read; `group_not_found` for a 404.
    """
    query = OwnersRequestBuilder.OwnersRequestBuilderGetQueryParameters(
        select=["id"], top=PAGE_SIZE
    )
    builder = session.sdk.groups.by_group_id(group_id).owners
    information = builder.to_get_request_information(RequestConfiguration(query_parameters=query))
    request = session.request(information, cost=directory_read(2))
    rows = await read_all(session, request, _Reference, missing="group_not_found")
    return frozenset(row.id for row in rows)


async def ensure_group(
    session: GraphSession,
    *,
    unique_name: str,
    display_name: str,
    mail_nickname: str,
    visibility: str,
    owner_ids: Sequence[str],
    description: str = "",
) -> CallResult:
    """Make the group of a team unless it is there; safe to repeat.

    The unique name is the mark by which we know our own groups: it cannot be changed later and
    nobody sets it by hand. A group with our nickname and without it is somebody else's.

    Args:
        owner_ids: 1 to 20 people; without an owner an application's group cannot become a team.

    Returns:
        key = group id when applied (made) or already; else the unique name, with
        `team_name_taken`, `user_not_found` (an owner), or a transient code.
    """
    if not 1 <= len(owner_ids) <= MAX_OWNERS:
        raise ValueError(f"a group is made with 1 to {MAX_OWNERS} owners")
    known = await _find_ours(session, unique_name=unique_name, mail_nickname=mail_nickname)
    if known is not None:
        return known
    group = Group(
        display_name=display_name,
        description=description or None,
        mail_nickname=mail_nickname,
        visibility=visibility,
    )
    answer = await _upsert(session, unique_name=unique_name, group=group, owner_ids=owner_ids)
    if answer.status == 201:
        made = parse(_Reference, answer.body, answer=answer)
        return CallResult(key=made.id, outcome=Outcome.APPLIED, request_id=answer.request_id)
    if answer.is_success:
        return await _look_again(session, unique_name=unique_name, mail_nickname=mail_nickname)
    return classify(answer, key=unique_name, missing="user_not_found")


async def _upsert(
    session: GraphSession, *, unique_name: str, group: Group, owner_ids: Sequence[str]
) -> Answer:
    group.group_types, group.mail_enabled, group.security_enabled = ["Unified"], True, False
    owners = [f"{session.base_url}/users/{owner}" for owner in owner_ids]
    group.additional_data = {"owners@odata.bind": owners}
    builder = session.sdk.groups_with_unique_name(unique_name.replace("'", "''"))
    request = session.request(
        builder.to_patch_request_information(group),
        cost=DIRECTORY_WRITE,
        target=unique_name,
        headers={"prefer": "create-if-missing"},
    )
    return await session.write(request)


async def _find_ours(
    session: GraphSession, *, unique_name: str, mail_nickname: str
) -> CallResult | None:
    """Already ours, taken by another, unreadable; None = nobody has the nickname (yet)."""
    quoted = mail_nickname.replace("'", "''")
    try:
        groups = await _groups(session, where=f"mailNickname eq '{quoted}'")
    except GraphReadError as error:
        return error.result.model_copy(update={"key": unique_name})
    if not groups:
        return None
    ours = next((group for group in groups if group.unique_name == unique_name), None)
    if ours is None:
        return CallResult(key=unique_name, outcome=Outcome.BLOCKED, code="team_name_taken")
    return CallResult(key=ours.id, outcome=Outcome.ALREADY)


async def _look_again(session: GraphSession, *, unique_name: str, mail_nickname: str) -> CallResult:
    """It was there and no list showed it yet: its id comes with this look or a later one."""
    found = await _find_ours(session, unique_name=unique_name, mail_nickname=mail_nickname)
    pending = CallResult(key=unique_name, outcome=Outcome.TRANSIENT, code="replication_pending")
    return found or pending


async def _groups(session: GraphSession, *, where: str | None) -> list[GraphGroup]:
    query = GroupsRequestBuilder.GroupsRequestBuilderGetQueryParameters(
        select=[GROUP_FIELDS], top=PAGE_SIZE, filter=where
    )
    information = session.sdk.groups.to_get_request_information(
        RequestConfiguration(query_parameters=query)
    )
    request = session.request(information, cost=directory_read(1))
    return await read_all(session, request, GraphGroup)
