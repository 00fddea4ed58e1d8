"""Lets people go on whose hand-off is over, when another team's result file has come back.

Idempotent: a report that was taken changes nothing the second time. Done means read back: a report
alone says whom to look for, and the looks go on until Microsoft shows it or should have long ago.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from activities.deps import Deps
from activities.hand_off import HandOffs, Reports, go_on
from activities.operation import finish_operation
from activities.reading import read_tenant
from activities.wave_report import amend_reports
from teams_rollout.contracts.payloads import HandOffResult, HandOffRun
from teams_rollout.domain.hand_off.progress import is_handed_off
from teams_rollout.domain.hand_off.results import Report
from teams_rollout.domain.verification import next_interval
from teams_rollout.domain.vocabulary import Step
from teams_rollout.ledger.records import UserRecord


async def finish_hand_offs(deps: Deps, run: HandOffRun) -> HandOffResult:
    """Look once at everybody who is handed off; the first look of a run takes its reports."""
    rollout = await deps.ledger.find_rollout()
    if rollout is None:
        return HandOffResult()
    reports = _by_ref(await deps.ledger.list_reports(run.operation_id)) if run.looks == 0 else {}
    waves = await deps.ledger.list_waves(rollout.rollout_id)
    closed = frozenset(w.slug for w in waves if w.state.is_closed)
    everybody = {u.key.ref: u async for u in deps.ledger.list_users(rollout.rollout_id)}
    concerned = [
        u for u in everybody.values() if is_ours_to_watch(u, closed) or u.key.ref in reports
    ]
    if concerned:
        reading = await read_tenant(deps.graph, [])
        gone_on = await go_on(deps, HandOffs(rollout, concerned, reading), reports=reports)
        everybody |= {u.key.ref: u for u in gone_on}
    await amend_reports(deps, [w for w in waves if w.slug in closed], everybody.values())
    counts = _counts([everybody[ref] for ref in reports if ref in everybody])
    if run.looks == 0:
        await finish_operation(deps, run.operation_id, counts)
    return _next(deps, run, [u for u in everybody.values() if is_ours_to_watch(u, closed)], counts)


def _next(
    deps: Deps, run: HandOffRun, watched: Sequence[UserRecord], counts: dict[str, int]
) -> HandOffResult:
    waiting = sum(_is_awaited(u) for u in watched)
    next_at = deps.clock() + next_interval(run.looks, scale=deps.scale) if waiting else None
    return HandOffResult(counts=counts, waiting=waiting, next_at=next_at)


def is_ours_to_watch(user: UserRecord, closed: frozenset[str]) -> bool:
    """Whether nobody else looks after the person's mode: a wave that is open verifies its own.

    Args:
        closed: slugs of the waves that are closed.
    """
    record = user.steps.get(Step.COEXISTENCE)
    return is_handed_off(record) or (user.wave in closed and _is_awaited(user))


def _is_awaited(user: UserRecord) -> bool:
    record = user.steps.get(Step.COEXISTENCE)
    return record is not None and record.awaits_verification


def _by_ref(reports: Sequence[Report]) -> Reports:
    by_ref: dict[str, list[Report]] = defaultdict(list)
    for report in reports:
        by_ref[report.key.ref].append(report)
    return by_ref


def _counts(users: Sequence[UserRecord]) -> dict[str, int]:
    """Where the people of the reports are now."""
    found: Counter[str] = Counter()
    for user in users:
        record = user.steps.get(Step.COEXISTENCE)
        if record is not None:
            found["done" if record.is_done else record.outcome.value] += 1
    return dict(found)
