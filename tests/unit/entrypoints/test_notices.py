"""Notices over HTTP: preview changes nothing, sending is an operation, lists are pages."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from teams_rollout.contracts import names
from teams_rollout.domain.configuration import NoticeKind, NoticesSection, WaveSection
from teams_rollout.domain.notices import NoticeMark
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.vocabulary import STEP_ORDER, Outcome, WaveState
from teams_rollout.ledger.notice_records import NoticeMarker
from tests.unit.entrypoints.doubles import NOW, MemoryLedger, MemoryStarter

PREVIEW = "/api/v1/waves/pilot/notices/preview"
SEND = "/api/v1/waves/pilot/notices"
LIST = "/api/v1/waves/pilot/notices/list"
SENDER = "team@sample.example"
MONDAY = date(2026, 11, 23)
DONE = {step: StepRecord(outcome=Outcome.ALREADY, at=NOW) for step in STEP_ORDER}


def configure(ledger: MemoryLedger, **settings: Any) -> None:
    """Switch notices on."""
    assert ledger.rollout is not None
    section = NoticesSection(**{"sender": SENDER, **settings})
    config = ledger.rollout.config.model_copy(update={"notices": section})
    ledger.rollout = ledger.rollout.model_copy(update={"config": config})


@pytest.fixture
def wave(ledger: MemoryLedger):
    """A pilot that moves on Monday, of people of every kind."""
    configure(ledger)
    ledger.add_wave("pilot", section=WaveSection(start_at=NOW + timedelta(days=2)))
    ledger.add_user(
        1, name="Bronwen Rees", wave="pilot", observed={"mail": "b.rees@sample.example"}
    )
    ledger.add_user(2, name="Kiosk Rees", wave="pilot")
    guest = {"mail": "guest@other.example", "is_guest": True}
    ledger.add_user(3, name="Gwen Guest", wave="pilot", observed=guest)
    done = {"mail": "done@sample.example"}
    ledger.add_user(4, name="Dai Done", wave="pilot", observed=done, started=True, steps=dict(DONE))
    ledger.add_user(5, name="Ella Elsewhere", wave="other", observed=done)


async def test_wave_when_previewed_then_every_kind_is_counted_and_nothing_is_started(
    client: httpx.AsyncClient, starter: MemoryStarter, ledger: MemoryLedger, wave
):
    answer = (await client.post(PREVIEW)).json()

    kinds = {kind["kind"]: kind for kind in answer["kinds"]}
    before = kinds["before"]
    assert set(kinds) == set(NoticeKind)
    assert (before["mail"], before["list"], before["date"]) == (1, 1, "2026-11-23")
    assert before["left_out"] == {"guest": 1, "done": 1}
    assert (kinds["done"]["mail"], kinds["done"]["left_out"]) == (1, {"guest": 1, "not_done": 2})
    assert "Bronwen Rees" in before["sample"]["text"]
    assert before["sample"]["subject"].startswith("REHEARSAL: ")
    assert before["people"] == []
    assert (starter.started, ledger.orders) == ([], {})


async def test_kind_when_previewed_alone_then_everybody_is_listed_with_the_way(
    client: httpx.AsyncClient, wave
):
    answer = (await client.post(PREVIEW, json={"kind": "before"})).json()

    ways = {p["display_name"]: (p["way"], p["reason"]) for p in answer["kinds"][0]["people"]}
    assert ways == {
        "Bronwen Rees": ("mail", ""),
        "Kiosk Rees": ("list", ""),
        "Gwen Guest": ("none", "guest"),
        "Dai Done": ("none", "done"),
    }


async def test_told_people_when_previewed_then_counted_apart(
    client: httpx.AsyncClient, ledger: MemoryLedger, wave
):
    key = ledger.users["sample:0001", "u000001"].key
    ledger.notices.append(
        NoticeMarker(
            rollout_id="sample",
            wave="pilot",
            kind=NoticeKind.BEFORE,
            occasion="2026-11-23",
            mark=NoticeMark.UNCERTAIN,
            order="o",
            attempt="a",
            at=NOW,
            key=key,
        )
    )

    answer = (await client.post(PREVIEW, json={"kind": "before"})).json()["kinds"][0]

    assert (answer["mail"], answer["told"], answer["uncertain"]) == (0, 1, 1)
    assert answer["people"][0]["mark"] == "uncertain"


async def test_notices_when_off_then_the_preview_says_how_to_switch_them_on(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.add_wave("pilot")

    answer = (await client.post(PREVIEW)).json()

    assert all("sender" in kind["problem"] for kind in answer["kinds"])


async def test_notice_when_sent_then_an_operation_an_order_and_an_audit_without_names(
    client: httpx.AsyncClient, starter: MemoryStarter, ledger: MemoryLedger, wave
):
    answer = await client.post(SEND, json={"kind": "before"})

    assert answer.status_code == 202
    operation_id = answer.json()["id"]
    (started,) = starter.started
    assert started[:2] == (names.NOTICES, f"op:{operation_id}")
    order = ledger.orders[operation_id]
    assert (order.kind, order.day, order.occasion) == (NoticeKind.BEFORE, MONDAY, "2026-11-23")
    assert order.refs is None
    (entry,) = ledger.audit
    assert (entry.action, entry.target, entry.rehearsal) == ("notify", "pilot", True)
    assert "Rees" not in str(started) + str(entry)


async def test_notice_when_sent_again_under_its_key_then_one_operation(
    client: httpx.AsyncClient, starter: MemoryStarter, wave
):
    key = {"Idempotency-Key": "k"}

    answers = [await client.post(SEND, json={"kind": "before"}, headers=key) for _ in range(2)]

    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(starter.started) == 1


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (WaveState.PLANNED, "before"),
        (WaveState.RUNNING, "on_the_day"),
        (WaveState.HALTED, "postponed"),
        (WaveState.COMPLETED, "done"),
    ],
)
async def test_no_kind_when_sent_then_the_one_that_fits_where_the_wave_is(
    client: httpx.AsyncClient, ledger: MemoryLedger, wave, state: WaveState, kind: str
):
    ledger.waves["pilot"] = ledger.waves["pilot"].model_copy(update={"state": state})

    answer = await client.post(SEND)

    assert answer.json()["result"]["kind"] == kind


async def test_names_when_given_then_only_they_are_meant_whatever_kind_of_name(
    client: httpx.AsyncClient, ledger: MemoryLedger, wave
):
    named = ["B.Rees@sample.example"]

    answer = await client.post(SEND, json={"kind": "before", "only": named})

    assert ledger.orders[answer.json()["id"]].refs == frozenset({"u000001"})


async def test_names_of_nobody_when_given_then_refused_with_the_names(
    client: httpx.AsyncClient, starter: MemoryStarter, wave
):
    answer = await client.post(SEND, json={"kind": "before", "only": ["nobody@sample.example"]})

    assert answer.status_code == 422
    assert "nobody@sample.example" in answer.json()["detail"]
    assert starter.started == []


@pytest.mark.parametrize(
    ("body", "words"), [({"kind": "not_signed_in"}, "--only"), ({"kind": "done"}, "left out")]
)
async def test_notice_that_cannot_be_sent_when_asked_then_409_and_what_to_do(
    client: httpx.AsyncClient, ledger: MemoryLedger, wave, body, words
):
    configure(ledger, kinds=("before", "not_signed_in"))

    answer = await client.post(SEND, json=body)

    assert answer.status_code == 409
    assert words in answer.json()["detail"]
    assert (ledger.operations, ledger.orders, ledger.audit) == ({}, {}, [])


async def test_lists_when_printed_then_a_whole_page_with_those_without_a_mailbox(
    client: httpx.AsyncClient, wave
):
    page = await client.get(LIST, params={"kind": "before"})

    assert page.headers["content-disposition"].endswith('"notices-pilot-before.html"')
    assert "Kiosk Rees" in page.text
    assert "Bronwen Rees" not in page.text
    assert "REHEARSAL" in page.text
    assert "@media print" in page.text
    assert "http" not in page.text


async def test_managers_when_named_then_each_has_a_list_and_those_without_come_last(
    client: httpx.AsyncClient, ledger: MemoryLedger, wave
):
    ledger.add_user(6, name="Ada Desk", wave="pilot", assignment={"manager": "Mair Prys"})

    page = (await client.get(LIST, params={"kind": "before"})).text

    assert page.index("Mair Prys") < page.index("Ada Desk") < page.index("No manager named")
    assert page.index("No manager named") < page.index("Kiosk Rees")
