"""Telephone numbers: who holds which, and orders to assign one.

Source: learn.microsoft.com/graph/api/teamsadministration-numberassignment-assignnumber.
"""

import re

from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.admin.teams.telephone_number_management.number_assignments.microsoft_graph_teams_administration_assign_number.assign_number_post_request_body import (  # noqa: E501 - the SDK's own path
    AssignNumberPostRequestBody,
)
from msgraph.generated.admin.teams.telephone_number_management.number_assignments.number_assignments_request_builder import (  # noqa: E501 - the SDK's own path
    NumberAssignmentsRequestBuilder,
)
from msgraph.generated.models.teams_administration.assignment_category import AssignmentCategory
from msgraph.generated.models.teams_administration.number_type import NumberType

from graph.error_table import row_for
from graph.errors import GraphReadError, classify, detail_of, text_of
from graph.limits import ADMIN_READ, ADMIN_WRITE
from graph.reads import PAGE_SIZE, GraphModel, parse, read_all, read_found
from graph.session import GraphSession
from graph.wire import Answer
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.vocabulary import Outcome

_OPERATION = re.compile(r"/operations(?:\('|/)([^/'()?]+)")


class _Assignment(GraphModel):
    telephone_number: str
    assignment_target_id: str = ""


class _OperationNumber(GraphModel):
    status: str = ""
    status_detail: str = ""


class _Operation(GraphModel):
    id: str = ""
    status: str = ""
    numbers: tuple[_OperationNumber, ...] = ()


async def list_numbers(session: GraphSession) -> dict[str, str]:
    """Object id of the holder by number (E.164 with +); free numbers are left out.

    Raises:
        GraphReadError: any page could not be read.
    """
    query = NumberAssignmentsRequestBuilder.NumberAssignmentsRequestBuilderGetQueryParameters(
        top=PAGE_SIZE
    )
    builder = session.sdk.admin.teams.telephone_number_management.number_assignments
    information = builder.to_get_request_information(RequestConfiguration(query_parameters=query))
    request = session.request(information, cost=ADMIN_READ)
    rows = await read_all(session, request, _Assignment)
    held = [row for row in rows if row.assignment_target_id]
    return {_with_plus(row.telephone_number): row.assignment_target_id for row in held}


async def assign_number(
    session: GraphSession, *, user_id: str, number: str, number_type: str
) -> CallResult:
    """Order a number for a person; safe to repeat.

    Args:
        number: E.164 with +.
        number_type: directRouting, callingPlan or operatorConnect.

    Returns:
        Applied when Microsoft took the order: `detail` is the operation's id, to be asked with
        `get_number_operation`. Already when the person holds the number.
    """
    body = AssignNumberPostRequestBody(
        telephone_number=number.removeprefix("+"),
        assignment_target_id=user_id,
        number_type=NumberType(number_type),
        assignment_category=AssignmentCategory.Primary,
    )
    assignments = session.sdk.admin.teams.telephone_number_management.number_assignments
    builder = assignments.microsoft_graph_teams_administration_assign_number
    information = builder.to_post_request_information(body)
    request = session.request(information, cost=ADMIN_WRITE, target=user_id)
    answer = await session.write(request)
    result = classify(answer, key=user_id, missing="number_not_found")
    if result.outcome is Outcome.APPLIED:
        return result.model_copy(update={"detail": _operation_id(answer)})
    if result.code == "number_in_use":
        return await _unless_held_by_himself(session, result=result, number=number)
    return result


async def get_number_operation(session: GraphSession, operation_id: str) -> CallResult:
    """How an order stands: applied, waiting for Microsoft, or failed with its code.

    Returns:
        key = the operation's id; a failed read comes back as its own classification.
    """
    operations = session.sdk.admin.teams.telephone_number_management.operations
    builder = operations.by_telephone_number_long_running_operation_id(operation_id)
    request = session.request(builder.to_get_request_information(), cost=ADMIN_READ)
    try:
        answer = await read_found(session, request)
        operation = parse(_Operation, answer.body, answer=answer)
    except GraphReadError as error:
        return error.result.model_copy(update={"key": operation_id})
    return _progress(operation, key=operation_id, answer=answer)


def _progress(operation: _Operation, *, key: str, answer: Answer) -> CallResult:
    match operation.status:
        case "succeeded":
            return CallResult(key=key, outcome=Outcome.APPLIED, request_id=answer.request_id)
        case "failed":
            words = {"message": " | ".join(n.status_detail for n in operation.numbers)}
            row = row_for(text_of(words))
            outcome, code = (row.outcome, row.code) if row else (Outcome.FAILED, "request_refused")
            detail = detail_of({"error": words})
            return CallResult(
                key=key, outcome=outcome, code=code, detail=detail, request_id=answer.request_id
            )
        case _:
            return CallResult(key=key, outcome=Outcome.WAITING, code="waiting_for_microsoft")


async def _unless_held_by_himself(
    session: GraphSession, *, result: CallResult, number: str
) -> CallResult:
    """An order that was taken before, and whose answer was lost, is refused as "in use"."""
    try:
        holder = (await list_numbers(session)).get(number, "")
    except GraphReadError as error:
        return error.result.model_copy(update={"key": result.key})
    if holder.lower() == result.key.lower():
        return CallResult(key=result.key, outcome=Outcome.ALREADY)
    return result


def _operation_id(answer: Answer) -> str:
    """Location is absolute here and relative elsewhere; both forms end alike."""
    found = _OPERATION.search(answer.headers.get("location", ""))
    return found.group(1) if found else ""


def _with_plus(number: str) -> str:
    return number if number.startswith("+") else f"+{number}"
