"""Undoing what was done to a team: members out, twenty at a time, and the team archived.

Nothing here deletes: an archived team can be opened again, and so can its conversations.
Source: learn.microsoft.com/graph/api/conversationmember-remove, team-archive, team-get.
"""

import re
from collections.abc import Sequence

from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.teams.item.archive.archive_post_request_body import ArchivePostRequestBody
from msgraph.generated.teams.item.members.remove.remove_post_request_body import (
    RemovePostRequestBody,
)
from msgraph.generated.teams.item.team_item_request_builder import TeamItemRequestBuilder

from graph.errors import GraphReadError, classify, detail_of, gone_is_already
from graph.limits import RequestCost, RequestKind
from graph.reads import GraphModel, parse, read_found
from graph.session import GraphSession
from graph.teams import member_of, results_by_member
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.vocabulary import Outcome

MAX_REMOVALS = 20
"""Most people that one members/remove takes, where members/add takes 200."""

_OPERATION = re.compile(r"/operations(?:\('|/)([^/'()?]+)")


class _Team(GraphModel):
    is_archived: bool = False


class _OperationError(GraphModel):
    code: str = ""
    message: str = ""


class _Operation(GraphModel):
    status: str = ""
    error: _OperationError = _OperationError()


async def remove_members(
    session: GraphSession, team_id: str, user_ids: Sequence[str]
) -> list[CallResult]:
    """Take people out of a team in one request; safe to repeat.

    Args:
        user_ids: at most 20, without doubles.

    Returns:
        One result per person, in order; key = user id. Who is not in the team is `already`.
    """
    if len(user_ids) > MAX_REMOVALS:
        raise ValueError(f"members/remove takes at most {MAX_REMOVALS} people")
    if not user_ids:
        return []
    body = RemovePostRequestBody(values=[member_of(session, user_id) for user_id in user_ids])
    builder = session.sdk.teams.by_team_id(team_id).members.remove
    cost = RequestCost(RequestKind.MEMBERS_REMOVE, team_id=team_id)
    information = builder.to_post_request_information(body)
    answer = await session.write(session.request(information, cost=cost, target=team_id))
    results = results_by_member(answer, user_ids)
    return [gone_is_already(result) for result in results]


async def archive_team(session: GraphSession, team_id: str) -> CallResult:
    """Make a team read-only for everybody; safe to repeat, because it looks first.

    Returns:
        key = team id. Applied when Microsoft took the order: `detail` is the operation's id, to
        be asked with `get_team_operation`. Already when the team is archived; `team_not_found`.
    """
    try:
        if await _is_archived(session, team_id):
            return CallResult(key=team_id, outcome=Outcome.ALREADY)
    except GraphReadError as error:
        return error.result.model_copy(update={"key": team_id})
    # Files stay as they are: making them read-only as well takes another permission at SharePoint.
    body = ArchivePostRequestBody(should_set_spo_site_read_only_for_members=False)
    builder = session.sdk.teams.by_team_id(team_id).archive
    cost = RequestCost(RequestKind.TEAM_CHANGE, team_id=team_id)
    information = builder.to_post_request_information(body)
    answer = await session.write(session.request(information, cost=cost, target=team_id))
    result = classify(answer, key=team_id, missing="team_not_found")
    if result.outcome is not Outcome.APPLIED:
        return result
    found = _OPERATION.search(answer.headers.get("location", ""))
    return result.model_copy(update={"detail": found.group(1) if found else ""})


async def _is_archived(session: GraphSession, team_id: str) -> bool:
    query = TeamItemRequestBuilder.TeamItemRequestBuilderGetQueryParameters(
        select=["id", "isArchived"]
    )
    builder = session.sdk.teams.by_team_id(team_id)
    information = builder.to_get_request_information(RequestConfiguration(query_parameters=query))
    cost = RequestCost(RequestKind.TEAM_READ, team_id=team_id)
    answer = await read_found(
        session, session.request(information, cost=cost), missing="team_not_found"
    )
    return parse(_Team, answer.body, answer=answer).is_archived


async def get_team_operation(session: GraphSession, team_id: str, operation_id: str) -> CallResult:
    """How an order for a team stands; Microsoft asks for more than 30 s between two looks.

    Returns:
        key = team id: applied, `waiting_for_microsoft`, or failed with Microsoft's words; a
        failed read comes back as its own classification.
    """
    builder = session.sdk.teams.by_team_id(team_id).operations
    item = builder.by_teams_async_operation_id(operation_id)
    cost = RequestCost(RequestKind.TEAM_READ, team_id=team_id)
    request = session.request(item.to_get_request_information(), cost=cost)
    try:
        answer = await read_found(session, request, missing="team_not_found")
        operation = parse(_Operation, answer.body, answer=answer)
    except GraphReadError as error:
        return error.result.model_copy(update={"key": team_id})
    return _progress(operation, key=team_id, request_id=answer.request_id)


def _progress(operation: _Operation, *, key: str, request_id: str) -> CallResult:
    match operation.status:
        case "succeeded":
            return CallResult(key=key, outcome=Outcome.APPLIED, request_id=request_id)
        case "failed" | "invalid":
            words = {"error": operation.error.model_dump()}
            return CallResult(
                key=key,
                outcome=Outcome.FAILED,
                code="request_refused",
                detail=detail_of(words),
                request_id=request_id,
            )
        case _:  # notStarted, inProgress, and whatever Microsoft adds
            return CallResult(key=key, outcome=Outcome.WAITING, code="waiting_for_microsoft")
