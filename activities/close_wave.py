"""Closes a wave with its report, and gives back the seats that it did not use.

Idempotent: a closed wave stays as it is.
"""

from activities.deps import Deps
from activities.seats import release_seats
from activities.wave_report import WaveCount, count_by_wave
from teams_rollout.contracts.payloads import StepResult, WaveRequest
from teams_rollout.domain.transitions import may_move
from teams_rollout.domain.vocabulary import UserState, WaveState
from teams_rollout.ledger.records import WaveRecord


async def close_wave(deps: Deps, request: WaveRequest) -> StepResult:
    """Count people by state and cause, and close."""
    rollout = await deps.ledger.find_rollout()
    wave = await deps.ledger.find_wave(request.rollout_id, request.wave)
    if rollout is None or wave is None or wave.epoch != request.epoch:
        return StepResult()
    if wave.state.is_closed:
        await release_seats(deps, rollout, wave)  # a wave that was cancelled keeps none
        return StepResult()
    users = [u async for u in deps.ledger.list_users(request.rollout_id) if u.wave == wave.slug]
    count = count_by_wave(users)[wave.slug]
    await release_seats(deps, rollout, wave)
    await _close(deps, wave, count)
    return StepResult(counts=dict(count.by_state))


async def _close(deps: Deps, wave: WaveRecord, count: WaveCount) -> None:
    failed = count.by_state[UserState.FAILED.value]
    to = WaveState.COMPLETED_WITH_FAILURES if failed else WaveState.COMPLETED
    if not may_move(wave.state, to):
        return
    await deps.ledger.save_wave(
        wave.model_copy(
            update={
                "state": to,
                "reason": f"{failed} people failed" if failed else "",
                "ended_at": deps.clock(),
                "users": count.by_state.total(),
                "report": count.report(),
            }
        )
    )
