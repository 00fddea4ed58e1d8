"""Teams: turning a group into a team, its channels, and members in bulk.

Source: learn.microsoft.com/graph/api/team-put-teams, channel-post, conversationmembers-add.
"""

from collections.abc import Sequence
from typing import Any

from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.models.aad_user_conversation_member import AadUserConversationMember
from msgraph.generated.models.channel import Channel
from msgraph.generated.models.channel_membership_type import ChannelMembershipType
from msgraph.generated.models.team import Team
from msgraph.generated.models.team_member_settings import TeamMemberSettings
from msgraph.generated.teams.item.channels.channels_request_builder import ChannelsRequestBuilder
from msgraph.generated.teams.item.members.add.add_post_request_body import AddPostRequestBody

from graph.errors import Hint, classify
from graph.groups import (
    GraphGroup,
    GraphGroupLicense,
    ensure_group,
    list_group_members,
    list_group_owners,
    list_groups,
)
from graph.limits import RequestCost, RequestKind
from graph.reads import GraphModel, read_all
from graph.session import GraphSession
from graph.wire import Answer, Failure
from teams_rollout.domain.outcomes import CallResult

__all__ = [
    "MAX_MEMBERS",
    "GraphGroup",
    "GraphGroupLicense",
    "add_members",
    "create_channel",
    "ensure_group",
    "ensure_team",
    "list_channels",
    "list_group_members",
    "list_group_owners",
    "list_groups",
    "member_of",
    "results_by_member",
]

MAX_MEMBERS = 200
"""Most people that one members/add takes."""

# Teams answers each person of a bulk request with a code of its own; as statuses they go through
# the one classification.
_STATUS_OF_CODE = {
    "notfound": 404,
    "forbidden": 403,
    "conflict": 409,
    "toomanyrequests": 429,
    "internalservererror": 500,
    "serviceunavailable": 503,
}


class _Channel(GraphModel):
    display_name: str


async def ensure_team(session: GraphSession, group_id: str) -> CallResult:
    """Turn a group into a team unless it is one; safe to repeat.

    Returns:
        key = group id. A 404 is `replication_pending`: Microsoft needs up to 15 minutes after
        the group was made.
    """
    body = Team(member_settings=TeamMemberSettings(allow_create_update_channels=True))
    builder = session.sdk.groups.by_group_id(group_id).team
    cost = RequestCost(RequestKind.TEAM_PUT)
    information = builder.to_put_request_information(body)
    answer = await session.write(session.request(information, cost=cost, target=group_id))
    hints = frozenset({Hint.JUST_CREATED, Hint.TEAM_EXISTS_ON_CONFLICT})
    return classify(answer, key=group_id, hints=hints)


async def list_channels(session: GraphSession, team_id: str) -> list[str]:
    """Display names of a team's channels.

    Raises:
        GraphReadError: any page could not be read; `team_not_found` for a 404.
    """
    query = ChannelsRequestBuilder.ChannelsRequestBuilderGetQueryParameters(
        select=["id,displayName"]
    )
    builder = session.sdk.teams.by_team_id(team_id).channels
    information = builder.to_get_request_information(RequestConfiguration(query_parameters=query))
    cost = RequestCost(RequestKind.TEAM_READ, team_id=team_id)
    request = session.request(information, cost=cost)
    rows = await read_all(session, request, _Channel, missing="team_not_found")
    return [row.display_name for row in rows]


async def create_channel(session: GraphSession, team_id: str, name: str) -> CallResult:
    """Make a standard channel; a channel of that name that exists is `already`.

    Returns:
        key = team id.
    """
    body = Channel(display_name=name, membership_type=ChannelMembershipType.Standard)
    builder = session.sdk.teams.by_team_id(team_id).channels
    cost = RequestCost(RequestKind.CHANNEL_CREATE, team_id=team_id)
    information = builder.to_post_request_information(body)
    answer = await session.write(session.request(information, cost=cost, target=team_id))
    return classify(answer, key=team_id, missing="team_not_found")


async def add_members(
    session: GraphSession, team_id: str, user_ids: Sequence[str]
) -> list[CallResult]:
    """Add people to a team in one request; safe to repeat (a member stays a member).

    Args:
        user_ids: at most 200, without doubles.

    Returns:
        One result per person, in order; key = user id. Success of the request says nothing about
        a person: each has an answer of his own, and one without any is to be asked again.
    """
    if len(user_ids) > MAX_MEMBERS:
        raise ValueError(f"members/add takes at most {MAX_MEMBERS} people")
    if not user_ids:
        return []
    builder = session.sdk.teams.by_team_id(team_id).members.add
    body = AddPostRequestBody(values=[member_of(session, user_id) for user_id in user_ids])
    cost = RequestCost(RequestKind.MEMBERS_ADD, team_id=team_id)
    information = builder.to_post_request_information(body)
    answer = await session.write(session.request(information, cost=cost, target=team_id))
    return results_by_member(answer, user_ids)


def results_by_member(answer: Answer, user_ids: Sequence[str]) -> list[CallResult]:
    """Each person's own result of a bulk change, in order; a refused request is everybody's."""
    if not answer.is_success:
        return [classify(answer, key=u, missing="team_not_found") for u in user_ids]
    errors = _errors_by_user(answer)
    return [_member_result(user_id, errors=errors, answer=answer) for user_id in user_ids]


def member_of(session: GraphSession, user_id: str) -> AadUserConversationMember:
    """A person as an element of a bulk change of members."""
    reference = f"{session.base_url}/users('{user_id}')"
    return AadUserConversationMember(roles=[], additional_data={"user@odata.bind": reference})


def _errors_by_user(answer: Answer) -> dict[str, Any]:
    """The error (None = added) of every person that the answer names."""
    rows = answer.body.get("value") if isinstance(answer.body, dict) else None
    return {
        str(row.get("userId", "")).lower(): row.get("error")
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    }


def _member_result(user_id: str, *, errors: dict[str, Any], answer: Answer) -> CallResult:
    if user_id.lower() not in errors:
        unanswered = Answer(headers=answer.headers, failure=Failure.UNANSWERED)
        return classify(unanswered, key=user_id)
    error = errors[user_id.lower()]
    if error is None:
        return classify(Answer(status=200, headers=answer.headers), key=user_id)
    code = str(error.get("code", "")) if isinstance(error, dict) else ""
    status = _STATUS_OF_CODE.get(code.lower(), 400)
    refused = Answer(status=status, headers=answer.headers, body={"error": error})
    return classify(refused, key=user_id, missing="user_not_found")
