"""Importing over HTTP: faults, sizes, differences, staging."""

from typing import Any

import httpx
import pytest

from teams_rollout.domain.vocabulary import WaveState
from tests.unit.entrypoints.doubles import MemoryLedger, MemoryStarter, a_user

ROLLOUT = '[rollout]\nname = "Sample council"\n\n[profiles.office]\nskus = ["SPE_E3"]\n'
USERS = (
    "upn,wave,profile\n"
    "person1@council.example,pilot,office\n"
    "person2@council.example,Wave 1,office\n"
)
TEAMS = "team,display_name,owners\nHousing,Housing,person1@council.example\n"


def upload(**files: str | bytes) -> dict[str, Any]:
    """The three files as a form sends them."""
    texts = {"rollout": ROLLOUT, "users": USERS, "teams": TEAMS, **files}
    return {name: (f"{name}.file", text) for name, text in texts.items()}


@pytest.fixture
def _nothing_imported(ledger: MemoryLedger) -> None:
    ledger.rollout = None


@pytest.mark.usefixtures("_nothing_imported")
async def test_good_files_when_imported_then_staged_and_the_import_started(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    answer = await client.post("/api/v1/imports", files=upload())

    operation = answer.json()
    assert answer.status_code == 202
    assert (operation["result"]["users"], operation["result"]["waves"]) == (2, 2)
    staged, people = ledger.staged[operation["id"]]
    assert [p.upn for p in people] == ["person1@council.example", "person2@council.example"]
    assert (staged.remove_missing, staged.confirmed) == (False, False)
    name, instance, payload = starter.started[0]
    assert (name, instance) == ("import_orchestration", f"op:{operation['id']}")
    assert (payload["import_id"], payload["rollout_id"]) == (operation["id"], "sample-council")
    assert ledger.audit[-1].action == "import"


@pytest.mark.usefixtures("_nothing_imported")
async def test_bad_files_when_imported_then_every_fault_is_told_and_nothing_saved(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    users = USERS + "not-an-address,pilot,office\nperson3@council.example,pilot,nope\n"

    answer = await client.post("/api/v1/imports", files=upload(users=users))

    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == "urn:rollout:files-not-valid"
    assert [(e["line"], e["column"], e["code"]) for e in problem["errors"]] == [
        (4, "upn", "invalid_upn"),
        (5, "profile", "unknown_profile"),
    ]
    assert (ledger.staged, starter.started, ledger.operations) == ({}, [], {})


@pytest.mark.usefixtures("_nothing_imported")
async def test_bad_files_when_asked_to_annotate_then_the_file_comes_back_with_faults(
    client: httpx.AsyncClient,
):
    users = USERS + "person3@council.example,pilot,nope\n"

    answer = await client.post(
        "/api/v1/imports", files=upload(users=users), data={"annotate": "true"}
    )

    assert answer.json()["annotated_users_csv"].splitlines()[0] == "upn,wave,profile,fault"


@pytest.mark.usefixtures("_nothing_imported")
async def test_file_above_the_limit_when_imported_then_413_names_it(client: httpx.AsyncClient):
    answer = await client.post("/api/v1/imports", files=upload(users=b"x" * (20 * 1024 * 1024 + 1)))

    assert answer.status_code == 413
    assert "users" in answer.json()["title"]


async def test_missing_file_when_imported_then_422_names_the_field(client: httpx.AsyncClient):
    files = upload()
    del files["teams"]

    answer = await client.post("/api/v1/imports", files=files)

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:rollout:invalid-request"
    assert [e["field"] for e in answer.json()["errors"]] == ["body.teams"]


async def test_changed_people_when_imported_again_then_the_difference_is_shown_first(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    ledger.users[("sample:0001", "u000001")] = a_user(1, wave="Wave 1")  # moves to the pilot
    ledger.users[("sample:0001", "u000009")] = a_user(9)  # is not in the files any more

    answer = await client.post("/api/v1/imports", files=upload())

    problem = answer.json()
    assert answer.status_code == 409
    assert problem["type"] == "urn:rollout:import-needs-confirmation"
    assert problem["people"] == {
        "new": ["person2@council.example"],
        "changed": ["person1@council.example"],
        "missing": ["person9@council.example"],
    }
    assert (ledger.staged, starter.started) == ({}, [])


async def test_changed_people_when_confirmed_then_imported(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.users[("sample:0001", "u000009")] = a_user(9)

    answer = await client.post(
        "/api/v1/imports", files=upload(), data={"confirm": "true", "remove_missing": "true"}
    )

    assert answer.status_code == 202
    staged, _ = ledger.staged[answer.json()["id"]]
    assert (staged.confirmed, staged.remove_missing) == (True, True)


async def test_same_people_when_imported_again_then_nobody_is_asked(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.users[("sample:0001", "u000001")] = a_user(1, assignment={"line": 77})
    ledger.users[("sample:0001", "u000002")] = a_user(2, wave="Wave 1")

    assert (await client.post("/api/v1/imports", files=upload())).status_code == 202


async def test_people_of_a_started_wave_when_the_files_move_them_then_nobody_is_asked(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.add_wave("Wave 0", state=WaveState.RUNNING)
    ledger.users[("sample:0001", "u000001")] = a_user(1, wave="Wave 0")  # to the pilot, says a file
    ledger.users[("sample:0001", "u000002")] = a_user(2, wave="Wave 1")
    ledger.users[("sample:0001", "u000003")] = a_user(3, wave="Wave 0")  # and says nothing of him

    answer = await client.post("/api/v1/imports", files=upload())

    assert answer.status_code == 202
    result = answer.json()["result"]
    assert (result["changed"], result["missing"], result["frozen"]) == (0, 0, 1)


async def test_import_into_one_wave_when_others_have_people_then_those_are_not_missing(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.users[("sample:0001", "u000001")] = a_user(1, wave="Wave 9")
    ledger.users[("sample:0001", "u000002")] = a_user(2, wave="Wave 9")
    ledger.users[("sample:0001", "u000003")] = a_user(3, wave="Wave 1")

    answer = await client.post("/api/v1/imports", files=upload(), data={"wave": "Wave 9"})

    assert answer.status_code == 202
    _, people = ledger.staged[answer.json()["id"]]
    assert {p.wave for p in people} == {"Wave 9"}
