"""Writes end soon after a stop, and when nobody can tell whether there is one."""

import asyncio

import pytest

from graph.errors import WritesForbidden
from graph.stop_sign import StopSign
from graph.users import set_usage_locations
from teams_rollout.domain.vocabulary import Outcome

EVERYTHING, WAVE = "everything", "wave:pilot"


class Desk:
    """Where people say what is stopped; it may be out of reach."""

    def __init__(self) -> None:
        self.stopped: set[str] = set()
        self.ended: set[str] = set()
        self.reads = 0
        self.broken = False
        self.now = 100.0

    async def read(self) -> dict[str, bool]:
        self.reads += 1
        await asyncio.sleep(0)
        if self.broken:
            raise ConnectionError("made up")
        return dict.fromkeys(self.stopped, False) | dict.fromkeys(self.ended, True)

    def sign(self) -> StopSign:
        return StopSign(self.read, clock=lambda: self.now)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_given_nothing_stopped_when_many_write_then_all_pass_on_one_look(desk):
    check = desk.sign().guard(EVERYTHING, WAVE)

    await asyncio.gather(*(check() for _ in range(50)))

    assert desk.reads == 1


@pytest.mark.parametrize("stopped", [EVERYTHING, WAVE])
async def test_given_a_stop_when_a_second_has_passed_then_nobody_writes(desk, stopped):
    check = desk.sign().guard(EVERYTHING, WAVE)
    await check()
    desk.stopped = {stopped}

    desk.now += 1.01

    with pytest.raises(WritesForbidden):
        await check()


async def test_given_another_wave_stopped_when_writing_then_it_passes(desk):
    desk.stopped = {"wave:other"}

    await desk.sign().guard(EVERYTHING, WAVE)()


async def test_given_a_stop_that_is_taken_back_when_a_second_has_passed_then_writing_goes_on(desk):
    desk.stopped = {EVERYTHING}
    check = desk.sign().guard(EVERYTHING)
    with pytest.raises(WritesForbidden):
        await check()
    desk.stopped = set()

    desk.now += 1.01

    await check()


async def test_given_a_stop_for_good_beside_one_that_may_end_when_writing_then_it_is_for_good(desk):
    desk.stopped, desk.ended = {EVERYTHING}, {WAVE}

    with pytest.raises(WritesForbidden) as both:
        await desk.sign().guard(EVERYTHING, WAVE)()
    with pytest.raises(WritesForbidden) as freeze:
        await desk.sign().guard(EVERYTHING)()

    assert (both.value.for_good, freeze.value.for_good) == (True, False)


async def test_given_a_session_with_two_guards_when_either_stops_then_only_that_session_does(
    desk, microsoft, open_session, script
):
    desk.stopped = {WAVE}
    sign = desk.sign()
    session = open_session(write_guard=sign.guard(EVERYTHING))
    microsoft.on("PATCH", "/users/u1", script(status=204))

    (stopped,) = await set_usage_locations(session.behind(sign.guard(WAVE)), [("u1", "GB")])
    (free,) = await set_usage_locations(session, [("u1", "GB")])

    assert (stopped.outcome, free.outcome) == (Outcome.THROTTLED, Outcome.APPLIED)


async def test_given_an_unreadable_flag_when_young_then_the_last_look_holds_and_after_3_s_it_stops(
    desk,
):
    check = desk.sign().guard(EVERYTHING)
    await check()
    desk.broken = True

    desk.now += 2.9
    await check()
    desk.now += 0.2

    with pytest.raises(WritesForbidden):
        await check()


async def test_given_a_flag_that_could_never_be_read_when_writing_then_nobody_writes(desk):
    desk.broken = True

    with pytest.raises(WritesForbidden):
        await desk.sign().guard(EVERYTHING)()


async def test_given_an_unreadable_flag_when_many_write_then_it_is_asked_once_a_second(desk):
    desk.broken = True
    check = desk.sign().guard(EVERYTHING)

    results = await asyncio.gather(*(check() for _ in range(50)), return_exceptions=True)

    assert all(isinstance(result, WritesForbidden) for result in results)
    assert desk.reads == 1


async def test_given_a_flag_that_hangs_when_writing_then_it_is_not_waited_for(desk):
    async def hang() -> dict[str, bool]:
        await asyncio.get_running_loop().create_future()
        return {}

    check = StopSign(hang, clock=lambda: desk.now).guard(EVERYTHING)

    async with asyncio.timeout(5):
        with pytest.raises(WritesForbidden):
            await check()


async def test_given_a_frozen_session_when_changing_people_then_nothing_is_sent(
    desk, microsoft, open_session, script
):
    desk.stopped = {EVERYTHING}
    session = open_session(write_guard=desk.sign().guard(EVERYTHING))
    microsoft.on("PATCH", "/users/u1", script(status=204))

    (result,) = await set_usage_locations(session, [("u1", "GB")])

    assert (result.outcome, result.code) == (Outcome.THROTTLED, "paused")
    assert microsoft.writes() == []
