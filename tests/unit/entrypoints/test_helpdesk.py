"""The helpdesk's pages over HTTP: search, one person, problems, static files."""

import re
from datetime import timedelta

import httpx
import pytest

from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.vocabulary import Environment, Outcome, Step
from teams_rollout.ledger.ports import LedgerError
from teams_rollout.ledger.records import TimelineEvent
from tests.unit.entrypoints.doubles import NOW, MemoryLedger, MemoryServices

BLOCKED = StepRecord(outcome=Outcome.BLOCKED, code="no_seats_left", at=NOW)
FOUND = StepRecord(outcome=Outcome.ALREADY, at=NOW)


async def search(client: httpx.AsyncClient, query: str) -> httpx.Response:
    return await client.post("/helpdesk/search", data={"q": query})


def text_of(page: httpx.Response) -> str:
    """What a reader sees, on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


async def test_one_hit_when_searched_then_straight_to_the_person_without_a_name_in_the_address(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.add_user(1, name="Bronwen Rees")

    answer = await search(client, "bronwen")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/helpdesk/people/0001-u000001"


async def test_several_hits_when_searched_then_listed_with_department(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.add_user(1, name="Bronwen Rees")
    ledger.add_user(2, name="Zoë Rees")

    page = await search(client, "rees")

    assert page.status_code == 200
    assert "2 people found" in page.text
    assert 'href="/helpdesk/people/0001-u000002"' in page.text
    assert "Housing" in page.text


async def test_nobody_when_searched_then_the_page_says_what_to_try(client: httpx.AsyncClient):
    page = await search(client, "nobody")

    assert "Nobody found" in page.text
    assert 'value="nobody"' in page.text


@pytest.mark.parametrize("query", ["", " a "])
async def test_too_short_a_search_when_sent_then_the_form_says_so(
    client: httpx.AsyncClient, query: str
):
    page = await search(client, query)

    assert page.status_code == 422
    assert "at least two letters" in page.text
    assert 'aria-invalid="true"' in page.text


async def test_markup_when_searched_then_shown_as_text(client: httpx.AsyncClient):
    page = await search(client, '"><script>alert(1)</script>')

    assert "<script" not in page.text


async def test_blocked_person_when_opened_then_the_answer_comes_first_and_help_follows(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    steps = {Step.RESOLVE: FOUND, Step.USAGE_LOCATION: FOUND, Step.LICENSE: BLOCKED}
    user = ledger.add_user(1, name="Zoë Rees", started=True, steps=steps)
    events = [
        TimelineEvent(at=NOW - timedelta(days=140), step="resolve", outcome="already"),
        TimelineEvent(at=NOW, step="license", outcome="blocked", code="no_seats_left"),
    ]
    ledger.timelines[user.key.shard, user.key.ref] = events

    page = await client.get("/helpdesk/people/0001-u000001")
    text = text_of(page)

    assert "Can this person use Teams now? No All licences of this kind are in use." in text
    for heading in ("What to say", "What to do", "Whose turn it is", "Text to copy"):
        assert heading in text
    assert "21 November 2026, 12:00" in text
    assert "4 July 2026, 13:00" in text  # summer time in London
    assert text.index("21 November 2026, 12:00 Licence") < text.index("4 July 2026, 13:00 Found")
    assert "All times are London time." in text
    assert "Zoë" not in page.text.partition("</title>")[0]
    assert "Reference: 0001-u000001" in page.text


async def test_person_who_is_unknown_when_opened_then_a_page_says_so(client: httpx.AsyncClient):
    page = await client.get("/helpdesk/people/0001-u000099")

    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "Nobody of this rollout is found." in page.text


@pytest.mark.parametrize(
    ("environment", "other"),
    [(Environment.LIVE, "REHEARSAL"), (Environment.REHEARSAL, "LIVE")],
)
async def test_every_page_when_shown_then_says_whether_it_is_real(
    client: httpx.AsyncClient,
    services: MemoryServices,
    ledger: MemoryLedger,
    environment: Environment,
    other: str,
):
    services.settings.environment = environment
    services.settings.dev_identity = "ana"
    ledger.add_user(1)
    ledger.add_user(2)

    pages = [
        await client.get("/helpdesk"),
        await search(client, "jo"),
        await search(client, ""),
        await client.get("/helpdesk/people/0001-u000001"),
        await client.get("/helpdesk/nowhere"),
    ]

    for page in pages:
        assert f"<strong>{environment.value}</strong>" in page.text
        assert f"<strong>{other}</strong>" not in page.text


async def test_storage_down_when_a_page_is_opened_then_a_page_says_how_to_start_it(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.failure = LedgerError("Table storage does not answer.")

    page = await client.get("/helpdesk")

    assert page.status_code == 503
    assert "Table storage does not answer." in page.text
    assert "rollout lab up" in page.text


async def test_pages_when_loaded_then_ask_for_nothing_elsewhere_and_run_no_script(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.add_user(1)

    for path in ("/helpdesk", "/helpdesk/people/0001-u000001"):
        page = (await client.get(path)).text
        assert not re.search(r"https?://|<script|style=|\son\w+=", page)


async def test_stylesheet_when_asked_for_by_a_page_then_it_may_be_kept_for_ever(
    client: httpx.AsyncClient,
):
    page = (await client.get("/helpdesk")).text
    link = re.search(r'href="(/static/[^"]+)"', page)
    assert link

    style = await client.get(link[1])

    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert style.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await client.get("/static/helpdesk.css")).status_code == 404


async def test_told_person_when_opened_then_the_page_says_of_what_and_when(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    user = ledger.add_user(1, name="Zoë Rees")
    sent = TimelineEvent(at=NOW, step="notice_before", outcome="sent")
    doubt = TimelineEvent(at=NOW, step="notice_done", outcome="uncertain", code="notice_uncertain")
    ledger.timelines[user.key.shard, user.key.ref] = [sent, doubt]

    text = text_of(await client.get("/helpdesk/people/0001-u000001"))

    assert "Notice before the move: sent by mail, 21 November 2026, 12:00" in text
    assert "Notice that Teams is ready: perhaps sent, perhaps not" in text
    assert "it is not sent again by itself" in text


async def test_untold_person_when_opened_then_the_page_says_so(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.add_user(1)

    text = text_of(await client.get("/helpdesk/people/0001-u000001"))

    assert "Nothing through the rollout." in text
