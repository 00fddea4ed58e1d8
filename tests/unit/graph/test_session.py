"""The session: what is repeated, what never is, and what stops a write."""

import base64
import json

import httpx
import pytest

from graph.credentials import SignInError, StaticToken
from graph.errors import GraphReadError, WritesForbidden
from graph.governor import LocalGovernor
from graph.limits import CallPriority
from graph.organization import get_tenant
from graph.teams import ensure_team
from graph.users import get_user, set_usage_locations
from teams_rollout.domain.vocabulary import Outcome

TENANT = {"value": [{"id": "t1", "displayName": "Borough of Exampleton"}]}


async def test_given_a_short_throttling_when_reading_then_it_waits_and_reads_again(
    microsoft, session, script, clock
):
    microsoft.on(
        "GET",
        "/organization",
        script(status=429, headers={"Retry-After": "3"}),
        script(body=TENANT),
    )

    tenant = await get_tenant(session)

    assert tenant.id == "t1"
    assert clock.now >= 1_003


async def test_given_a_long_throttling_when_reading_then_the_wait_goes_back_as_data(
    microsoft, session, script
):
    microsoft.on("GET", "/organization", script(status=429, headers={"Retry-After": "300"}))

    with pytest.raises(GraphReadError) as caught:
        await get_tenant(session)

    assert caught.value.code == "throttled"
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 300
    assert len(microsoft.received) == 1


async def test_given_two_hiccups_when_reading_then_the_third_attempt_counts(
    microsoft, session, script
):
    microsoft.on(
        "GET",
        "/organization",
        script(raises=httpx.ReadError("reset")),
        script(status=502, body="<html>bad gateway</html>"),
        script(body=TENANT),
    )

    assert (await get_tenant(session)).id == "t1"


async def test_given_a_missing_permission_when_reading_then_it_is_said_at_once(
    microsoft, session, script, refused
):
    body = refused("Insufficient privileges.", code="Authorization_RequestDenied")
    microsoft.on("GET", "/organization", script(status=403, body=body))

    with pytest.raises(GraphReadError) as caught:
        await get_tenant(session)

    assert caught.value.code == "permission_missing"
    assert caught.value.result.request_id == "r-1"
    assert len(microsoft.received) == 1


@pytest.mark.parametrize(
    "ambiguous",
    [httpx.ReadTimeout("slow"), httpx.ReadError("reset"), httpx.RemoteProtocolError("cut")],
)
async def test_given_an_ambiguous_failure_when_writing_then_it_is_never_sent_again(
    microsoft, session, script, ambiguous
):
    microsoft.on("PUT", "/groups/g1/team", script(raises=ambiguous))

    result = await ensure_team(session, "g1")

    assert (result.outcome, result.code) == (Outcome.TRANSIENT, "microsoft_unavailable")
    assert len(microsoft.received) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_given_a_server_error_without_a_time_when_writing_then_it_is_never_sent_again(
    microsoft, session, script, status
):
    microsoft.on("PUT", "/groups/g1/team", script(status=status))

    result = await ensure_team(session, "g1")

    assert (result.outcome, result.code) == (Outcome.TRANSIENT, "microsoft_unavailable")
    assert len(microsoft.received) == 1


async def test_given_a_short_throttling_when_writing_then_it_is_repeated_once_after_the_wait(
    microsoft, session, script, clock
):
    throttled = script(status=429, headers={"Retry-After": "4"})
    microsoft.on("PUT", "/groups/g1/team", throttled, script(status=201))

    result = await ensure_team(session, "g1")

    assert result.outcome is Outcome.APPLIED
    assert clock.now >= 1_004
    assert session.stats.throttled == 1


async def test_given_throttling_twice_when_writing_then_the_second_goes_back_as_data(
    microsoft, session, script
):
    microsoft.on("PUT", "/groups/g1/team", script(status=429, headers={"Retry-After": "2"}))

    result = await ensure_team(session, "g1")

    assert (result.outcome, result.code) == (Outcome.THROTTLED, "throttled")
    assert result.retry_after is not None
    assert len(microsoft.received) == 2


async def test_given_a_long_throttling_when_writing_then_it_goes_back_as_data(
    microsoft, session, script
):
    microsoft.on("PUT", "/groups/g1/team", script(status=429, headers={"Retry-After": "60"}))

    result = await ensure_team(session, "g1")

    assert result.retry_after is not None
    assert result.retry_after.total_seconds() == 60
    assert len(microsoft.received) == 1


async def test_given_a_pause_when_writing_then_nothing_is_sent(microsoft, open_session, script):
    async def paused() -> None:
        raise WritesForbidden

    session = open_session(write_guard=paused)

    single = await ensure_team(session, "g1")
    (batched,) = await set_usage_locations(session, [("u1", "GB")])

    assert (single.outcome, single.code) == (Outcome.THROTTLED, "paused")
    assert (batched.outcome, batched.code) == (Outcome.THROTTLED, "paused")
    assert microsoft.received == []
    assert session.stats.writes == 0


async def test_given_a_pause_when_reading_then_reads_go_on(microsoft, open_session, script):
    async def paused() -> None:
        raise WritesForbidden

    microsoft.on("GET", "/organization", script(body=TENANT))

    assert (await get_tenant(open_session(write_guard=paused))).id == "t1"


async def test_given_a_pause_during_the_wait_for_a_permit_when_writing_then_nothing_is_sent(
    microsoft, open_session, script, clock
):
    paused_at = clock.now + 1

    async def guard() -> None:
        if clock.now >= paused_at:
            raise WritesForbidden

    session = open_session(write_guard=guard)
    microsoft.on("PUT", "/groups/g1/team", script(status=429, headers={"Retry-After": "5"}))

    result = await ensure_team(session, "g1")

    assert result.code == "paused"
    assert len(microsoft.received) == 1


class Tokens:
    """A source that counts sign-ins."""

    def __init__(self, *, refused: bool = False) -> None:
        self.given = 0
        self._refused = refused

    async def token(self) -> str:
        if self._refused:
            raise SignInError("no")
        return f"token-{self.given}"

    def forget(self) -> None:
        self.given += 1

    def check(self, base_url: str) -> None:
        """Anywhere."""

    async def close(self) -> None:
        """Nothing."""


async def test_given_an_expired_token_when_writing_then_it_is_renewed_and_sent_once_more(
    microsoft, open_session, script
):
    session = open_session(token=Tokens())
    microsoft.on("PATCH", "/users/u1", script(status=204))
    microsoft.batch_answers = [script(status=401)]

    (result,) = await set_usage_locations(session, [("u1", "GB")])

    assert result.outcome is Outcome.APPLIED
    assert len(microsoft.envelopes) == 2


async def test_given_a_refused_identity_when_writing_then_the_code_says_so(microsoft, open_session):
    session = open_session(token=Tokens(refused=True))

    result = await ensure_team(session, "g1")

    assert (result.outcome, result.code) == (Outcome.TRANSIENT, "sign_in_failed")
    assert microsoft.received == []


async def test_given_no_permit_in_sight_when_writing_then_the_time_goes_back_as_data(
    microsoft, open_session, clock, script
):
    governor = LocalGovernor(clock=clock, sleep=clock.sleep, patience=10)
    session = open_session(governor=governor)
    microsoft.on("PUT", "/groups/g1/team", script(status=429, headers={"Retry-After": "90"}))
    await ensure_team(session, "g1")

    result = await ensure_team(session, "g2")

    assert result.code == "throttled"
    assert result.retry_after is not None
    assert result.retry_after.total_seconds() > 80
    assert len(microsoft.received) == 1


async def test_given_a_nightly_view_when_sending_then_microsoft_may_throttle_it_first(
    microsoft, session, script
):
    microsoft.on("GET", "/users/u1", script(status=404))

    await get_user(session.at(CallPriority.NIGHTLY), "u1")
    await get_user(session, "u1")

    assert microsoft.received[0].headers["x-ms-throttle-priority"] == "Low"
    assert "x-ms-throttle-priority" not in microsoft.received[1].headers
    assert session.stats.requests == 2


async def test_given_a_static_token_when_the_address_is_not_this_machine_then_it_is_refused(
    open_session,
):
    with pytest.raises(ValueError, match="simulator"):
        open_session(base_url="https://graph.microsoft.com/v1.0", token=StaticToken("x"))


async def test_given_names_in_refusals_when_classified_then_no_personal_data_is_kept(
    microsoft, session, script, refused
):
    who = base64.b64encode(json.dumps({"x": 1}).encode()).decode()
    text = f"User ann@example.org with number +441632960123 is odd ({who})"
    microsoft.on("PUT", "/groups/g1/team", script(status=400, body=refused(text)))

    result = await ensure_team(session, "g1")

    assert "ann@" not in result.detail
    assert "441632960123" not in result.detail
    assert "is odd" in result.detail
    assert (result.outcome, result.code) == (Outcome.FAILED, "request_refused")
    assert result.request_id == "r-1"


async def test_given_no_connection_when_writing_then_it_is_tried_once_more(
    microsoft, session, script
):
    unreachable = script(raises=httpx.ConnectTimeout("no"))
    microsoft.on("PUT", "/groups/g1/team", unreachable, script(status=201))
    microsoft.on("PUT", "/groups/g2/team", unreachable)

    first, second = await ensure_team(session, "g1"), await ensure_team(session, "g2")

    assert first.outcome is Outcome.APPLIED
    assert (second.outcome, second.code) == (Outcome.TRANSIENT, "microsoft_unavailable")
    assert len(microsoft.received) == 4
