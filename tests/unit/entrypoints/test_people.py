"""People over HTTP: lists, look-up, one person, drift and audit."""

import httpx
import pytest

from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.vocabulary import Outcome, Step
from teams_rollout.ledger.records import AuditEntry, DriftItem, DriftReport, TimelineEvent
from tests.unit.entrypoints.doubles import NOW, MemoryLedger

BLOCKED = StepRecord(outcome=Outcome.BLOCKED, code="no_seats_left", at=NOW, attempts=2)
FOUND = StepRecord(outcome=Outcome.ALREADY, at=NOW)


async def read_all(client: httpx.AsyncClient, link: str) -> list[dict[str, str]]:
    """Every item behind the links."""
    items: list[dict[str, str]] = []
    following: str | None = link
    while following:
        page = (await client.get(following)).json()
        items += page["value"]
        following = page["nextLink"]
    return items


async def test_many_people_when_read_by_links_then_everybody_comes_once(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    for number in range(1_250):
        ledger.add_user(number, shard=number // 50 + 1)

    people = await read_all(client, "/api/v1/users")

    assert len({p["upn"] for p in people}) == len(people) == 1_250


async def test_people_when_filtered_then_only_those_also_far_behind(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.add_wave("Wave 1")
    ledger.add_user(1, shard=1)
    ledger.add_user(2, shard=25, wave="Wave 1", started=True, steps={Step.RESOLVE: BLOCKED})
    ledger.add_user(3, shard=25, wave="Wave 1")
    ledger.add_user(4, shard=26, wave="Wave 1", removed=True)

    blocked = await read_all(client, "/api/v1/users?wave=Wave 1&state=blocked")
    wave = await read_all(client, "/api/v1/users?wave=wave-1")

    assert [p["upn"] for p in blocked] == ["person2@council.example"]
    assert [p["upn"] for p in wave] == ["person2@council.example", "person3@council.example"]


async def test_people_of_an_unknown_wave_when_listed_then_the_waves_are_named(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.add_wave("Wave 1")

    answer = await client.get("/api/v1/users?wave=Wave 11")

    assert answer.status_code == 404
    assert "Wave 1." in answer.json()["detail"]


async def test_person_never_found_when_listed_then_no_id_and_the_name_of_the_file(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    assignment = {"upn": "", "employee_id": "E100"}
    missing = StepRecord(outcome=Outcome.BLOCKED, code="user_not_found", at=NOW)
    ledger.add_user(
        1, resolved=False, started=True, assignment=assignment, steps={Step.RESOLVE: missing}
    )

    (person,) = await read_all(client, "/api/v1/users")

    assert person == {
        "upn": "E100",
        "id": None,
        "wave": "pilot",
        "state": "blocked",
        "code": "user_not_found",
        "step": "resolve",
        "since": NOW.isoformat().replace("+00:00", "Z"),
        "ref": "0001-u000001",
    }


async def test_lookup_when_several_fit_then_their_ids_lead_to_them(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.add_user(1, name="Bronwen Rees")
    ledger.add_user(2, name="Zoë Rees")

    hits = (await client.post("/api/v1/users/lookup", json={"query": "zoe rees"})).json()
    person = (await client.get(f"/api/v1/users/{hits['value'][0]['ref']}")).json()

    assert [h["display_name"] for h in hits["value"]] == ["Zoë Rees"]
    assert person["upn"] == "person2@council.example"
    assert hits["more"] is False


async def test_blocked_person_when_shown_then_steps_timeline_and_what_to_say(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    steps = {Step.RESOLVE: FOUND, Step.USAGE_LOCATION: FOUND, Step.LICENSE: BLOCKED}
    user = ledger.add_user(1, started=True, steps=steps)
    ledger.timelines[user.key.shard, user.key.ref] = [
        TimelineEvent(
            at=NOW, step="license", outcome="blocked", code="no_seats_left", detail="Graph said no"
        )
    ]

    person = (await client.get("/api/v1/users/0001-u000001")).json()

    assert (person["state"], person["code"], person["step"]) == (
        "blocked",
        "no_seats_left",
        "license",
    )
    assert person["steps"][2] == {
        "step": "license",
        "outcome": "blocked",
        "code": "no_seats_left",
        "at": NOW.isoformat().replace("+00:00", "Z"),
        "verified_at": None,
        "attempts": 2,
    }
    assert person["timeline"][0]["code"] == "no_seats_left"
    assert "Graph said no" not in str(person)
    assert person["answer"] == "no"
    assert all(person[key] for key in ("sentence", "say", "do", "owner"))


async def test_person_without_a_code_when_shown_then_there_is_still_something_to_say(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    done = dict.fromkeys(Step, FOUND)
    ledger.add_user(1, started=True, steps=done, observed={"teams_enabled": True})

    person = (await client.get("/api/v1/users/0001-u000001")).json()

    assert (person["state"], person["answer"]) == ("done", "yes")
    assert all(person[key] for key in ("sentence", "say", "do", "owner"))


async def test_mode_that_came_by_itself_when_shown_then_it_waits_no_longer(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    seen = StepRecord(
        outcome=Outcome.WAITING, code="waiting_for_microsoft", at=NOW, verified_at=NOW
    )
    ledger.add_user(1, started=True, steps={**dict.fromkeys(Step, FOUND), Step.COEXISTENCE: seen})

    person = (await client.get("/api/v1/users/0001-u000001")).json()
    mode = next(s for s in person["steps"] if s["step"] == "coexistence")

    assert person["state"] == "done"
    assert (mode["outcome"], mode["code"]) == ("already", "")
    assert mode["verified_at"]


@pytest.mark.parametrize(
    "name",
    ["Person1@Council.Example", "p.one@council.example", "e100", " person1@council.example "],
)
async def test_exact_name_when_shown_then_upn_mail_or_employee_id_will_do(
    client: httpx.AsyncClient, ledger: MemoryLedger, name: str
):
    observed = {"mail": "p.one@council.example", "employee_id": "E100"}
    ledger.add_user(1, observed=observed)
    ledger.add_user(11, upn="person1@council.example.other")

    person = (await client.post("/api/v1/users/show", json={"upn": name})).json()

    assert person["ref"] == "0001-u000001"


async def test_part_of_a_name_when_shown_then_404_because_it_is_nobody_exactly(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.add_user(1)

    answer = await client.post("/api/v1/users/show", json={"upn": "person1"})

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:rollout:person-unknown"


@pytest.mark.parametrize("ref", ["0001-u999999", "nonsense", "0001-u1%23", "9999-u000001"])
async def test_unknown_person_when_asked_by_id_then_404(client: httpx.AsyncClient, ref: str):
    assert (await client.get(f"/api/v1/users/{ref}")).status_code == 404


async def test_drift_when_reported_then_counted_by_kind_and_decision(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    items = tuple(
        DriftItem(id=f"u1.{kind}", ref="u1", upn="p@c.example", kind=kind, decision=decision)
        for kind, decision in (("license", "open"), ("license", "accepted"), ("policies", "open"))
    )
    report = DriftReport(run_id="r1", started_at=NOW, complete=True, checked=9, items=items)
    ledger.drift.append(report)

    body = (await client.get("/api/v1/drift")).json()

    assert body["by_kind"] == {"license": 2, "policies": 1}
    assert (body["found"], body["open"], body["accepted"], body["repaired"]) == (3, 2, 1, 0)
    assert body["items"][0] == {
        "id": "u1.license",
        "ref": "u1",
        "upn": "p@c.example",
        "kind": "license",
        "detail": "",
        "decision": "open",
    }
    assert (await client.get("/api/v1/drift?run_id=r1")).status_code == 200
    assert (await client.get("/api/v1/drift?run_id=r2")).status_code == 404


async def test_audit_when_read_then_newest_first(client: httpx.AsyncClient, ledger: MemoryLedger):
    for action in ("import", "start"):
        ledger.audit.append(AuditEntry(at=NOW, actor="ana", action=action, target="pilot"))

    body = (await client.get("/api/v1/audit")).json()

    assert [entry["action"] for entry in body["value"]] == ["start", "import"]
