"""Seats promised to waves: one row per SKU, changed under its ETag.

A promise is set, never added to: whoever repeats it comes to the same.
"""

from collections.abc import Iterable, Mapping

from activities.deps import Deps
from teams_rollout.domain.planning import Candidate, seats_needed
from teams_rollout.ledger.ports import Conflict
from teams_rollout.ledger.records import RolloutRecord, WaveRecord


async def reserve_seats(
    deps: Deps, rollout: RolloutRecord, wave: WaveRecord, people: Iterable[Candidate]
) -> None:
    """Promise the wave what these people need, so that another wave cannot count on it.

    What an earlier try had promised and nobody needs any more is given back.
    """
    await _promise(deps, rollout, wave, seats_needed(people))


async def release_seats(deps: Deps, rollout: RolloutRecord, wave: WaveRecord) -> None:
    """Withdraw everything that was promised to the wave."""
    await _promise(deps, rollout, wave, {})


async def _promise(
    deps: Deps, rollout: RolloutRecord, wave: WaveRecord, seats: Mapping[str, int]
) -> None:
    for part_number in sorted({*seats, *_known(rollout)}):
        await _set(deps, rollout.rollout_id, part_number, wave.slug, seats.get(part_number, 0))


def _known(rollout: RolloutRecord) -> set[str]:
    """Every SKU that a profile names or has named: a profile may be gone when a wave closes."""
    named = {p for profile in rollout.config.profiles.values() for p in profile.skus}
    return named | {sku.part_number for sku in rollout.catalogue.skus}


async def _set(deps: Deps, rollout_id: str, part_number: str, wave: str, count: int) -> None:
    """One wave's promise for a SKU; 0 withdraws it. Lost races are run again."""
    while True:
        ledger = await deps.ledger.get_seats(rollout_id, part_number)
        reserved = {w: n for w, n in ledger.reserved.items() if w != wave}
        if count:
            reserved[wave] = count
        if reserved == ledger.reserved:
            return
        try:
            await deps.ledger.save_seats(
                rollout_id, ledger.model_copy(update={"reserved": reserved})
            )
        except Conflict:
            continue
        return
