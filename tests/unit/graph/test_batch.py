"""Our own `$batch`: never trusts the envelope, never loses or doubles an item."""

import asyncio
import json
from dataclasses import replace

import httpx
import pytest

from graph.batch import MAX_ENVELOPE_BYTES, encode
from graph.limits import ADMIN_WRITE, DIRECTORY_WRITE, directory_read
from graph.users import set_usage_locations
from graph.wire import GraphRequest
from teams_rollout.domain.vocabulary import Outcome


def change(user_id: str, *, weight: int = 10) -> GraphRequest:
    content = b'{"usageLocation":"' + b"G" * weight + b'"}'
    headers = {"content-type": "application/json"}
    return GraphRequest("PATCH", f"/users/{user_id}", DIRECTORY_WRITE, user_id, headers, content)


def test_given_an_action_without_a_body_when_packed_then_it_has_an_empty_one_and_its_type():
    # A write without either makes Graph refuse the whole envelope.
    action = GraphRequest("POST", "/users/u1/reprocessLicenseAssignment", DIRECTORY_WRITE, "u1")
    reading = GraphRequest("GET", "/users/u1", directory_read(1))

    first, second = json.loads(encode([action, reading]))["requests"]

    assert (first["body"], first["headers"]) == ({}, {"Content-Type": "application/json"})
    assert "body" not in second


@pytest.fixture
def accepting(microsoft, script):
    microsoft.on("PATCH", "/users/.*", script(status=204))
    return microsoft


async def test_given_45_changes_when_sent_then_envelopes_hold_at_most_20_relative_urls(
    accepting, session
):
    results = await set_usage_locations(session, [(f"u{n}", "GB") for n in range(45)])

    assert [r.outcome for r in results] == [Outcome.APPLIED] * 45
    assert sorted(len(e["requests"]) for e in accepting.envelopes) == [5, 20, 20]
    first = accepting.envelopes[0]["requests"][0]
    assert first["url"].startswith("/users/")
    assert first["headers"]["Content-Type"] == "application/json"
    assert session.stats.writes == 45


async def test_given_answers_in_another_order_when_read_then_each_finds_its_person(
    microsoft, session, script, refused
):
    microsoft.reverse_items = True
    microsoft.on("PATCH", "/users/good.*", script(status=204))
    microsoft.on("PATCH", "/users/bad", script(status=404, body=refused("none")))

    results = await set_usage_locations(session, [("good1", "GB"), ("bad", "GB"), ("good2", "GB")])

    assert [r.outcome for r in results] == [Outcome.APPLIED, Outcome.BLOCKED, Outcome.APPLIED]


async def test_given_an_item_without_an_answer_when_read_then_its_fate_is_unknown(
    accepting, session
):
    accepting.drop_item = "1"

    results = await set_usage_locations(session, [("u0", "GB"), ("u1", "GB")])

    assert results[0].outcome is Outcome.APPLIED
    assert (results[1].outcome, results[1].code) == (Outcome.TRANSIENT, "microsoft_unavailable")
    assert len(accepting.envelopes) == 1


@pytest.mark.parametrize("body", ["<html>", {"responses": None}, {"responses": [{"id": "0"}]}])
async def test_given_a_200_envelope_that_makes_no_sense_when_read_then_nobody_is_done(
    accepting, session, script, body
):
    accepting.batch_answers = [script(body=body)]

    (result,) = await set_usage_locations(session, [("u0", "GB")])

    assert (result.outcome, result.code) == (Outcome.TRANSIENT, "microsoft_unavailable")


async def test_given_a_lost_envelope_when_read_then_every_item_is_uncertain_and_not_sent_again(
    accepting, session, script
):
    accepting.batch_answers = [script(raises=httpx.ReadTimeout("slow"))]

    results = await set_usage_locations(session, [("u0", "GB"), ("u1", "GB")])

    assert {r.code for r in results} == {"microsoft_unavailable"}
    assert len(accepting.envelopes) == 1


async def test_given_throttled_items_when_read_then_only_they_are_sent_again_after_the_longest_wait(
    microsoft, session, script, clock
):
    microsoft.on("PATCH", "/users/calm", script(status=204))
    for user, wait in (("busy1", "2"), ("busy2", "5")):
        throttled = script(status=429, headers={"Retry-After": wait})
        microsoft.on("PATCH", f"/users/{user}", throttled, script(status=204))

    results = await set_usage_locations(session, [("busy1", "GB"), ("calm", "GB"), ("busy2", "GB")])

    assert [r.outcome for r in results] == [Outcome.APPLIED] * 3
    assert [i["url"] for i in microsoft.envelopes[1]["requests"]] == [
        "/users/busy1",
        "/users/busy2",
    ]
    assert clock.now >= 1_005


async def test_given_a_throttled_item_with_a_long_wait_when_read_then_it_goes_back_as_data(
    microsoft, session, script
):
    microsoft.on("PATCH", "/users/busy", script(status=429, headers={"retry-after": "42"}))

    (result,) = await set_usage_locations(session, [("busy", "GB")])

    assert result.outcome is Outcome.THROTTLED
    assert result.retry_after is not None
    assert result.retry_after.total_seconds() == 42
    assert len(microsoft.envelopes) == 1


async def test_given_two_changes_of_one_person_when_sent_then_they_never_share_an_envelope(
    accepting, session
):
    answers = await session.write_many([change("u1"), change("u2"), change("u1")])

    assert [a.status for a in answers] == [204] * 3
    assert [[i["url"] for i in e["requests"]] for e in accepting.envelopes] == [
        ["/users/u1", "/users/u2"],
        ["/users/u1"],
    ]


async def test_given_heavy_changes_when_sent_then_envelopes_are_split_by_size(accepting, session):
    heavy = [change(f"u{n}", weight=MAX_ENVELOPE_BYTES // 3) for n in range(5)]

    await session.write_many(heavy)

    assert sorted(len(e["requests"]) for e in accepting.envelopes) == [1, 2, 2]


async def test_given_different_kinds_when_sent_then_an_envelope_holds_one_kind(accepting, session):
    other = replace(change("u2"), cost=ADMIN_WRITE)

    await session.write_many([change("u1"), other, change("u3")])

    urls = [[i["url"] for i in e["requests"]] for e in accepting.envelopes]
    assert sorted(urls) == [["/users/u1", "/users/u3"], ["/users/u2"]]


async def test_given_many_envelopes_when_sent_then_four_are_under_way_at_once(open_session, script):
    under_way, most = 0, 0

    async def slow(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return httpx.Response(200, json={"responses": []})

    session = open_session(http_transport=httpx.MockTransport(slow))

    await set_usage_locations(session, [(f"u{n}", "GB") for n in range(200)])

    assert most == 4
