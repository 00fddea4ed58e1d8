"""Hand-offs over HTTP: who waits, the file that leaves, the result that comes back."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from teams_rollout.domain.configuration import SkypeSection
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.vocabulary import Environment, Outcome, Step
from teams_rollout.ledger.records import TimelineEvent, UserRecord
from tests.unit.entrypoints.doubles import NOW, MemoryLedger, MemoryServices, MemoryStarter
from tests.unit.entrypoints.test_access import a_principal

WAITS = StepRecord(outcome=Outcome.WAITING, code="handed_off_server_team", at=NOW)
REFUSED = StepRecord(outcome=Outcome.BLOCKED, code="move_refused", at=NOW)
DONE = StepRecord(outcome=Outcome.ALREADY, at=NOW)
SENT = StepRecord(outcome=Outcome.APPLIED, at=NOW)
READY = {Step.RESOLVE: DONE, Step.USAGE_LOCATION: DONE, Step.LICENSE: DONE}
FILE = {"wave": "pilot", "addressee": "server_team"}


def add(
    ledger: MemoryLedger, number: int, mode: StepRecord | None = WAITS, **values: Any
) -> UserRecord:
    """A person on the server whose wave has come so far."""
    steps = {**READY, **({Step.COEXISTENCE: mode} if mode else {})}
    fields: dict[str, Any] = {
        "observed": {"homing": "onPremises"},
        "started": True,
        "steps": steps,
        **values,
    }
    return ledger.add_user(number, **fields)


@pytest.fixture(autouse=True)
def _a_wave(ledger: MemoryLedger) -> None:
    ledger.add_wave("pilot")


def result_file(*rows: tuple[str, str, str]) -> dict[str, Any]:
    """A file with user id, result and reason."""
    text = "schema_version,action,user_id,result,reason\n"
    text += "".join(f"1,move_user,{user},{result},{why}\n" for user, result, why in rows)
    return {"file": ("back.csv", text)}


async def test_people_who_wait_when_listed_then_counts_without_names(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    add(ledger, 1)
    add(ledger, 2, WAITS.model_copy(update={"at": NOW - timedelta(days=3)}))
    add(ledger, 3, REFUSED)
    add(ledger, 4, steps={**READY, Step.LICENSE: SENT, Step.COEXISTENCE: WAITS})
    add(ledger, 5, assignment={"hold_until": date(2030, 1, 1)})
    add(ledger, 6, DONE)

    answer = await client.get("/api/v1/hand-offs", params={"wave": "pilot"})

    (row,) = answer.json()["value"]
    assert (row["wave"], row["addressee"], row["people"]) == ("pilot", "server_team", 2)
    assert (row["not_ready"], row["on_hold"], row["refused"]) == (1, 1, 1)
    assert row["since"].startswith("2026-11-18")
    assert "@" not in answer.text


async def test_a_file_when_written_then_only_who_is_ready_and_nothing_changes_but_the_audit(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ready = add(ledger, 1)
    add(ledger, 2, steps={**READY, Step.LICENSE: SENT, Step.COEXISTENCE: WAITS})
    add(ledger, 3, assignment={"hold_until": date(2030, 1, 1)})
    add(ledger, 4, REFUSED)
    add(ledger, 5, wave="Wave 1")
    before = dict(ledger.users)

    hand_off = (await client.post("/api/v1/hand-offs", json=FILE)).json()

    (line,) = hand_off["lines"]
    assert (line["user_id"], line["sign_in_name"]) == (ready.object_id, ready.upn)
    assert (line["owner"], line["since"]) == ("server team", "2026-11-21T12:00:00Z")
    assert (line["environment"], line["action"]) == ("REHEARSAL", "move_user")
    assert any("-Force" in note for note in hand_off["notes"])
    assert (ledger.users, ledger.commits) == (before, [])
    assert (ledger.audit[-1].action, ledger.audit[-1].detail.split()[0]) == ("hand off pilot", "1")
    assert "@" not in ledger.audit[-1].detail


async def test_a_file_when_asked_with_the_refused_then_they_are_in_it(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    add(ledger, 1, REFUSED)

    hand_off = (await client.post("/api/v1/hand-offs", json={**FILE, "with_refused": True})).json()

    assert len(hand_off["lines"]) == 1


async def test_a_file_when_asked_as_csv_then_it_can_come_back_as_it_is(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    add(ledger, 1)

    answer = await client.post("/api/v1/hand-offs", json={**FILE, "format": "csv"})

    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    row["result"] = "done"
    back = io.StringIO()
    writer = csv.DictWriter(back, row)
    writer.writeheader()
    writer.writerow(row)
    taken = await client.post(
        "/api/v1/hand-offs/results", files={"file": ("back.csv", back.getvalue())}
    )
    assert (taken.status_code, taken.json()["result"]["reported"]) == (202, 1)


async def test_a_file_when_live_and_homing_is_not_proved_then_refused_with_the_cure(
    client: httpx.AsyncClient, ledger: MemoryLedger, services: MemoryServices
):
    add(ledger, 1)
    services.settings.environment, services.settings.easy_auth = Environment.LIVE, True
    client.headers["X-MS-CLIENT-PRINCIPAL"] = a_principal("Rollout.Operate")

    refused = await client.post("/api/v1/hand-offs", json=FILE)

    assert (refused.status_code, refused.json()["type"]) == (409, "urn:rollout:homing-not-proved")
    assert "rollout doctor" in refused.json()["do"]
    assert ledger.rollout is not None
    skype = SkypeSection(known_on_premises="kim@llanfair.example")
    config = ledger.rollout.config.model_copy(update={"skype": skype})
    ledger.rollout = ledger.rollout.model_copy(update={"config": config})
    assert (await client.post("/api/v1/hand-offs", json=FILE)).status_code == 409, "named only"
    proved = {"homing_proved_by": "kim@llanfair.example"}
    ledger.rollout = ledger.rollout.model_copy(update=proved)
    assert (await client.post("/api/v1/hand-offs", json=FILE)).status_code == 200


async def test_results_when_taken_then_kept_and_the_work_started(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    one, two = add(ledger, 1), add(ledger, 2)

    answer = await client.post(
        "/api/v1/hand-offs/results",
        files=result_file((one.object_id, "done", ""), (two.object_id, "failed", "other")),
    )

    operation = answer.json()
    assert answer.status_code == 202
    assert (operation["result"]["reported"], operation["result"]["unanswered"]) == (2, 0)
    kept = ledger.reports[operation["id"]]
    assert [(r.key, r.result.value) for r in kept] == [(one.key, "done"), (two.key, "failed")]
    name, _, payload = starter.started[0]
    assert name == "hand_off_orchestration"
    assert "@" not in str(payload)
    assert one.object_id not in str(payload)


async def test_results_with_faults_when_taken_then_all_told_and_nothing_saved(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    one, early = add(ledger, 1), ledger.add_user(2)

    answer = await client.post(
        "/api/v1/hand-offs/results",
        files=result_file(
            (one.object_id, "perhaps", ""), ("nobody", "done", ""), (early.object_id, "done", "")
        ),
    )

    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "urn:rollout:result-not-valid")
    assert [(e["line"], e["column"], e["code"]) for e in problem["errors"]] == [
        (2, "result", "invalid_result"),
        (3, "user_id", "unknown_person"),
        (4, "user_id", "not_handed_off"),
    ]
    assert (ledger.reports, starter.started, ledger.operations) == ({}, [], {})


async def test_a_person_whom_the_server_refused_when_shown_then_the_teams_own_words(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    done = dict.fromkeys((s for s in Step if s is not Step.COEXISTENCE), DONE)
    user = add(ledger, 1, steps={**done, Step.COEXISTENCE: REFUSED})
    event = {"at": NOW, "step": "coexistence", "outcome": "blocked", "code": "move_refused"}
    ledger.timelines[user.key.shard, user.key.ref] = [
        TimelineEvent(**event, detail="pool <b>not</b> reachable"),
        TimelineEvent(at=NOW, step="license", outcome="applied", detail="operation-7"),
    ]

    shown = (await client.post("/api/v1/users/show", json={"upn": user.upn})).json()
    page = (await client.get(f"/helpdesk/people/0001-{user.key.ref}")).text

    assert sorted(e["detail"] for e in shown["timeline"]) == ["", "pool <b>not</b> reachable"]
    assert "They say: pool &lt;b&gt;not&lt;/b&gt; reachable" in page
    assert (shown["owner"], "operation-7" in page) == ("server team", False)


async def test_a_person_who_is_handed_off_when_shown_then_owner_since_and_reason(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    done = dict.fromkeys((s for s in Step if s is not Step.COEXISTENCE), DONE)
    user = add(ledger, 1, steps={**done, Step.COEXISTENCE: WAITS})

    page = (await client.get(f"/helpdesk/people/0001-{user.key.ref}")).text

    assert "Server team" in page
    assert "Waiting, since 21 November 2026, 12:00" in page
    assert "only the server team can move it" in page
    assert "Owner: server team" in page
