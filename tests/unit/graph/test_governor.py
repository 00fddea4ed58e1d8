"""The governor: published limits are never passed, and nobody waits for somebody else's limit."""

import asyncio
from collections import deque
from dataclasses import replace

import pytest

from graph.governor import LocalGovernor, PermitDelayedError
from graph.limits import (
    ADMIN_WRITE,
    DIRECTORY_WRITE,
    CallPriority,
    RequestCost,
    RequestKind,
    directory_read,
)
from graph.shared_governor import SharedGovernor
from tests.unit.graph.world import MemoryRow, World, clock_in

ENVELOPE = replace(DIRECTORY_WRITE, requests=20, resource_units=20)
SCOPE = "Tenant_Application/{}/app/tenant"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(params=["local", "shared"])
def governor_in(request):
    """Make a governor in a world; the shared one is alone with its row."""

    def make(world: World, **options) -> LocalGovernor:
        if request.param == "local":
            return LocalGovernor(clock=world.clock, sleep=world.sleep, **options)
        row = MemoryRow(world)
        return SharedGovernor(row, clock=clock_in(world), sleep=world.sleep, **options)

    return make


async def send(world: World, governor: LocalGovernor, cost: RequestCost, times: int) -> list[float]:
    """When each of so many requests, sent one after another, got its permit."""
    sent: list[float] = []

    async def work() -> None:
        for _ in range(times):
            await governor.acquire(cost)
            sent.append(world.now)

    await world.run(asyncio.create_task(work()))
    return sent


def most_within(times: list[float], seconds: float) -> int:
    """The most that fell into any stretch of so many seconds."""
    window: deque[float] = deque()
    most = 0
    for at in sorted(times):
        window.append(at)
        while window[0] <= at - seconds:
            window.popleft()
        most = max(most, len(window))
    return most


async def test_given_the_window_model_when_writing_then_no_150_s_hold_more_than_the_share(
    world, governor_in
):
    sent = await send(world, governor_in(world), ENVELOPE, 300)

    assert most_within(sent, 150) * 20 == 2_400
    assert sent[-1] == pytest.approx(303, abs=2)  # 6,000 writes: two full windows, then the third


async def test_given_many_senders_when_writing_then_together_they_keep_the_limit(
    world, governor_in
):
    governor = governor_in(world)
    sent: list[float] = []

    async def work() -> None:
        for _ in range(25):
            await governor.acquire(ENVELOPE)
            sent.append(world.now)

    await world.run(*(asyncio.create_task(work()) for _ in range(8)))

    assert most_within(sent, 150) * 20 == 2_400
    assert max(sent) < 156  # and nobody is left behind: 4,000 writes need two windows


async def test_given_the_bucket_model_when_writing_then_it_refills_at_the_shared_rate(
    world, governor_in
):
    governor = governor_in(world, quota_model="bucket")

    sent = await send(world, governor, ENVELOPE, 300)

    assert sent[-1] == pytest.approx((6_000 - 2_400) / 16, rel=0.01)


async def test_given_a_refusal_under_the_bucket_model_when_it_names_writes_then_window_holds(
    world, governor_in
):
    governor = governor_in(world, quota_model="bucket")
    await send(world, governor, ENVELOPE, 120)

    headers = {"x-ms-throttle-information": "WriteLimitExceeded"}
    governor.observe(ENVELOPE, status=429, headers=headers)
    sent = await send(world, governor, ENVELOPE, 1)

    assert sent[0] >= 150


async def test_given_limits_times_50_when_writing_then_50_times_as_much_goes(world, governor_in):
    sent = await send(world, governor_in(world, limits=50), ENVELOPE, 300)

    assert sent[-1] < 0.3  # the time to ask for permits


async def test_given_put_team_when_sent_then_never_more_than_six_in_any_second(world, governor_in):
    sent = await send(world, governor_in(world), RequestCost(RequestKind.TEAM_PUT), 60)

    assert most_within(sent, 1.0) <= 6
    assert sent[-1] == pytest.approx(59 / 4.8, rel=0.02)


async def test_given_one_team_when_adding_members_then_four_at_once_and_four_a_minute(
    world, governor_in
):
    governor = governor_in(world)
    cost = RequestCost(RequestKind.MEMBERS_ADD, team_id="t1")

    sent = await send(world, governor, cost, 9)

    assert most_within(sent, 60) == 4
    assert sent[3] < 1
    assert 60 < sent[4] < 62


async def test_given_two_teams_when_one_is_exhausted_then_the_other_does_not_wait(
    world, governor_in
):
    governor = governor_in(world)
    first = RequestCost(RequestKind.MEMBERS_ADD, team_id="t1")
    second = RequestCost(RequestKind.MEMBERS_ADD, team_id="t2")
    got: dict[str, float] = {}

    async def work(cost: RequestCost, times: int) -> None:
        for _ in range(times):
            await governor.acquire(cost)
        got[cost.team_id] = world.now

    await world.run(asyncio.create_task(work(first, 5)), asyncio.create_task(work(second, 4)))

    assert got["t1"] > 60
    assert got["t2"] < 2


async def test_given_a_team_when_asked_for_its_next_permit_then_nothing_is_taken(
    world, governor_in
):
    governor = governor_in(world)
    cost = RequestCost(RequestKind.MEMBERS_ADD, team_id="t1")
    assert governor.next_member_permit("t1") == 0
    await send(world, governor, cost, 4)

    delay = governor.next_member_permit("t1")

    assert 59 < delay <= 61.5
    assert governor.next_member_permit("t1") == delay
    assert governor.next_member_permit("t2") < 1


async def test_given_a_scarce_limit_when_several_wait_then_priority_then_order_decides(
    world, governor_in
):
    governor = governor_in(world)
    await send(world, governor, ENVELOPE, 120)  # the wave's share is used up
    order: list[str] = []

    async def work(name: str, priority: CallPriority) -> None:
        await governor.acquire(ENVELOPE.at(priority))
        order.append(name)

    tasks = [
        asyncio.create_task(work("nightly", CallPriority.NIGHTLY)),
        asyncio.create_task(work("wave 1", CallPriority.WAVE)),
        asyncio.create_task(work("wave 2", CallPriority.WAVE)),
        asyncio.create_task(work("person", CallPriority.INTERACTIVE)),
    ]
    await world.run(*tasks)

    assert order == ["person", "wave 1", "wave 2", "nightly"]


async def test_given_a_wave_that_used_its_share_when_a_person_acts_then_a_reserve_is_left(
    world, governor_in
):
    governor = governor_in(world)
    await send(world, governor, ENVELOPE, 120)

    sent = await send(world, governor, ENVELOPE.at(CallPriority.INTERACTIVE), 1)

    assert sent[0] < 5


@pytest.mark.parametrize(
    ("scope", "reads_wait", "writes_wait"),
    [("Read", True, False), ("Write", False, True), ("ReadWrite", True, True)],
)
async def test_given_a_throttle_scope_when_penalised_then_exactly_that_waits(
    world, governor_in, scope, reads_wait, writes_wait
):
    governor = governor_in(world)
    await governor.penalise(DIRECTORY_WRITE, seconds=30, scope=SCOPE.format(scope))

    got: dict[str, float] = {}

    async def work(cost: RequestCost) -> None:
        await governor.acquire(cost)
        got[cost.kind] = world.now

    costs = (directory_read(1), DIRECTORY_WRITE)
    await world.run(*(asyncio.create_task(work(cost)) for cost in costs))

    assert (got["directory_read"] >= 30) is reads_wait
    assert (got["directory_write"] >= 30) is writes_wait


async def test_given_no_scope_when_a_team_is_throttled_then_only_that_team_waits(
    world, governor_in
):
    governor = governor_in(world)
    first = RequestCost(RequestKind.MEMBERS_ADD, team_id="t1")
    await governor.penalise(first, seconds=20, scope="")

    other = await send(world, governor, replace(first, team_id="t2"), 1)

    assert other[0] < 0.3
    assert governor.next_member_permit("t1") > 19


async def test_given_no_retry_after_when_penalised_again_and_again_then_the_pause_doubles(
    world, governor_in
):
    governor = governor_in(world)
    pauses = []
    for _ in range(3):
        await governor.penalise(ADMIN_WRITE, seconds=None, scope="")
        before = world.now
        (sent,) = await send(world, governor, ADMIN_WRITE, 1)
        pauses.append(sent - before)

    assert pauses == pytest.approx([2, 4, 8], abs=0.05)


async def test_given_microsoft_near_its_limit_when_it_says_so_then_we_slow_down_and_recover(
    world, governor_in
):
    governor = governor_in(world)
    headers = {"x-ms-throttle-limit-percentage": "1.2"}
    governor.observe(ENVELOPE, status=200, headers=headers)

    slowed = await send(world, governor, ENVELOPE, 6)

    assert slowed[-1] - slowed[0] > 15  # 100 writes at a fifth of 20 a second, until it is calm
    world.now += 60
    recovered = await send(world, governor, ENVELOPE, 6)
    assert recovered[-1] - recovered[0] < 1


async def test_given_our_own_share_when_microsoft_reports_it_then_nobody_slows_down(
    world, governor_in
):
    governor = governor_in(world)
    governor.observe(ENVELOPE, status=200, headers={"x-ms-throttle-limit-percentage": "0.8"})

    sent = await send(world, governor, ENVELOPE, 6)

    assert sent[-1] < 1


async def test_given_a_wait_beyond_patience_when_asking_then_its_length_is_said(world, governor_in):
    governor = governor_in(world, patience=10)
    await governor.penalise(ADMIN_WRITE, seconds=600, scope="")

    with pytest.raises(PermitDelayedError) as caught:
        await governor.acquire(ADMIN_WRITE)

    assert caught.value.seconds == pytest.approx(600)


async def test_given_kinds_when_asked_for_envelopes_then_only_long_windows_are_filled(
    world, governor_in
):
    governor = governor_in(world)

    assert governor.envelope_size(RequestKind.DIRECTORY_WRITE) == 20
    assert governor.envelope_size(RequestKind.TEAM_PUT) == 1
    assert governor.envelope_size(RequestKind.ADMIN_WRITE) == 3
    assert governor_in(world, limits=50).envelope_size(RequestKind.ADMIN_WRITE) == 20
    assert governor_in(world, limits=50).envelope_size(RequestKind.TEAM_PUT) == 20


async def test_given_envelopes_of_a_per_second_class_when_sent_on_then_no_second_holds_more(
    world, governor_in
):
    governor = governor_in(world)
    envelope = replace(ADMIN_WRITE, requests=governor.envelope_size(RequestKind.ADMIN_WRITE))

    sent = await send(world, governor, envelope, 100)

    assert most_within(sent, 1.0) * envelope.requests <= 30
    assert sent[-1] == pytest.approx(99 * 3 / 24, rel=0.05)


async def test_given_a_waiter_that_gives_up_when_cancelled_then_nobody_waits_behind_it(
    world, governor_in
):
    governor = governor_in(world)
    await send(world, governor, ENVELOPE, 120)
    waiter = asyncio.create_task(governor.acquire(ENVELOPE))
    await asyncio.sleep(0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter

    world.now += 151
    before = world.now
    sent = await send(world, governor, ENVELOPE.at(CallPriority.NIGHTLY), 1)

    assert sent[0] < before + 1
