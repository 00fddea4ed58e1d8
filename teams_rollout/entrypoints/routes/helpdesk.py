"""The helpdesk's pages: search by POST, one person by opaque id, static files."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from teams_rollout.entrypoints import people
from teams_rollout.entrypoints.context import Context, RolloutDep, ServicesDep, get_context
from teams_rollout.entrypoints.ports import Services
from teams_rollout.entrypoints.problems import Problem, ProblemError
from teams_rollout.entrypoints.routes.callers import Reader
from teams_rollout.ledger.records import RolloutRecord
from teams_rollout.ledger.words import is_searchable
from teams_rollout.portal import pages
from teams_rollout.portal.assets import load_assets
from teams_rollout.portal.pages import Frame

router = APIRouter()


def _frame(services: Services, rollout: RolloutRecord) -> Frame:
    section = rollout.config.rollout
    return Frame(
        environment=services.settings.environment,
        rollout_name=section.name,
        timezone=section.timezone,
    )


@router.get("/helpdesk")
async def show_search(_caller: Reader, services: ServicesDep, rollout: RolloutDep) -> HTMLResponse:
    """The search form."""
    return HTMLResponse(pages.search_page(_frame(services, rollout)))


@router.post("/helpdesk/search")
async def search(
    _caller: Reader,
    services: ServicesDep,
    rollout: RolloutDep,
    q: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """The people who fit; straight to the person if there is only one."""
    frame, query = _frame(services, rollout), q.strip()
    if not is_searchable(query):
        error = "Type at least two letters of the name."
        return HTMLResponse(pages.search_page(frame, error=error), status_code=422)
    limit = people.SEARCH_LIMIT
    hits = await services.ledger.search(rollout.rollout_id, query, limit=limit)
    if len(hits) == 1:
        return RedirectResponse(
            f"/helpdesk/people/{people.public_id(hits[0].key)}", status_code=303
        )
    items = [people.to_hit(hit) for hit in hits]
    return HTMLResponse(pages.results_page(frame, query=query, hits=items, more=len(hits) >= limit))


@router.get("/helpdesk/people/{ref}")
async def show_person(
    ref: str, _caller: Reader, services: ServicesDep, rollout: RolloutDep
) -> HTMLResponse:
    """One person."""
    key = people.parse_public_id(rollout.rollout_id, ref)
    person = await people.get_person(services, key)
    return HTMLResponse(pages.person_page(_frame(services, rollout), person))


@router.get("/static/{name}")
async def get_asset(name: str) -> Response:
    """A static file under its hashed name; it never changes, so it may be kept for ever."""
    asset = load_assets().get(name)
    if asset is None:
        raise ProblemError(
            404,
            kind="not-found",
            title="There is no such file.",
            detail="Static files are named after their content and change their name with it.",
            do="Reload the page that asked for it.",
        )
    caching = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(asset.content, media_type=asset.media_type, headers=caching)


async def problem_page(request: Request, problem: Problem) -> HTMLResponse:
    """A problem as a page, under the banner as far as it is known."""
    frame = _frame_without_ledger(get_context(request))
    page = pages.problem_page(frame, title=problem.title, detail=problem.detail, do=problem.do)
    return HTMLResponse(page, status_code=problem.status)


def _frame_without_ledger(context: Context) -> Frame:
    try:
        return Frame(environment=context.services().settings.environment)
    except ProblemError:
        return Frame(environment=None)
