"""look_for_missing: a list never proves absence, a read by id or UPN does."""

from collections.abc import AsyncIterator

import httpx
import pytest

from activities.reading import MAX_LOOKED_FOR, look_for_missing
from graph.credentials import StaticToken
from graph.errors import GraphReadError
from graph.governor import LocalGovernor
from graph.session import GraphSession
from teams_rollout.domain.roster import Assignment
from tests.unit.activities.readings import a_reading, a_user

THERE = {"id-new": "new@llanfair.example", "id-moved": "moved@llanfair.example"}


class Directory:
    """Knows people by id and UPN, whatever its lists show."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        self.asked.append(name)
        if self.broken:
            return httpx.Response(429, headers={"Retry-After": "600"}, json={})
        for user_id, upn in THERE.items():
            if name in (user_id, upn):
                return httpx.Response(200, json={"id": user_id, "userPrincipalName": upn})
        return httpx.Response(404, json={"error": {"code": "Request_ResourceNotFound"}})


@pytest.fixture
def directory() -> Directory:
    return Directory()


@pytest.fixture
async def session(directory: Directory) -> AsyncIterator[GraphSession]:
    session = GraphSession(
        base_url="http://127.0.0.1:9/v1.0",
        token=StaticToken("rehearsal"),
        governor=LocalGovernor(limits=1000.0),
        http_transport=httpx.MockTransport(directory.answer),
    )
    yield session
    await session.close()


def a_row(name: str = "", **values: str) -> Assignment:
    upn = f"{name}@llanfair.example" if name else ""
    return Assignment(line=2, upn=upn, wave="pilot", profile="office", **values)


async def test_given_people_whom_lists_lack_when_looked_for_then_those_who_are_there_are_found(
    directory: Directory, session: GraphSession
) -> None:
    listed, new, moved, lost = a_row("ann"), a_row("new"), a_row("former"), a_row("lost")
    people = [(listed, ""), (new, ""), (moved, "id-moved"), (lost, "")]
    before = a_reading(a_user("ann"))

    reading = await look_for_missing(session, before, people)

    assert reading.observe(new) is not None
    assert reading.observe(moved, object_id="id-moved") is not None
    assert reading.observe(lost) is None
    assert sorted(directory.asked) == ["id-moved", "lost@llanfair.example", "new@llanfair.example"]
    assert reading.reads == before.reads + 3


async def test_given_everybody_in_the_lists_when_looked_for_then_nothing_is_asked(
    directory: Directory, session: GraphSession
) -> None:
    reading = a_reading(a_user("ann"))

    assert await look_for_missing(session, reading, [(a_row("ann"), "")]) == reading
    assert directory.asked == []


async def test_given_a_row_by_personnel_number_when_missing_then_it_cannot_be_asked_for(
    directory: Directory, session: GraphSession
) -> None:
    await look_for_missing(session, a_reading(), [(a_row(employee_id="4711"), "")])

    assert directory.asked == []


async def test_given_a_wrong_file_when_looked_for_then_not_everybody_is_asked_for(
    directory: Directory, session: GraphSession
) -> None:
    people = [(a_row(f"p{n}"), "") for n in range(MAX_LOOKED_FOR + 50)]

    await look_for_missing(session, a_reading(), people)

    assert len(directory.asked) == MAX_LOOKED_FOR


async def test_given_nobody_can_be_asked_when_looked_for_then_nobody_is_called_absent(
    directory: Directory, session: GraphSession
) -> None:
    directory.broken = True

    with pytest.raises(GraphReadError):
        await look_for_missing(session, a_reading(), [(a_row("new"), "")])
