"""Members and owners of groups in Entra: twenty at a time, or one by one where Microsoft asks it.

Used for licensing groups, and for a team's owners before the team exists; members of teams that
exist go through Teams itself (`graph.teams`), which shows them at once.
Source: learn.microsoft.com/graph/api/group-post-members, group-post-owners, group-delete-members.
"""

from collections.abc import Sequence

from msgraph.generated.models.group import Group
from msgraph.generated.models.reference_create import ReferenceCreate

from graph.errors import classify, gone_is_already, text_of
from graph.limits import DIRECTORY_WRITE
from graph.session import GraphSession
from graph.wire import Answer, GraphRequest
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.vocabulary import Outcome

MAX_REFERENCES = 20
"""Most people that one change of a group may add."""

_ABOUT_ONE_PERSON = frozenset({"", "user_not_found", "request_refused"})
"""Codes of refusals that one person may have caused: empty = somebody was in already."""


async def add_group_members(
    session: GraphSession, group_id: str, user_ids: Sequence[str]
) -> list[CallResult]:
    """Put people into a group in one request; safe to repeat.

    Microsoft takes all of them or nobody. A refusal that one person may have caused splits the
    request in halves until that person is alone, so the others never wait for them.

    Args:
        user_ids: at most 20, without doubles.

    Returns:
        One result per person, in order; key = user id. `already` for who was in;
        `group_managed_on_premises`, `group_not_found`, `user_not_found` where that is the cause.
    """
    if len(user_ids) > MAX_REFERENCES:
        raise ValueError(f"a group takes at most {MAX_REFERENCES} people in one request")
    if not user_ids:
        return []
    answer = await session.write(_addition(session, group_id, user_ids))
    results = [_result(answer, group_id, user_id) for user_id in user_ids]
    if len(user_ids) == 1 or not _may_be_one(results[0]):
        return results
    middle = len(user_ids) // 2
    first = await add_group_members(session, group_id, user_ids[:middle])
    return [*first, *await add_group_members(session, group_id, user_ids[middle:])]


def _addition(session: GraphSession, group_id: str, user_ids: Sequence[str]) -> GraphRequest:
    references = [_reference(session, user_id) for user_id in user_ids]
    group = Group(additional_data={"members@odata.bind": references})
    builder = session.sdk.groups.by_group_id(group_id)
    information = builder.to_patch_request_information(group)
    return session.request(information, cost=DIRECTORY_WRITE, target=group_id)


def _reference(session: GraphSession, user_id: str) -> str:
    return f"{session.base_url}/directoryObjects/{user_id}"


def _result(answer: Answer, group_id: str, user_id: str) -> CallResult:
    gone = answer.status == 404 and group_id.lower() in text_of(answer.body)
    missing = "group_not_found" if gone else "user_not_found"
    return classify(answer, key=user_id, missing=missing)


def _may_be_one(result: CallResult) -> bool:
    """Refused as a whole, and perhaps because of one of them."""
    if result.outcome is Outcome.APPLIED or result.outcome.is_retryable:
        return False
    return result.code in _ABOUT_ONE_PERSON


async def remove_group_members(
    session: GraphSession, group_id: str, user_ids: Sequence[str]
) -> list[CallResult]:
    """Take people out of a group, one request each; safe to repeat.

    Returns:
        One result per person, in order; key = user id. Who is not in it is `already`.
    """
    members = session.sdk.groups.by_group_id(group_id).members
    requests = [
        session.request(
            members.by_directory_object_id(user_id).ref.to_delete_request_information(),
            cost=DIRECTORY_WRITE,
            target=group_id,
        )
        for user_id in user_ids
    ]
    answers = await session.write_many(requests)
    results = [_result(a, group_id, u) for u, a in zip(user_ids, answers, strict=True)]
    return [gone_is_already(result) for result in results]


async def add_group_owners(
    session: GraphSession, group_id: str, user_ids: Sequence[str]
) -> list[CallResult]:
    """Make people owners of a group, one request each; safe to repeat.

    Returns:
        One result per person, in order; key = user id. `already` for who owned it.
    """
    builder = session.sdk.groups.by_group_id(group_id).owners.ref
    requests = [
        session.request(
            builder.to_post_request_information(
                ReferenceCreate(odata_id=_reference(session, user_id))
            ),
            cost=DIRECTORY_WRITE,
            target=group_id,
        )
        for user_id in user_ids
    ]
    answers = await session.write_many(requests)
    return [_result(a, group_id, u) for u, a in zip(user_ids, answers, strict=True)]
