"""Teams policies: what Teams knows of people, and assigning policies to them.

The assignment API has no answer per person: small arrays, halved when Microsoft refuses one, so
that one person's trouble stays his own. What took effect is known by reading back.
Source: learn.microsoft.com/graph/api/teamsadministration-teamspolicyuserassignment-assign,
teamsadministration-teamsuserconfiguration-get.
"""

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.admin.teams.policy.user_assignments.microsoft_graph_teams_administration_assign.assign_post_request_body import (  # noqa: E501 - the SDK's own path
    AssignPostRequestBody,
)
from msgraph.generated.admin.teams.user_configurations.user_configurations_request_builder import (
    UserConfigurationsRequestBuilder,
)
from msgraph.generated.models.teams_administration.teams_policy_user_assignment import (
    TeamsPolicyUserAssignment,
)
from pydantic import BaseModel, ConfigDict, Field, model_validator

from graph.errors import GraphReadError, classify
from graph.limits import ADMIN_READ, ADMIN_WRITE
from graph.reads import PAGE_SIZE, GraphModel, parse, read_all
from graph.session import GraphSession
from graph.wire import Answer
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.vocabulary import Outcome

MAX_ASSIGNMENTS = 20
"""People per request: the real maximum is not published."""

_KNOW_ALL_ACCOUNT_TYPES = {"prefer": "include-unknown-enum-members"}


class PolicyState(GraphModel):
    """One policy in effect for a person.

    Attributes:
        name: without the `Tag:` that some answers carry.
        assignment_type: direct or group.
    """

    type: str
    name: str
    assignment_type: str = ""

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, data: Any) -> Any:
        inner = data.get("policyAssignment") if isinstance(data, dict) else None
        if not isinstance(inner, dict):
            return data
        return {
            "type": data.get("policyType"),
            "name": str(inner.get("displayName", "")).removeprefix("Tag:"),
            "assignmentType": inner.get("assignmentType"),
        }


class _Telephone(GraphModel):
    telephone_number: str = ""


class UserConfiguration(GraphModel):
    """One person as Teams itself knows them.

    Attributes:
        account_type: user, sfbOnPremUser, ineligibleUser, guest, resourceAccount, ...
        policies: only what differs from the tenant's default.
    """

    id: str
    upn: str = Field(default="", alias="userPrincipalName")
    account_type: str = "unknown"
    feature_types: tuple[str, ...] = ()
    enterprise_voice: bool = Field(default=False, alias="isEnterpriseVoiceEnabled")
    numbers: tuple[_Telephone, ...] = Field(default=(), alias="telephoneNumbers")
    policies: tuple[PolicyState, ...] = Field(default=(), alias="effectivePolicyAssignments")

    @property
    def telephone_numbers(self) -> tuple[str, ...]:
        """The person's numbers, E.164 with +."""
        given = (number.telephone_number for number in self.numbers)
        return tuple(n if n.startswith("+") else f"+{n}" for n in given if n)


class PolicyAssignment(BaseModel):
    """A policy that a person shall have."""

    model_config = ConfigDict(frozen=True)

    user_id: str
    policy_type: str
    policy_name: str


async def list_user_configurations(session: GraphSession) -> list[UserConfiguration]:
    """Everybody whom Teams knows.

    Raises:
        GraphReadError: any page could not be read.
    """
    query = UserConfigurationsRequestBuilder.UserConfigurationsRequestBuilderGetQueryParameters(
        top=PAGE_SIZE
    )
    information = session.sdk.admin.teams.user_configurations.to_get_request_information(
        RequestConfiguration(query_parameters=query)
    )
    request = session.request(information, cost=ADMIN_READ, headers=_KNOW_ALL_ACCOUNT_TYPES)
    return await read_all(session, request, UserConfiguration)


async def get_user_configuration(session: GraphSession, user_id: str) -> UserConfiguration | None:
    """One person as Teams knows them; None if Teams does not.

    Raises:
        GraphReadError: it could not be read.
    """
    configurations = session.sdk.admin.teams.user_configurations
    builder = configurations.by_teams_user_configuration_id(user_id)
    information = builder.to_get_request_information()
    request = session.request(information, cost=ADMIN_READ, headers=_KNOW_ALL_ACCOUNT_TYPES)
    answer = await session.read(request)
    if answer.status == 404:
        return None
    body = answer.body
    # The documentation wraps this one object in "value", the schema does not.
    if isinstance(body, dict) and isinstance(body.get("value"), dict):
        body = body["value"]
    return parse(UserConfiguration, body, answer=answer)


async def find_policy_id(session: GraphSession, *, policy_type: str, name: str) -> str:
    """The id of a policy by type and name, asked once per session; empty if there is none.

    Raises:
        GraphReadError: it could not be read; `policy_type_unsupported` where Microsoft says so.
    """
    key = (policy_type, name)
    if key not in session.policy_ids:
        builder = session.sdk.admin.teams.policy
        lookup = builder.microsoft_graph_teams_administration_get_policy_id_with_type_with_name(
            name, policy_type
        )
        # The SDK's own template loses the comma between the two arguments (std-uritemplate).
        # To be deleted when tests/unit/graph/test_sdk_defects.py says that it is mended.
        url = (
            f"{session.base_url}/admin/teams/policy/"
            f"getPolicyId(type='{_argument(policy_type)}',name='{_argument(name)}')"
        )
        information = lookup.with_url(url).to_get_request_information()
        answer = await session.read(session.request(information, cost=ADMIN_READ))
        policy_id = "" if answer.status == 404 else _policy_id(answer, name=name)
        if not policy_id:
            return ""  # not kept: somebody may create the policy while we run
        session.policy_ids[key] = policy_id
    return session.policy_ids[key]


async def assign_policies(
    session: GraphSession, assignments: Sequence[PolicyAssignment]
) -> list[CallResult]:
    """Assign policies; safe to repeat.

    Returns:
        One result per assignment, in order; key = user id. Applied means accepted: Microsoft
        takes up to 24 h, and gives no answer per person before.
    """
    wanted = dict.fromkeys((a.policy_type, a.policy_name) for a in assignments)
    ids = {key: await _look_up(session, policy_type=key[0], name=key[1]) for key in wanted}
    results: dict[int, CallResult] = {}
    ready: list[tuple[int, TeamsPolicyUserAssignment]] = []
    for index, assignment in enumerate(assignments):
        found_id = ids[assignment.policy_type, assignment.policy_name]
        if isinstance(found_id, CallResult):
            results[index] = found_id.model_copy(update={"key": assignment.user_id})
        else:
            ready.append((index, _sdk_assignment(assignment, policy_id=found_id)))
    arrays = [ready[i : i + MAX_ASSIGNMENTS] for i in range(0, len(ready), MAX_ASSIGNMENTS)]
    for found in await asyncio.gather(*(_assign(session, array) for array in arrays)):
        results.update(found)
    return [results[index] for index in range(len(assignments))]


async def _assign(
    session: GraphSession, array: list[tuple[int, TeamsPolicyUserAssignment]]
) -> dict[int, CallResult]:
    """Send one array; refused because of some entry, send its halves."""
    user_assignments = session.sdk.admin.teams.policy.user_assignments
    builder = user_assignments.microsoft_graph_teams_administration_assign
    body = AssignPostRequestBody(value=[assignment for _, assignment in array])
    information = builder.to_post_request_information(body)
    answer = await session.write(session.request(information, cost=ADMIN_WRITE))
    if len(array) == 1 or not _is_somebodys_fault(answer):
        return {
            index: classify(answer, key=entry.user_id or "", missing="user_not_found")
            for index, entry in array
        }
    middle = len(array) // 2
    left = await _assign(session, array[:middle])
    return {**left, **await _assign(session, array[middle:])}


def _is_somebodys_fault(answer: Answer) -> bool:
    """A 4xx that may concern one entry only, unlike permission, sign-in and throttling.

    Nor does a policy type that the tenant does not take: halving would only ask more often.
    """
    verdict = classify(answer, key="", missing="user_not_found")
    return (
        400 <= answer.status < 500
        and verdict.outcome in (Outcome.BLOCKED, Outcome.FAILED)
        and verdict.code not in ("permission_missing", "policy_type_unsupported")
    )


async def _look_up(session: GraphSession, *, policy_type: str, name: str) -> str | CallResult:
    """The policy's id, or what to say to everybody who should get it."""
    try:
        policy_id = await find_policy_id(session, policy_type=policy_type, name=name)
    except GraphReadError as error:
        return error.result
    return policy_id or CallResult(key="", outcome=Outcome.BLOCKED, code="policy_not_found")


def _sdk_assignment(assignment: PolicyAssignment, *, policy_id: str) -> TeamsPolicyUserAssignment:
    return TeamsPolicyUserAssignment(
        odata_type="#microsoft.graph.teamsAdministration.teamsPolicyUserAssignment",
        user_id=assignment.user_id,
        policy_type=assignment.policy_type,
        policy_id=policy_id,
    )


def _policy_id(answer: Answer, *, name: str) -> str:
    """The id of exactly this policy: the answer is a collection, names come with `Tag:`."""
    rows = answer.body.get("value") if isinstance(answer.body, dict) else None
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and str(row.get("name", "")).removeprefix("Tag:") == name:
            return str(row.get("policyId", ""))
    return ""


def _argument(text: str) -> str:
    """A string inside an OData function call: quotes doubled, then percent-encoded."""
    return quote(text.replace("'", "''"), safe="'")
