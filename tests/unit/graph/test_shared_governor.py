"""Several processes, one quota: together within it, whatever dies, hangs or tells another time."""

import asyncio
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
from tests.unit.graph.world import MemoryRow, World, most_within, process_in

ENVELOPE = replace(DIRECTORY_WRITE, requests=20, resource_units=20)
SEND_S = 0.1
SCOPE = "Tenant_Application/{}/app/tenant"


@pytest.fixture
def world() -> World:
    return World(now=1_000_000.0)


@pytest.fixture
def row(world) -> MemoryRow:
    return MemoryRow(world)


def everything(*processes):
    return [sent for process in processes for sent in process.sent]


async def test_given_three_processes_when_all_write_then_together_they_keep_the_quota(world, row):
    processes = [process_in(world, row) for _ in range(3)]
    for process in processes:
        for _ in range(4):
            process.send(ENVELOPE, pause=SEND_S)

    await world.run_for(400)

    total = everything(*processes)
    assert most_within(total, 150) <= 2_400
    assert sum(amount for _, amount in total) >= 3 * 2_400 * 0.98  # and lose next to nothing
    shares = sorted(process.since(0) for process in processes)
    assert shares[0] > shares[-1] / 3


async def test_given_the_bucket_model_when_three_write_then_together_they_keep_the_rate(world, row):
    processes = [process_in(world, row, quota_model="bucket") for _ in range(3)]
    for process in processes:
        process.send(ENVELOPE, pause=SEND_S)
        process.send(ENVELOPE, pause=SEND_S)

    await world.run_for(200)

    total = sum(amount for _, amount in everything(*processes))
    assert 2_400 + 16 * 195 <= total <= 2_400 + 16 * 200 + 20


async def test_given_a_killed_process_when_others_go_on_then_its_share_is_used_within_30_s(
    world, row
):
    processes = [process_in(world, row, quota_model="bucket") for _ in range(3)]
    for process in processes:
        for _ in range(3):
            process.send(ENVELOPE, pause=SEND_S)
    await world.run_for(60)

    processes[0].kill()
    killed_at = world.now
    await world.run_for(60)

    late = [p.since(killed_at + 30) for p in processes]
    assert late[0] == 0
    assert sum(late) >= 16 * 30 - 40
    assert min(late[1:]) > 0


async def test_given_an_even_limit_when_three_send_then_no_second_holds_more_and_a_killed_one_frees(
    world, row
):
    processes = [process_in(world, row) for _ in range(3)]
    for process in processes:
        process.send(ADMIN_WRITE)
        process.send(replace(ADMIN_WRITE, requests=3))
    await world.run_for(20)
    killed_at = world.now
    processes[1].kill()

    await world.run_for(30)

    assert most_within(everything(*processes), 1.0) <= 30
    assert processes[0].since(killed_at + 10) + processes[2].since(killed_at + 10) >= 24 * 20 * 0.9


async def test_given_one_team_when_three_add_members_then_four_a_minute_in_all(world, row):
    processes = [process_in(world, row) for _ in range(3)]
    cost = RequestCost(RequestKind.MEMBERS_ADD, team_id="t1")
    for process in processes:
        process.send(cost)

    await world.run_for(130)

    assert most_within(everything(*processes), 60) == 4
    assert len(everything(*processes)) == 12
    newcomer = process_in(world, row)
    newcomer.governor.next_member_permit("t1")
    await world.run_for(0.2)
    assert newcomer.governor.next_member_permit("t1") > 20


async def test_given_retry_after_when_one_is_refused_then_all_pause_and_newcomers_too(world, row):
    first, second = process_in(world, row), process_in(world, row)
    first.send(ENVELOPE, pause=SEND_S, times=3)
    second.send(replace(ENVELOPE, requests=1, resource_units=1), pause=SEND_S)
    second.send(directory_read(1), pause=SEND_S)
    await world.run_for(5)

    await first.governor.penalise(ENVELOPE, seconds=90, scope=SCOPE.format("Write"))
    refused_at = world.now
    await world.run_for(30)
    newcomer = process_in(world, row)
    newcomer.send(ENVELOPE, times=1)
    reading = process_in(world, row)
    reading.send(directory_read(1), times=1)
    await world.run_for(80)

    writes = [at for at, amount in newcomer.sent + first.sent if at > refused_at]
    assert writes
    assert min(writes) >= refused_at + 90
    assert reading.sent[0][0] < refused_at + 32
    paused = most_within([s for s in second.sent if refused_at + 3 < s[0] < refused_at + 90], 1)
    assert paused <= 11  # its reads go on, its writes do not


async def test_given_a_refusal_of_the_bucket_when_one_hears_it_then_all_count_a_window(world, row):
    processes = [process_in(world, row, quota_model="bucket") for _ in range(2)]
    for process in processes:
        process.send(ENVELOPE, pause=SEND_S)
        process.send(ENVELOPE, pause=SEND_S)
    await world.run_for(20)

    headers = {"x-ms-throttle-information": "WriteLimitExceeded"}
    processes[0].governor.observe(ENVELOPE, status=429, headers=headers)
    await world.run_for(5)
    fallen_back_at = world.now
    await world.run_for(300)

    later = [sent for sent in everything(*processes) if sent[0] > fallen_back_at]
    assert most_within(later, 150) <= 2_400
    assert sum(amount for at, amount in later if at < 1_000_120) == 0


async def test_given_microsoft_near_its_limit_when_one_hears_it_then_all_slow_down(world, row):
    processes = [process_in(world, row) for _ in range(2)]
    for process in processes:
        process.send(ENVELOPE, pause=SEND_S)
    await world.run_for(3)

    headers = {"x-ms-throttle-limit-percentage": "1.2"}
    processes[0].governor.observe(ENVELOPE, status=200, headers=headers)
    await world.run_for(3)
    before = world.now
    await world.run_for(20)

    braked = sum(process.since(before) for process in processes)
    assert 0 < braked <= 4 * 20 + 60  # a fifth of twenty a second, for both together


async def test_given_a_nightly_job_elsewhere_when_a_wave_waits_then_the_wave_goes_first(world, row):
    wave = process_in(world, row, quota_model="bucket")
    nightly = process_in(world, row, quota_model="bucket")
    for _ in range(2):
        nightly.send(ENVELOPE.at(CallPriority.NIGHTLY), pause=SEND_S)
    await world.run_for(60)
    for _ in range(4):
        wave.send(ENVELOPE, pause=SEND_S)
    begun = world.now

    await world.run_for(100)

    assert wave.since(begun) >= 16 * 100 * 0.8
    assert nightly.since(begun + 10) <= 16 * 100 * 0.1


async def test_given_waves_elsewhere_that_used_their_share_when_a_person_acts_then_it_is_prompt(
    world, row
):
    waves, person = process_in(world, row), process_in(world, row)
    for _ in range(4):
        waves.send(ENVELOPE, pause=SEND_S)
    await world.run_for(60)
    asked_at = world.now

    await world.run(person.send(ENVELOPE.at(CallPriority.INTERACTIVE), times=1))

    assert person.sent[0][0] < asked_at + 1


@pytest.mark.parametrize("model", ["window", "bucket"])
async def test_given_one_process_when_compared_with_a_local_governor_then_it_loses_nothing(
    world, row, model
):
    alone = process_in(world, row, quota_model=model)
    local = process_in(world, row)
    local.governor = LocalGovernor(clock=world.clock, sleep=world.sleep, quota_model=model)
    tasks = [p.send(ENVELOPE, times=75, pause=SEND_S) for p in (alone, local) for _ in range(4)]
    begun = world.now

    await world.run(*tasks)

    took, local_took = (max(at for at, _ in p.sent) - begun for p in (alone, local))
    assert took <= local_took * 1.01
    assert row.requests <= 6_000 * 0.1


async def test_given_single_reads_one_after_another_then_few_of_them_ask_the_storage(world, row):
    process = process_in(world, row)
    begun = world.now

    await world.run(process.send(directory_read(1), times=1_000, pause=0.02))

    assert world.now - begun <= 20 * 1.03
    assert row.requests <= 40


async def test_given_idle_processes_when_time_passes_then_the_storage_is_left_alone(world, row):
    process = process_in(world, row)
    await world.run(process.send(ENVELOPE, times=1))
    await world.run_for(10)
    before = row.requests

    await world.run_for(1_000)

    assert row.requests == before
    assert before <= 6
    assert '"members":{}' in row.text


@pytest.mark.parametrize("trouble", ["down", "deaf"])
async def test_given_an_unreachable_storage_when_writing_then_it_stops_within_3_s_and_goes_on_later(
    world, row, trouble
):
    process = process_in(world, row)
    sending = process.send(replace(ENVELOPE, requests=1, resource_units=1), pause=SEND_S)
    await world.run_for(5)

    setattr(process.connection, trouble, True)
    cut_at = world.now
    with pytest.raises(PermitDelayedError) as told:
        await world.run(sending)
    last = process.sent[-1][0]
    setattr(process.connection, trouble, False)
    await world.run_for(1)
    process.send(ENVELOPE, times=1)
    await world.run_for(10)

    assert last <= cut_at + 3
    assert told.value.seconds == 5
    assert process.sent[-1][1] == 20


async def test_given_lost_answers_when_written_all_the_same_then_nothing_is_counted_away(
    world, row
):
    processes = [process_in(world, row) for _ in range(2)]
    for process in processes:
        for _ in range(3):
            process.send(ENVELOPE, pause=SEND_S)

    for _ in range(30):
        processes[0].connection.deaf = True
        await world.run_for(0.4)
        processes[0].connection.deaf = False
        await world.run_for(0.6)
    await world.run_for(250)

    assert most_within(everything(*processes), 150) <= 2_400
    assert sum(amount for _, amount in everything(*processes)) >= 4_400


async def test_given_a_process_killed_after_sending_when_others_go_on_then_its_use_is_counted(
    world, row
):
    killed, other = process_in(world, row, limits=0.1), process_in(world, row, limits=0.1)
    for _ in range(10):
        killed.send(ENVELOPE, times=1)
    await world.run_for(0.1)
    killed.kill()

    other.send(ENVELOPE, pause=SEND_S)
    await world.run_for(140)

    assert killed.since(0) == 200
    assert other.since(0) == 20  # what the dead one held ahead counts as used, too


async def test_given_a_lease_left_over_when_it_has_ended_without_the_storage_then_it_is_not_used(
    world, row
):
    process = process_in(world, row)
    single = replace(DIRECTORY_WRITE, requests=1)
    await world.run(process.send(single, times=1))

    process.connection.down = True
    await world.run_for(3)
    with pytest.raises(PermitDelayedError):
        await world.run(process.send(single, times=1))

    assert len(process.sent) == 1


async def test_given_a_report_whose_answer_was_lost_when_reported_again_then_it_counts_once(
    world, row
):
    process = process_in(world, row, limits=0.1)
    for _ in range(8):
        process.send(ENVELOPE, times=1)
    await world.run_for(0.05)
    process.connection.deaf = True
    await world.run_for(1.5)
    process.connection.deaf = False

    for _ in range(8):
        process.send(ENVELOPE, patient=True)
    await world.run_for(130)

    assert process.since(0) == 240


@pytest.mark.parametrize("pause", [0.03, 0.05, 0.07])
async def test_given_a_slow_storage_when_sending_while_it_answers_then_that_is_counted_too(
    world, row, pause
):
    row.round_trip = 0.6
    process = process_in(world, row, limits=0.25)
    process.send(replace(DIRECTORY_WRITE, requests=1), pause=pause)

    await world.run_for(140)

    assert process.since(0) == 600


@pytest.mark.parametrize("skew", [-30.0, 30.0, 3_600.0])
async def test_given_a_clock_that_is_wrong_when_the_storage_knows_better_then_the_quota_holds(
    world, row, skew
):
    right, wrong = process_in(world, row), process_in(world, row, skew=skew)
    for process in (right, wrong):
        for _ in range(3):
            process.send(ENVELOPE, pause=SEND_S)

    await world.run_for(320)

    assert most_within(everything(right, wrong), 150) <= 2_400
    assert wrong.since(0) > 1_000


async def test_given_a_process_that_ends_when_it_says_so_then_its_lease_is_free_at_once(world, row):
    leaving, staying = process_in(world, row), process_in(world, row)
    await world.run(leaving.send(ENVELOPE, times=1))

    await world.run(asyncio.create_task(leaving.close()))
    staying.send(ENVELOPE)
    await world.run_for(5)

    assert staying.since(0) == 2_380


async def test_given_a_busy_time_when_the_row_is_written_then_it_stays_small(world, row):
    processes = [process_in(world, row) for _ in range(3)]
    for number, process in enumerate(processes):
        process.send(ENVELOPE, pause=SEND_S)
        process.send(directory_read(1), pause=0.05)
        for team in range(30):
            process.send(RequestCost(RequestKind.MEMBERS_ADD, team_id=f"team-{number}-{team}"))

    await world.run_for(30)

    assert row.longest < 30_000
