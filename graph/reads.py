"""Reading whole collections, and pydantic at the boundary.

A read is all or nothing: a page that cannot be read, or an entry that is not what Microsoft
documents, fails the whole read, so that nobody takes a part for the tenant.
"""

from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from graph.errors import GraphReadError, classify
from graph.session import GraphSession
from graph.wire import Answer, Failure, GraphRequest
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.vocabulary import Outcome

PAGE_SIZE = 999
_MAX_PAGES = 5_000  # a nextLink that leads in a circle must end


class GraphModel(BaseModel):
    """What Graph sends: camelCase, more than we ask for, and null for what is not set."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {name: value for name, value in data.items() if value is not None}
        return data


M = TypeVar("M", bound=BaseModel)


async def read_all(
    session: GraphSession,
    request: GraphRequest,
    model: type[M],
    *,
    missing: str = "request_refused",
) -> list[M]:
    """Every entry of a collection, following nextLinks as they are.

    Raises:
        GraphReadError: any page could not be read; code `missing` for a 404.
    """
    found: list[M] = []
    for _ in range(_MAX_PAGES):
        answer = await read_found(session, request, missing=missing)
        rows, next_link = _page(answer)
        # Page by page, so that a large tenant never holds up the event loop for seconds.
        found.extend(parse(model, row, answer=answer) for row in rows)
        if next_link is None:
            return found
        request = replace(request, url=next_link)
    raise unexpected(Answer())


async def read_found(
    session: GraphSession, request: GraphRequest, *, missing: str = "request_refused"
) -> Answer:
    """Read something that must exist.

    Raises:
        GraphReadError: with code `missing` for a 404.
    """
    answer = await session.read(request)
    if answer.status == 404:
        raise GraphReadError(classify(answer, key="", missing=missing))
    return answer


def parse(model: type[M], row: Any, *, answer: Answer | None = None) -> M:
    """One entry as a value.

    Raises:
        GraphReadError: `unexpected_answer`; its text names no content.
    """
    try:
        return model.model_validate(row)
    except ValidationError:
        # The validation error quotes people's data: it must not travel along.
        raise unexpected(answer or Answer()) from None


def unexpected(answer: Answer) -> GraphReadError:
    """The error of an answer that is not what Microsoft documents."""
    return GraphReadError(
        CallResult(
            key="",
            outcome=Outcome.FAILED,
            code="unexpected_answer",
            request_id=answer.request_id,
        )
    )


def _page(answer: Answer) -> tuple[list[Any], str | None]:
    body = answer.body
    if answer.failure is not Failure.NONE or not isinstance(body, dict):
        raise unexpected(answer)
    rows, next_link = body.get("value"), body.get("@odata.nextLink")
    if not isinstance(rows, list) or not isinstance(next_link, str | None):
        raise unexpected(answer)
    return rows, next_link
