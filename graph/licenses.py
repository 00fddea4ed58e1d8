"""Licences: what the tenant owns, and one call per person that adds and removes.

Source: learn.microsoft.com/graph/api/subscribedsku-list, user-assignlicense.
"""

from collections.abc import Sequence
from uuid import UUID

from msgraph.generated.models.assigned_license import AssignedLicense
from msgraph.generated.users.item.assign_license.assign_license_post_request_body import (
    AssignLicensePostRequestBody,
)
from pydantic import AliasPath, BaseModel, ConfigDict, Field

from graph.errors import Hint, classify
from graph.limits import DIRECTORY_WRITE, directory_read
from graph.reads import GraphModel, read_all
from graph.session import GraphSession
from graph.wire import Answer, GraphRequest
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.vocabulary import Outcome


class GraphPlan(GraphModel):
    """A service plan inside a SKU."""

    id: str = Field(alias="servicePlanId")
    name: str = Field(default="", alias="servicePlanName")


class GraphSku(GraphModel):
    """A product of the tenant; several subscriptions of one SKU are one row.

    Attributes:
        units, warning: seats in good standing, and seats in their grace time.
        applies_to: "User" or "Company"; only the first can be assigned to people.
    """

    sku_id: str
    part_number: str = Field(default="", alias="skuPartNumber")
    plans: tuple[GraphPlan, ...] = Field(default=(), alias="servicePlans")
    units: int = Field(default=0, validation_alias=AliasPath("prepaidUnits", "enabled"))
    warning: int = Field(default=0, validation_alias=AliasPath("prepaidUnits", "warning"))
    consumed: int = Field(default=0, alias="consumedUnits")
    capability_status: str = ""
    applies_to: str = "User"

    @property
    def enabled(self) -> int:
        """Seats that can be used: suspended and locked-out ones cannot."""
        return self.units + self.warning


class LicenseChange(BaseModel):
    """What changes for one person, in one call.

    Attributes:
        add: (SKU id, ids of plans that stay or become switched off); replaces the list of plans
            of a SKU already held, so it must name every plan that shall be off.
        remove: SKU ids held directly.
        location_just_set: an invalid usage location is then replication, not a fault.
    """

    model_config = ConfigDict(frozen=True)

    user_id: str
    add: tuple[tuple[str, tuple[str, ...]], ...] = ()
    remove: tuple[str, ...] = ()
    location_just_set: bool = False


async def list_skus(session: GraphSession) -> list[GraphSku]:
    """The tenant's products with their seats; the count lags behind assignments.

    Raises:
        GraphReadError: it could not be read.
    """
    information = session.sdk.subscribed_skus.to_get_request_information()
    request = session.request(information, cost=directory_read(3))
    return await read_all(session, request, GraphSku)


async def assign_licenses(
    session: GraphSession, changes: Sequence[LicenseChange]
) -> list[CallResult]:
    """Add and remove SKUs, one call per person; safe to repeat.

    Returns:
        One result per change, in order; key = user id. Blocked with `no_seats_left`,
        `usage_location_missing`, `conflicting_license`, ... by Microsoft's text.
    """
    answers = await session.write_many([_request(session, change) for change in changes])
    return [_result(change, answer=a) for change, a in zip(changes, answers, strict=True)]


async def reprocess_licenses(session: GraphSession, user_ids: Sequence[str]) -> list[CallResult]:
    """Have people's licences from groups worked out again, after a cause of error is gone.

    Microsoft does not try again by itself. Safe to repeat; what came of it is read from the
    people's licence states later, never from this answer.

    Returns:
        One result per person, in order; key = user id.
    """
    requests = [
        session.request(
            session.sdk.users.by_user_id(
                user_id
            ).reprocess_license_assignment.to_post_request_information(),
            cost=DIRECTORY_WRITE,
            target=user_id,
        )
        for user_id in user_ids
    ]
    answers = await session.write_many(requests)
    return [
        classify(answer, key=user_id, missing="user_not_found")
        for user_id, answer in zip(user_ids, answers, strict=True)
    ]


async def unassign_licenses(
    session: GraphSession, removals: Sequence[tuple[str, Sequence[str]]]
) -> list[CallResult]:
    """Take SKUs that people hold directly away again; safe to repeat.

    One call takes all of a person's SKUs, or none if one of them is gone: then each is taken on
    its own. Who comes to a SKU through a group keeps it (`license_held_through_group`).

    Args:
        removals: (user id, SKU ids).

    Returns:
        One result per person, in order; key = user id. Already when nothing was held any more.
    """
    changes = [LicenseChange(user_id=user, remove=tuple(skus)) for user, skus in removals]
    results = await assign_licenses(session, changes)
    for place, (change, result) in enumerate(zip(changes, results, strict=True)):
        if result.outcome is Outcome.FAILED and len(change.remove) > 1:
            results[place] = await _unassign_one_by_one(session, change)
    return results


async def _unassign_one_by_one(session: GraphSession, change: LicenseChange) -> CallResult:
    """The first result that is not as asked, else applied if any SKU was still there."""
    singles = [change.model_copy(update={"remove": (sku,)}) for sku in change.remove]
    results = await assign_licenses(session, singles)
    refused = [r for r in results if not r.is_accepted]
    applied = [r for r in results if r.outcome is Outcome.APPLIED]
    return [*refused, *applied, *results][0]


def _request(session: GraphSession, change: LicenseChange) -> GraphRequest:
    added = [
        AssignedLicense(sku_id=UUID(sku), disabled_plans=[UUID(plan) for plan in plans])
        for sku, plans in change.add
    ]
    body = AssignLicensePostRequestBody(
        add_licenses=added, remove_licenses=[UUID(sku) for sku in change.remove]
    )
    user = session.sdk.users.by_user_id(change.user_id)
    information = user.assign_license.to_post_request_information(body)
    return session.request(information, cost=DIRECTORY_WRITE, target=change.user_id)


def _result(change: LicenseChange, *, answer: Answer) -> CallResult:
    hints = frozenset({Hint.LOCATION_JUST_SET}) if change.location_just_set else frozenset()
    result = classify(answer, key=change.user_id, missing="user_not_found", hints=hints)
    if result.outcome is Outcome.ALREADY and (change.add or len(change.remove) > 1):
        # Microsoft refused the whole call because of one SKU to remove: nothing else was done.
        return result.model_copy(update={"outcome": Outcome.FAILED, "code": "request_refused"})
    return result
