"""Which permissions the app holds: seen in its grants, or tried where it may not see them.

Only reads are tried, on an object that cannot exist: Microsoft answers 403 without the
permission and 404 with it.
"""

from collections.abc import Awaitable, Callable, Collection

from graph.errors import GraphReadError
from graph.licenses import list_skus
from graph.numbers import list_numbers
from graph.permissions import read_granted_permissions
from graph.policies import find_policy_id, get_user_configuration
from graph.session import GraphSession
from graph.teams import list_group_members
from graph.users import get_user
from teams_rollout.domain.doctor import Check
from teams_rollout.domain.doctor_tenant import (
    check_permission,
    check_permission_by_trying,
    check_surplus,
    check_unseen_permissions,
)
from teams_rollout.domain.permissions import Feature, Need, named_permissions, needs_of
from teams_rollout.domain.vocabulary import UPGRADE_POLICY_TYPE, CoexistenceMode, Environment

_NOBODY = "00000000-0000-0000-0000-000000000000"
_MODE = CoexistenceMode.TEAMS_ONLY.policy_name

Probe = Callable[[GraphSession], Awaitable[object]]

_PROBES: dict[str, Probe] = {
    "User.Read.All": lambda s: get_user(s, _NOBODY),
    "Organization.Read.All": list_skus,
    "Group.Read.All": lambda s: list_group_members(s, _NOBODY),
    "TeamsUserConfiguration.Read.All": lambda s: get_user_configuration(s, _NOBODY),
    "TeamsTelephoneNumber.Read.All": list_numbers,
    "TeamsPolicyUserAssign.ReadWrite.All": lambda s: find_policy_id(
        s, policy_type=UPGRADE_POLICY_TYPE, name=_MODE
    ),
}


async def examine_permissions(
    session: GraphSession, features: Collection[Feature], *, environment: Environment
) -> list[Check]:
    """A check per permission that the features need, and on LIVE one of those that none needs.

    A simulator grants everything that its seed does not withhold: that is no finding.
    """
    needs = needs_of(features)
    try:
        granted = await read_granted_permissions(session)
    except GraphReadError:
        granted = None
    if granted is not None:
        checks = [check_permission(need, granted=granted) for need in needs]
        is_live = environment is Environment.LIVE
        return [*checks, check_surplus(needs, granted=granted)] if is_live else checks
    checks = [await _try(session, need) for need in needs if need.permission in _PROBES]
    unseen = [need for need in needs if need.permission not in _PROBES]
    return [*checks, check_unseen_permissions(unseen)] if unseen else checks


async def refused_needs(session: GraphSession, features: Collection[Feature]) -> tuple[Need, ...]:
    """The needs that a read of ours is refused for; what only a change would show is not in it."""
    tried = [need for need in needs_of(features) if need.permission in _PROBES]
    return tuple([need for need in tried if not (await _try(session, need)).ok])


async def _try(session: GraphSession, need: Need) -> Check:
    try:
        await _PROBES[need.permission](session)
    except GraphReadError as error:
        refused = error.code == "permission_missing"
        named = named_permissions(error.result.detail)
        return check_permission_by_trying(need, refused=refused, named=named)
    return check_permission_by_trying(need, refused=False)
