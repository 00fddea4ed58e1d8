"""People: lists for reports, look-up for the helpdesk. Names travel in bodies, never in URLs."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from teams_rollout.domain.vocabulary import UserState
from teams_rollout.entrypoints import people
from teams_rollout.entrypoints.context import RolloutDep, ServicesDep, get_wave
from teams_rollout.entrypoints.routes.callers import Reader, Responsible
from teams_rollout.entrypoints.views import LookupAnswer, UserPage, UserView

router = APIRouter(prefix="/api/v1/users", tags=["people"])


class LookupBody(BaseModel):
    """What to search for: words of a name, a UPN, a mail address, an employee id, a number."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(min_length=2, max_length=200)


class ShowBody(BaseModel):
    """Exactly one person: UPN, mail address or employee id."""

    model_config = ConfigDict(extra="forbid")

    upn: str = Field(min_length=1, max_length=320)


@router.get("")
async def list_users(
    *,
    request: Request,
    services: ServicesDep,
    rollout: RolloutDep,
    _caller: Responsible,
    wave: str | None = None,
    state: UserState | None = None,
    cursor: Annotated[int, Query(ge=0)] = 0,
) -> UserPage:
    """People by wave and state; at most 1,000 a page, the rest follows under `nextLink`."""
    slug = (await get_wave(wave, services, rollout)).slug if wave else None
    wanted = people.PeopleFilter(wave=slug, state=state)
    records, following = await people.list_page(
        services, rollout, wanted=wanted, first_shard=cursor
    )
    link = str(request.url.include_query_params(cursor=following)) if following else None
    return UserPage(value=tuple(people.to_item(r) for r in records), nextLink=link)


@router.post("/lookup")
async def look_up(
    body: LookupBody, services: ServicesDep, rollout: RolloutDep, _caller: Reader
) -> LookupAnswer:
    """People for whom every word fits; the ids lead to `GET /users/{ref}`."""
    hits = await services.ledger.search(rollout.rollout_id, body.query, limit=people.SEARCH_LIMIT)
    return LookupAnswer(
        value=tuple(people.to_hit(hit) for hit in hits), more=len(hits) >= people.SEARCH_LIMIT
    )


@router.post("/show")
async def show_user(
    body: ShowBody, services: ServicesDep, rollout: RolloutDep, _caller: Reader
) -> UserView:
    """The one person with exactly this UPN, mail address or employee id."""
    return await people.find_person(services, rollout.rollout_id, name=body.upn)


@router.get("/{ref}")
async def get_user(
    ref: str, services: ServicesDep, rollout: RolloutDep, _caller: Reader
) -> UserView:
    """One person by public id."""
    key = people.parse_public_id(rollout.rollout_id, ref)
    return await people.get_person(services, key)
